import { assert, LIMITS } from '../../base/index.js';
import type { FileSystem } from '../../ports/index.js';
import { cancelled, throwIfAborted } from './failures.js';
import { PAGE_BYTES } from './layout.js';

/** A buffer lent out; the borrower alone touches it until `release`, which may be called once or more. */
export interface BufferLease {
  /** Room for the chunk, padded to a page, and one page after it. */
  readonly buffer: Uint8Array;
  readonly release: () => void;
}

interface SizeClass {
  readonly chunkBytes: number;
  readonly count: number;
}

const CLASSES: readonly SizeClass[] = [
  { chunkBytes: LIMITS.chunkBytesSmall, count: LIMITS.chunkBuffersSmall },
  { chunkBytes: LIMITS.chunkBytesMedium, count: LIMITS.chunkBuffersMedium },
  { chunkBytes: LIMITS.chunkBytesLarge, count: LIMITS.chunkBuffersLarge },
];

/**
 * The buffers that chunks pass through, coming and going: a fixed number of each size, made when first needed, lent in the
 * order of asking. They suit direct writes.
 */
export class ChunkBufferPool {
  readonly #shelves: readonly Shelf[];

  constructor(fileSystem: FileSystem) {
    this.#shelves = CLASSES.map((sizes) => new Shelf(sizes, () => fileSystem.alignedBuffer(sizes.chunkBytes + PAGE_BYTES)));
  }

  /** Waits for a buffer for a chunk of that length (1 byte to 4 MiB). Error: CANCELLED. */
  acquire(lengthBytes: number, signal: AbortSignal): Promise<BufferLease> {
    const shelf = this.#shelves.find((candidate) => lengthBytes <= candidate.chunkBytes);
    assert(shelf !== undefined, 'no chunk is that long');
    return shelf.acquire(signal);
  }

  /** Buffers lent out now. */
  get lent(): number {
    return this.#shelves.reduce((sum, shelf) => sum + shelf.lent, 0);
  }
}

class Shelf {
  readonly chunkBytes: number;
  readonly #count: number;
  readonly #make: () => Uint8Array;
  readonly #idle: Uint8Array[] = [];
  readonly #waiting = new Set<(buffer: Uint8Array) => void>();
  #made = 0;

  constructor(sizes: SizeClass, make: () => Uint8Array) {
    this.chunkBytes = sizes.chunkBytes;
    this.#count = sizes.count;
    this.#make = make;
  }

  get lent(): number {
    return this.#made - this.#idle.length;
  }

  async acquire(signal: AbortSignal): Promise<BufferLease> {
    throwIfAborted(signal);
    const idle = this.#idle.pop();
    if (idle !== undefined) return this.#lend(idle);
    if (this.#made < this.#count) {
      const made = this.#make();
      this.#made += 1;
      return this.#lend(made);
    }
    return this.#lend(await this.#wait(signal));
  }

  #wait(signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const take = (buffer: Uint8Array): void => {
        signal.removeEventListener('abort', giveUp);
        resolve(buffer);
      };
      const giveUp = (): void => {
        this.#waiting.delete(take);
        reject(cancelled(signal));
      };
      this.#waiting.add(take);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  #lend(buffer: Uint8Array): BufferLease {
    let returned = false;
    return {
      buffer,
      release: () => {
        if (returned) return;
        returned = true;
        const [next] = this.#waiting;
        if (next === undefined) this.#idle.push(buffer);
        else {
          this.#waiting.delete(next);
          next(buffer);
        }
      },
    };
  }
}
