import { LIMITS } from '../../base/index.js';
import type { StoredBlock } from '../../events/index.js';

/** The newest blocks of the own log, for those who are close behind; bounded by LIMITS.witnessRecentBytes where nothing is said. */
export class RecentBlocks {
  readonly #limitBytes: number;
  readonly #blocks: StoredBlock[] = [];
  #bytes = 0;

  constructor(limitBytes: number = LIMITS.witnessRecentBytes) {
    this.#limitBytes = limitBytes;
  }

  add(block: StoredBlock): void {
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    while (this.#bytes > this.#limitBytes && this.#blocks.length > 1) {
      this.#bytes -= this.#blocks.shift()?.bytes.length ?? 0;
    }
  }

  /** The newest one that ends at this event or before. */
  lastUpTo(sequence: number): StoredBlock | undefined {
    return this.#blocks.findLast(({ lastSequence }) => lastSequence <= sequence);
  }

  /** Blocks from the one that begins at this event on, of at most so many bytes but at least one; none where they are too old. */
  from(firstSequence: number, bytesMax: number): readonly StoredBlock[] {
    const start = this.#blocks.findIndex(({ header }) => header.firstSequence === firstSequence);
    if (start < 0) return [];
    const found: StoredBlock[] = [];
    let bytes = 0;
    for (const block of this.#blocks.slice(start)) {
      bytes += block.bytes.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(block);
    }
    return found;
  }
}
