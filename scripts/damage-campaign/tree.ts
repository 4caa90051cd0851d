import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tree } from './fixture.js';

/** Everything below a local folder, by its path from there. */
export async function treeOf(root: string): Promise<Tree> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length);
    if (entry.isDirectory()) found[name] = 'directory';
    else if (entry.isSymbolicLink()) found[name] = `link to ${await readlink(path)}`;
    else
      found[name] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
  }
  return found;
}
