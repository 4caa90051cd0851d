import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { LocalAttributes, LocalReader } from '../../client/index.js';
import { attributesOf, on } from './stats.js';

/** A file that is read while others may write to it. */
export class NodeLocalReader implements LocalReader {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #opened: BigIntStats;

  /** The handle is the reader's from now on. */
  constructor(path: string, handle: FileHandle, opened: BigIntStats) {
    this.#path = path;
    this.#handle = handle;
    this.#opened = opened;
  }

  get bytes(): number {
    return Number(this.#opened.size);
  }

  get attributes(): LocalAttributes {
    return attributesOf(this.#opened);
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return on('read', this.#path, async () => {
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await this.#handle.read(buffer, filled, buffer.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    });
  }

  async unchanged(): Promise<boolean> {
    const now = await on('stat', this.#path, () => this.#handle.stat({ bigint: true }));
    return now.size === this.#opened.size && now.mtimeNs === this.#opened.mtimeNs;
  }

  close(): Promise<void> {
    return on('close', this.#path, () => this.#handle.close());
  }
}
