import { CollectiveError } from '../../../base/index.js';
import type { BlockByteSource } from '../types.js';

/** Blocks of a source one after another; it is asked anew only where what is wanted does not follow what came last. */
export class SourceBlocks {
  readonly #source: BlockByteSource;
  readonly #signal: AbortSignal | undefined;
  #reading: AsyncIterator<Uint8Array, unknown> | undefined;
  /** What comes next of it. */
  #sequence = 0;

  constructor(source: BlockByteSource, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
  }

  /** The block that the source has from this sequence on, not verified; undefined where it has none. */
  async at(sequence: number): Promise<Uint8Array | undefined> {
    if (this.#signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Mending the log was cancelled.');
    if (this.#reading === undefined || this.#sequence !== sequence) {
      await this.close();
      this.#reading = this.#source(sequence, this.#signal)[Symbol.asyncIterator]();
    }
    const next = await this.#reading.next();
    if (next.done !== true) return next.value;
    this.#reading = undefined;
    return undefined;
  }

  /** What `at` gave last was taken, and ends there. */
  took(lastSequence: number): void {
    this.#sequence = lastSequence + 1;
  }

  async close(): Promise<void> {
    await this.#reading?.return?.();
    this.#reading = undefined;
  }
}
