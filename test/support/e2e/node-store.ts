import { open, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** What is stored in a node's folder, as somebody with a disk editor sees it. */
export interface NodeStore {
  /** Paths of chunks that have a file of their own. */
  readonly chunkFiles: readonly string[];
  /** Paths of the files that small chunks share. */
  readonly packs: readonly string[];
}

export async function nodeStore(nodeDirectory: string): Promise<NodeStore> {
  const root = join(nodeDirectory, 'store');
  const folders = await readdir(join(root, 'chunks'));
  const chunks = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, 'chunks', folder))).map((name) => join(root, 'chunks', folder, name)),
    ),
  );
  const packs = (await readdir(join(root, 'packs'))).map((name) => join(root, 'packs', name));
  return { chunkFiles: chunks.flat().sort(), packs: packs.sort() };
}

/** Those that are in `after` only. */
export const newChunkFiles = (before: NodeStore, after: NodeStore): readonly string[] =>
  after.chunkFiles.filter((path) => !before.chunkFiles.includes(path));

/** Turns one bit over, in the middle of the byte at `position`. */
export async function flipBit(path: string, position: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, position);
    byte[0] = (byte[0] ?? 0) ^ 0b1000;
    await file.write(byte, 0, 1, position);
    await file.sync();
  } finally {
    await file.close();
  }
}

export const damages = {
  'with one bit flipped': (path: string) => flipBit(path, 1000),
  'cut short': (path: string) => truncate(path, 5000),
  'cut to nothing': (path: string) => truncate(path, 0),
  deleted: (path: string) => rm(path),
} as const;
