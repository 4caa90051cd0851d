import { LIMITS } from '../../base/index.js';
import type { StoredBlock } from '../../events/index.js';

/** The newest blocks of the own log, for witnesses that are close behind; bounded by LIMITS.witnessRecentBytes. */
export class RecentBlocks {
  readonly #blocks: StoredBlock[] = [];
  #bytes = 0;

  add(block: StoredBlock): void {
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
    while (this.#bytes > LIMITS.witnessRecentBytes && this.#blocks.length > 1) {
      this.#bytes -= this.#blocks.shift()?.bytes.length ?? 0;
    }
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
