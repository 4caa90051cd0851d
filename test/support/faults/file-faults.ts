import { appendFile, copyFile, open, rename, rm, stat, truncate } from 'node:fs/promises';
import type { SeededRandom } from '../../simulation/ports/index.js';

const PAGE_BYTES = 4096;
const GARBAGE_BYTES_MAX = 10_000;

/** Changes files below one folder; what it did, in words for people. `others` are files that it may swap this one with. */
export type FileFault = (path: string, random: SeededRandom, others: readonly string[]) => Promise<string>;

/** Overwrites bytes of a file in place. */
export async function overwrite(path: string, position: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, position);
  } finally {
    await file.close();
  }
}

async function bytesAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, position);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const sizeOf = async (path: string): Promise<number> => (await stat(path)).size;

/** What disks, file systems and people do to a file. An empty file is given garbage where there is nothing to change. */
export const FILE_FAULTS: Readonly<Record<string, FileFault>> = {
  async flip(path, random) {
    const size = await sizeOf(path);
    if (size === 0) return garbage(path, random);
    const position = random.integer(size);
    const [byte = 0] = await bytesAt(path, position, 1);
    const bit = random.integer(8);
    await overwrite(path, position, Uint8Array.of(byte ^ (1 << bit)));
    return `bit ${bit} of byte ${position}`;
  },
  async zeros(path, random) {
    const size = await sizeOf(path);
    if (size === 0) return garbage(path, random);
    const page = random.integer(Math.ceil(size / PAGE_BYTES)) * PAGE_BYTES;
    await overwrite(path, page, new Uint8Array(Math.min(PAGE_BYTES, size - page)));
    return `a page of zeros at byte ${page}`;
  },
  async truncate(path, random) {
    const size = await sizeOf(path);
    if (size === 0) return garbage(path, random);
    const length = random.chance(0.2) ? 0 : random.integer(size);
    await truncate(path, length);
    return `cut from ${size} to ${length} bytes`;
  },
  async delete(path) {
    await rm(path);
    return 'deleted';
  },
  async swap(path, random, others) {
    const [first, ...rest] = others.filter((other) => other !== path);
    if (first === undefined) return garbage(path, random);
    const other = random.pick([first, ...rest]);
    await rename(path, `${path}.swap`);
    await rename(other, path);
    await rename(`${path}.swap`, other);
    return `exchanged with ${other}`;
  },
  async replace(path, random, others) {
    const [first, ...rest] = others.filter((other) => other !== path);
    if (first === undefined) return garbage(path, random);
    const other = random.pick([first, ...rest]);
    await copyFile(other, path);
    return `overwritten with ${other}`;
  },
  append: garbage,
};

async function garbage(path: string, random: SeededRandom): Promise<string> {
  if (random.chance(0.3)) {
    const size = await sizeOf(path);
    const piece = await bytesAt(path, 0, Math.min(size, GARBAGE_BYTES_MAX));
    await appendFile(path, piece);
    return `its first ${piece.length} bytes repeated at its end`;
  }
  const bytes = random.bytes(1 + random.integer(GARBAGE_BYTES_MAX));
  await appendFile(path, bytes);
  return `${bytes.length} random bytes at its end`;
}
