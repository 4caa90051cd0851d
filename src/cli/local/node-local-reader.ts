import { constants, type BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import type { LocalAttributes, LocalReader } from '../../client/index.js';
import { attributesOf, entryOf, errnoOf, on } from './stats.js';

/** Absent where the operating system has no such flag. */
const DIRECT: number | undefined = constants.O_DIRECT;
const DIRECT_FROM_BYTES = 4 * 1024 * 1024;
const BLOCK_BYTES = 4096;

/**
 * A file that is read while others may write to it. One with holes is read past the page cache, where holes cost a sixth of the
 * time (measured: 6.1 against 0.9 GB/s).
 */
export class NodeLocalReader implements LocalReader {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #opened: BigIntStats;
  #direct: FileHandle | undefined;

  private constructor(path: string, handle: FileHandle, opened: BigIntStats, direct: FileHandle | undefined) {
    this.#path = path;
    this.#handle = handle;
    this.#opened = opened;
    this.#direct = direct;
  }

  /** The handle is the reader's from now on. */
  static async of(path: string, handle: FileHandle, opened: BigIntStats): Promise<NodeLocalReader> {
    const { bytes, allocatedBytes } = entryOf(opened);
    const holes = bytes >= DIRECT_FROM_BYTES && allocatedBytes < bytes;
    return new NodeLocalReader(path, handle, opened, holes ? await openDirect(path, opened) : undefined);
  }

  get bytes(): number {
    return Number(this.#opened.size);
  }

  get attributes(): LocalAttributes {
    return attributesOf(this.#opened);
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return on('read', this.#path, async () => {
      const direct = buffer.length % BLOCK_BYTES === 0 ? this.#direct : undefined;
      if (direct !== undefined) {
        try {
          return await readFully(direct, buffer, position);
        } catch (error) {
          if (errnoOf(error) !== 'EINVAL') throw error;
          this.#direct = undefined;
          await direct.close();
        }
      }
      return readFully(this.#handle, buffer, position);
    });
  }

  async unchanged(): Promise<boolean> {
    const now = await on('stat', this.#path, () => this.#handle.stat({ bigint: true }));
    return now.size === this.#opened.size && now.mtimeNs === this.#opened.mtimeNs;
  }

  close(): Promise<void> {
    return on('close', this.#path, async () => {
      await this.#direct?.close();
      await this.#handle.close();
    });
  }
}

async function readFully(handle: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** The same file, unbuffered; undefined where that is not to be had. */
async function openDirect(path: string, opened: BigIntStats): Promise<FileHandle | undefined> {
  if (DIRECT === undefined) return undefined;
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | DIRECT);
  } catch (error) {
    if (errnoOf(error) === 'EINVAL' || errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const found = await handle.stat({ bigint: true });
  if (found.ino === opened.ino && found.dev === opened.dev) return handle;
  await handle.close();
  return undefined;
}
