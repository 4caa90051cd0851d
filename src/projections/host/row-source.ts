import { assert, isCollectiveError, type MemberId } from '../../base/index.js';
import type { KeyValueStore } from '../../ports/index.js';
import { Reading, type RangeRequest, type StoredPage } from './reading.js';
import type { RowCache } from './row-cache.js';
import { unsealRow, viewDamaged, type StoredKeys } from './stored-row.js';

/** Names a row for people, by its key inside the program. */
export type Describe = (key: string) => { readonly view: string; readonly row: string };

/** The stored rows of one origin: loaded on demand, checked, and cached. */
export class RowSource {
  readonly #origin: MemberId;
  readonly #keys: StoredKeys;
  readonly #store: KeyValueStore;
  readonly #cache: RowCache;
  readonly #describe: Describe;
  #tag: string;
  #generation = 0;

  constructor(
    origin: MemberId,
    parts: {
      readonly keys: StoredKeys;
      readonly store: KeyValueStore;
      readonly cache: RowCache;
      readonly describe: Describe;
      /** Before this origin's keys in the shared cache. */
      readonly tag: string;
    },
  ) {
    this.#origin = origin;
    this.#keys = parts.keys;
    this.#store = parts.store;
    this.#cache = parts.cache;
    this.#describe = parts.describe;
    this.#tag = parts.tag;
  }

  /** Raised when the store has changed: what was read before may be old. */
  get generation(): number {
    return this.#generation;
  }

  newReading(): Reading {
    return new Reading(this.#generation);
  }

  /** Null: absent; undefined: not known without loading. */
  cached(key: string): Uint8Array | null | undefined {
    return this.#cache.get(this.#tag + key);
  }

  /** The store was changed to hold these rows. */
  written(rows: Iterable<readonly [key: string, row: Uint8Array | null]>): void {
    this.#generation += 1;
    for (const [key, row] of rows) this.#cache.set(this.#tag + key, row);
  }

  /** The store was emptied; what the cache has under the old tag is never asked for again, and ages out. */
  emptied(tag: string): void {
    this.#generation += 1;
    this.#tag = tag;
  }

  /** Loads what the reading lacks. Error: VIEW_DAMAGED, naming view and row. */
  async load(reading: Reading): Promise<void> {
    assert(reading.lacks, 'a function over views was stopped and lacks nothing');
    const generation = this.#generation;
    if (reading.generation !== generation) reading.forget(generation);
    const keys = [...reading.missingKeys];
    const ranges = [...reading.missingRanges.values()];
    reading.missingKeys.clear();
    reading.missingRanges.clear();
    const rows = await this.#loadRows(keys);
    const pages: (readonly [RangeRequest, StoredPage])[] = [];
    for (const range of ranges) pages.push([range, await this.#loadPage(range)]);
    // Older than a write that ended meanwhile: the function will ask again.
    if (this.#generation !== generation) return;
    for (const [index, key] of keys.entries()) {
      const row = rows[index] ?? null;
      reading.rows.set(key, row);
      this.#cache.set(this.#tag + key, row);
    }
    for (const [range, page] of pages) reading.keepPage(range, page);
  }

  async #loadRows(keys: readonly string[]): Promise<readonly (Uint8Array | null)[]> {
    if (keys.length === 0) return [];
    const storedKeys = keys.map((key) => this.#keys.of(key));
    const values = await this.#guarded('rows', () => this.#store.getMany(storedKeys));
    return keys.map((key, index) => {
      const value = values[index];
      const storedKey = storedKeys[index];
      if (value === undefined || storedKey === undefined) return null;
      return unsealRow(storedKey, value) ?? this.#damaged(key);
    });
  }

  async #loadPage(range: RangeRequest): Promise<StoredPage> {
    const bounds = { from: this.#keys.of(range.from), to: this.#keys.of(range.to) };
    return this.#guarded('a range of rows', async () => {
      const rows: (readonly [string, Uint8Array])[] = [];
      for await (const [storedKey, value] of this.#store.entries(bounds)) {
        const key = this.#keys.keyOf(storedKey);
        rows.push([key, unsealRow(storedKey, value) ?? this.#damaged(key)]);
        if (rows.length >= range.rows) return { rows, complete: false };
      }
      return { rows, complete: true };
    });
  }

  #damaged(key: string): never {
    const { view, row } = this.#describe(key);
    throw viewDamaged(this.#origin, view, row);
  }

  /** A store that cannot be read is as good as a damaged one: both are rebuilt. */
  async #guarded<Value>(what: string, read: () => Promise<Value>): Promise<Value> {
    try {
      return await read();
    } catch (error) {
      if (isCollectiveError(error)) throw error;
      throw viewDamaged(this.#origin, 'store', `${what} cannot be read`, error);
    }
  }
}
