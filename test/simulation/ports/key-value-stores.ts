import { CollectiveError, compareBytes } from '../../../src/base/index.js';
import {
  FileSystemError,
  type KeyRange,
  type KeyValueOperation,
  type KeyValueStore,
  type KeyValueStores,
} from '../../../src/ports/index.js';
import type { Survival } from './file-content.js';
import { firstNotBelow, KeyValueHistory, type Entry } from './key-value-history.js';
import { SeededRandom } from './random.js';

interface Stored {
  readonly history: KeyValueHistory;
  opener: SimKeyValueStore | undefined;
  currentLost: boolean;
  abortsAfterReads: number;
}

/**
 * Ordered maps with the faults that were measured in LevelDB. Damage is done to a closed store and shows when it is opened
 * again, as it does there. After `killProcess` or `powerLoss` whoever still holds a store gets ESHUTDOWN.
 */
export class SimKeyValueStores implements KeyValueStores {
  readonly #random: SeededRandom;
  readonly #stores = new Map<string, Stored>();

  constructor(random = new SeededRandom(1)) {
    this.#random = random;
  }

  async open(path: string, mode: 'create' | 'open'): Promise<KeyValueStore> {
    let stored = this.#stores.get(path);
    if (mode === 'create') {
      if (stored !== undefined) throw new FileSystemError('EEXIST', 'create store', path);
      stored = {
        history: new KeyValueHistory(),
        opener: undefined,
        currentLost: false,
        abortsAfterReads: Number.POSITIVE_INFINITY,
      };
      this.#stores.set(path, stored);
    }
    if (stored === undefined || stored.currentLost) throw new FileSystemError('ENOENT', 'open store', path);
    if (stored.opener !== undefined) throw new FileSystemError('EBUSY', 'open store', path);
    stored.opener = new SimKeyValueStore(path, stored);
    return stored.opener;
  }

  async destroy(path: string): Promise<void> {
    if (this.#stores.get(path)?.opener !== undefined) throw new FileSystemError('EBUSY', 'destroy store', path);
    this.#stores.delete(path);
  }

  /** A closed store that is gone from the disk. */
  lose(path: string): void {
    this.#stores.delete(path);
  }

  exists(path: string): boolean {
    return this.#stores.has(path);
  }

  /** Nothing is lost, and every store may be opened again. */
  killProcess(): void {
    for (const stored of this.#stores.values()) {
      stored.opener?.die();
      stored.opener = undefined;
    }
  }

  /** What was written without `sync` since the last synced batch is lost, from some batch on. Default: `random`. */
  powerLoss(survival: Survival = 'random'): void {
    this.killProcess();
    for (const stored of this.#stores.values()) stored.history.powerLoss(survival, this.#random);
  }

  /** A batch, chosen at random, silently never was. */
  dropBatch(path: string): void {
    this.#closed(path).history.dropBatch(this.#random);
  }

  /** One bit of one value, chosen at random, silently changes. */
  flipValue(path: string): void {
    this.#closed(path).history.flipValue(this.#random);
  }

  /** The store can no longer be opened, only destroyed. */
  loseCurrent(path: string): void {
    this.#closed(path).currentLost = true;
  }

  /** The nth read after the next opening ends the process, as LevelDB's failed assertions do. */
  abortOnRead(path: string, nth = 1): void {
    this.#closed(path).abortsAfterReads = nth;
  }

  #closed(path: string): Stored {
    const stored = this.#stores.get(path);
    if (stored === undefined || stored.opener !== undefined) throw new Error(`${path} is not a closed store`);
    return stored;
  }
}

class SimKeyValueStore implements KeyValueStore {
  readonly #path: string;
  readonly #stored: Stored;
  #state: 'open' | 'closed' | 'dead' = 'open';

  constructor(path: string, stored: Stored) {
    this.#path = path;
    this.#stored = stored;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#read('get');
    const { entries } = this.#stored.history;
    return keys.map((key) => {
      const found = entries[firstNotBelow(entries, key)];
      return found !== undefined && compareBytes(found[0], key) === 0 ? new Uint8Array(found[1]) : undefined;
    });
  }

  async batch(operations: readonly KeyValueOperation[], options: { readonly sync?: boolean } = {}): Promise<void> {
    this.#check('batch');
    this.#stored.history.append(operations, options.sync ?? false);
  }

  entries(range: KeyRange, signal?: AbortSignal): AsyncIterable<Entry> {
    this.#check('read entries');
    const { entries } = this.#stored.history;
    const first = firstNotBelow(entries, range.from);
    const found = entries.slice(first, Math.max(first, firstNotBelow(entries, range.to)));
    return this.#pulled(range.reverse === true ? found.reverse() : found, signal);
  }

  async close(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#stored.opener = undefined;
  }

  die(): void {
    this.#state = 'dead';
  }

  async *#pulled(entries: readonly Entry[], signal: AbortSignal | undefined): AsyncGenerator<Entry, void, undefined> {
    for (const [key, value] of entries) {
      if (signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Reading the store was cancelled.');
      this.#read('read entries');
      yield [new Uint8Array(key), new Uint8Array(value)];
    }
    if (signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Reading the store was cancelled.');
  }

  #read(operation: string): void {
    this.#check(operation);
    this.#stored.abortsAfterReads -= 1;
    if (this.#stored.abortsAfterReads > 0) return;
    this.#stored.abortsAfterReads = Number.POSITIVE_INFINITY;
    this.die();
    this.#stored.opener = undefined;
    this.#check(operation);
  }

  #check(operation: string): void {
    if (this.#state === 'closed') throw new FileSystemError('EBADF', operation, this.#path);
    if (this.#state === 'dead') throw new FileSystemError('ESHUTDOWN', operation, this.#path);
  }
}
