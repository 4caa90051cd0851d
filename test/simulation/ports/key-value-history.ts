import { compareBytes } from '../../../src/base/index.js';
import type { KeyValueOperation } from '../../../src/ports/index.js';
import type { Survival } from './file-content.js';
import type { SeededRandom } from './random.js';

export type Entry = readonly [key: Uint8Array, value: Uint8Array];

interface Batch {
  readonly operations: readonly KeyValueOperation[];
  /** Whether its write was synced; LevelDB's log is one file, so that makes all before it durable too. */
  readonly synced: boolean;
}

const copy = (operation: KeyValueOperation): KeyValueOperation => {
  const key = new Uint8Array(operation.key);
  return operation.kind === 'put' ? { kind: 'put', key, value: new Uint8Array(operation.value) } : { kind: 'delete', key };
};

/** Every batch that a store has taken, oldest first; its entries are what they amount to. */
export class KeyValueHistory {
  #batches: Batch[] = [];
  readonly #entries: Entry[] = [];

  /** Sorted by key. Changes with each batch: who goes through it for longer copies what he wants. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  append(operations: readonly KeyValueOperation[], synced: boolean): void {
    const batch = { operations: operations.map(copy), synced };
    this.#batches.push(batch);
    this.#apply(batch.operations);
  }

  /** Of what was not synced, some of the oldest batches remain. */
  powerLoss(survival: Survival, random: SeededRandom): void {
    const durable = this.#batches.findLastIndex((batch) => batch.synced) + 1;
    const unsynced = this.#batches.length - durable;
    const kept = { nothing: 0, everything: unsynced, random: random.integer(unsynced + 1) }[survival];
    this.#replay(this.#batches.slice(0, durable + kept));
  }

  /** Measured: a flipped bit in LevelDB's log loses a batch in the middle, and nothing says so. */
  dropBatch(random: SeededRandom): void {
    const dropped = random.integer(this.#batches.length);
    this.#replay(this.#batches.filter((_, index) => index !== dropped));
  }

  /** Measured: a flipped bit in a table shows as a wrong value, and nothing says so. */
  flipValue(random: SeededRandom): void {
    const flipped = this.#entries[random.integer(this.#entries.length)];
    if (flipped === undefined) return;
    const value = new Uint8Array(flipped[1]);
    const position = random.integer(Math.max(1, value.length));
    value[position] = (value[position] ?? 0) ^ (1 << random.integer(8));
    this.append([{ kind: 'put', key: flipped[0], value }], true);
  }

  #replay(batches: readonly Batch[]): void {
    this.#batches = [...batches];
    this.#entries.length = 0;
    for (const { operations } of batches) this.#apply(operations);
  }

  #apply(operations: readonly KeyValueOperation[]): void {
    const entries = this.#entries;
    for (const operation of operations) {
      const index = firstNotBelow(entries, operation.key);
      const found = entries[index] !== undefined && compareBytes(entries[index][0], operation.key) === 0;
      if (operation.kind === 'put') {
        const entry: Entry = [operation.key, operation.value];
        if (found) entries[index] = entry;
        else entries.splice(index, 0, entry);
      } else if (found) {
        entries.splice(index, 1);
      }
    }
  }
}

/** Index of the first entry whose key is not below `key`. */
export function firstNotBelow(entries: readonly Entry[], key: Uint8Array): number {
  let low = 0;
  for (let high = entries.length; low < high; ) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && compareBytes(entry[0], key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
