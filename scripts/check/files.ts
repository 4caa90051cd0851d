import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './parts.js';

/** Paths from the root of the repository, sorted; nothing for a folder that does not exist. */
export function filesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
