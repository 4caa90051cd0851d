import type { StoredBlock } from '../../../events/index.js';

/** Blocks that were just stored, until they are applied; those that do not fit are read again from the disk. */
export class RecentStored {
  readonly #limitBytes: number;
  #blocks: StoredBlock[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(block: StoredBlock): void {
    const last = this.#blocks.at(-1);
    const follows = last === undefined || last.lastSequence + 1 === block.header.firstSequence;
    if (!follows || this.#bytes + block.bytes.length > this.#limitBytes) return;
    this.#blocks.push(block);
    this.#bytes += block.bytes.length;
  }

  /** The block with this event, and none before it any more; undefined where it was not kept. */
  take(sequence: number): StoredBlock | undefined {
    for (let block = this.#blocks[0]; block !== undefined; block = this.#blocks[0]) {
      if (block.header.firstSequence > sequence) return undefined;
      this.#blocks.shift();
      this.#bytes -= block.bytes.length;
      if (block.lastSequence >= sequence) return block;
    }
    return undefined;
  }

  clear(): void {
    this.#blocks = [];
    this.#bytes = 0;
  }
}
