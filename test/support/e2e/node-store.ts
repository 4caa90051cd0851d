import { open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { chunkIdOf, splitFile } from '../../../src/chunks/index.js';
import { NodeHasher } from '../../../src/runtime/index.js';

/** The ids of the chunks that a file of this content is made of, in order. */
export function chunkIdsOf(content: Uint8Array): readonly string[] {
  const hasher = new NodeHasher();
  return [...splitFile(content.length)].map(({ offset, length }) => chunkIdOf(hasher, content.subarray(offset, offset + length)));
}

/** Where a node keeps a chunk that has a file of its own. */
export const chunkFileIn = (nodeDirectory: string, chunkId: string): string =>
  join(nodeDirectory, 'store', 'chunks', chunkId.slice(2, 4), chunkId);

/** The files that a node's small chunks share. */
export async function packsIn(nodeDirectory: string): Promise<readonly string[]> {
  const folder = join(nodeDirectory, 'store', 'packs');
  return (await readdir(folder)).sort().map((name) => join(folder, name));
}

/** Where in a node's packs these bytes stand. */
export async function findInPacks(
  nodeDirectory: string,
  bytes: Uint8Array,
): Promise<{ readonly path: string; readonly position: number }> {
  for (const path of await packsIn(nodeDirectory)) {
    const position = (await readFile(path)).indexOf(bytes);
    if (position >= 0) return { path, position };
  }
  throw new Error(`no pack below ${nodeDirectory} has these ${bytes.length} bytes`);
}

/** Turns over one bit of the byte at `position`. */
export async function flipBit(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    byte[0] = (byte[0] ?? 0) ^ 0b1000;
    await file.write(byte, 0, 1, position);
  } finally {
    await file.close();
  }
}

/** What may happen to a chunk's file, so that its length shows it. */
export const damages = {
  'cut short': (path: string) => truncate(path, 5000),
  emptied: (path: string) => truncate(path, 0),
  deleted: (path: string) => rm(path),
} as const;
