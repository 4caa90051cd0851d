import { assert, type ChunkId, type MemberId } from '../../base/index.js';
import type { KeyValueOperation, KeyValueStore } from '../../ports/index.js';
import { throwIfAborted } from './failures.js';
import {
  chunkIdOfKey,
  chunkKey,
  damageKey,
  decodeChunk,
  decodeDamage,
  decodeHold,
  decodeState,
  encodeChunk,
  encodeDamage,
  encodeHold,
  encodeState,
  holdKey,
  holdsEnd,
  HOLDS_PREFIX_BYTES,
  type IndexState,
  isIntact,
  rowChecksum,
  STATE_KEY,
  TABLE,
} from './index-rows.js';
import { KeyedLock } from './keyed-lock.js';
import type { JournalPosition } from './journal-writer.js';
import { memberIdFromBytes } from './binary.js';
import { SharedLookups } from './shared-lookups.js';
import type { DamagedChunk, Hold, HoldRecord, StoredChunk } from './types.js';

/** The index holds something that it cannot have been given: it must be rebuilt from the journal. */
export class IndexDoubt extends Error {
  override readonly name = 'IndexDoubt';
}

/** What is known of one origin's chunk. */
export interface HeldChunk {
  readonly hold: Hold | undefined;
  readonly chunk: StoredChunk | undefined;
}

export interface InventoryEntry extends Hold {
  readonly origin: MemberId;
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
}

/** Which chunks are stored, and who holds them: what the journal says, found by key. Throws IndexDoubt. */
export class HoldIndex {
  readonly #store: KeyValueStore;
  readonly #lookups: SharedLookups;
  readonly #writes = new KeyedLock();
  #state: IndexState;

  private constructor(store: KeyValueStore, state: IndexState) {
    this.#store = store;
    this.#lookups = new SharedLookups(store);
    this.#state = state;
  }

  static async create(store: KeyValueStore, journal: JournalPosition): Promise<HoldIndex> {
    const state: IndexState = { journal, chunks: 0, chunkBytes: 0, holds: 0, rowSum: 0, unsettled: false };
    await store.batch([{ kind: 'put', key: STATE_KEY, value: encodeState(state) }], { sync: true });
    return new HoldIndex(store, state);
  }

  static async open(store: KeyValueStore): Promise<HoldIndex> {
    const [row] = await store.getMany([STATE_KEY]);
    const state = row === undefined ? undefined : decodeState(row);
    if (state === undefined) throw new IndexDoubt('the index has no readable state');
    return new HoldIndex(store, state);
  }

  get state(): IndexState {
    return this.#state;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Whether holds may be missing; survives the process. */
  setUnsettled(unsettled: boolean): Promise<void> {
    return this.#writes.run('state', async () => {
      const state = { ...this.#state, unsettled };
      await this.#store.batch([{ kind: 'put', key: STATE_KEY, value: encodeState(state) }], { sync: true });
      this.#state = state;
    });
  }

  async chunks(ids: readonly ChunkId[]): Promise<readonly (StoredChunk | undefined)[]> {
    const keys = ids.map(chunkKey);
    const rows = await this.#lookups.getMany(keys);
    return rows.map((row, at) => readRow(keys[at], row, decodeChunk));
  }

  /** For each id, whether the origin holds it and where it lies. */
  async held(origin: MemberId, ids: readonly ChunkId[]): Promise<readonly HeldChunk[]> {
    const keys = [...ids.map((id) => holdKey(origin, id)), ...ids.map(chunkKey)];
    const rows = await this.#lookups.getMany(keys);
    return ids.map((id, at) => {
      const hold = readRow(keys[at], rows[at], decodeHold);
      const chunk = readRow(keys[ids.length + at], rows[ids.length + at], decodeChunk);
      if (hold !== undefined && chunk === undefined) throw new IndexDoubt(`a hold without its chunk ${id}`);
      return { hold, chunk };
    });
  }

  /** Takes in a group of the journal, all or nothing; one already taken in changes nothing. */
  apply(records: readonly HoldRecord[], after: JournalPosition): Promise<void> {
    return this.#writes.run('state', () => this.#apply(records, after));
  }

  async #apply(records: readonly HoldRecord[], after: JournalPosition): Promise<void> {
    if (after.group <= this.#state.journal.group) return;
    const rows = await this.#rowsOf(records);
    let { chunks, chunkBytes, holds, rowSum } = this.#state;
    const changed = new Map<string, KeyValueOperation>();
    const replace = (row: Row, value: Uint8Array): boolean => {
      const before = row.value;
      rowSum = (rowSum - (before === undefined ? 0 : rowChecksum(before)) + rowChecksum(value)) >>> 0;
      row.value = value;
      changed.set(row.name, { kind: 'put', key: row.key, value });
      return before === undefined;
    };
    for (const record of records) {
      const chunk = rows.get(record.chunkId);
      const hold = rows.get(`${record.origin}${record.chunkId}`);
      assert(chunk !== undefined && hold !== undefined, 'rows were read before they change');
      const earlier = hold.value === undefined ? undefined : decodeHold(hold.key, hold.value);
      const expiresAtMs = Math.max(record.expiresAtMs, earlier?.expiresAtMs ?? 0);
      if (replace(hold, encodeHold(hold.key, { uploadId: record.uploadId, expiresAtMs }))) holds += 1;
      if (replace(chunk, encodeChunk(chunk.key, record))) {
        chunks += 1;
        chunkBytes += record.lengthBytes;
      }
    }
    const state: IndexState = { ...this.#state, journal: after, chunks, chunkBytes, holds, rowSum };
    await this.#store.batch([...changed.values(), { kind: 'put', key: STATE_KEY, value: encodeState(state) }]);
    this.#state = state;
  }

  async #rowsOf(records: readonly HoldRecord[]): Promise<ReadonlyMap<string, Row>> {
    const rows = new Map<string, Row>();
    for (const { origin, chunkId } of records) {
      rows.set(chunkId, { name: chunkId, key: chunkKey(chunkId), value: undefined });
      rows.set(`${origin}${chunkId}`, { name: `${origin}${chunkId}`, key: holdKey(origin, chunkId), value: undefined });
    }
    const list = [...rows.values()];
    const values = await this.#store.getMany(list.map((row) => row.key));
    for (const [at, row] of list.entries()) {
      row.value = values[at];
      if (row.value !== undefined && !isIntact(row.key, row.value)) throw new IndexDoubt('a row fails its checksum');
    }
    return rows;
  }

  /** Holds in the order of (origin, chunk id), behind `after`; of one origin, or of all. */
  async inventory(
    query: {
      readonly origin?: MemberId;
      readonly after?: { readonly origin: MemberId; readonly chunkId: ChunkId };
      readonly limit: number;
    },
    signal: AbortSignal,
  ): Promise<readonly InventoryEntry[]> {
    const { origin, after, limit } = query;
    const from = after === undefined ? startOf(origin) : successor(holdKey(after.origin, after.chunkId));
    const to = origin === undefined ? Uint8Array.of(TABLE.holds + 1) : holdsEnd(origin);
    const found: { readonly origin: MemberId; readonly chunkId: ChunkId; readonly hold: Hold }[] = [];
    for await (const [key, value] of this.#store.entries({ from, to }, signal)) {
      const hold = readRow(key, value, decodeHold);
      const chunkId = chunkIdOfKey(key);
      if (hold === undefined || chunkId === undefined) throw new IndexDoubt('an unreadable hold');
      found.push({ origin: memberIdFromBytes(key.subarray(1, HOLDS_PREFIX_BYTES)), chunkId, hold });
      if (found.length >= limit) break;
    }
    const chunks = await this.chunks(found.map((entry) => entry.chunkId));
    return found.map(({ hold, ...entry }, at) => {
      const chunk = chunks[at];
      if (chunk === undefined) throw new IndexDoubt(`a hold without its chunk ${entry.chunkId}`);
      return { ...entry, ...hold, lengthBytes: chunk.lengthBytes };
    });
  }

  /** Walks every row; throws IndexDoubt if rows are missing, altered or too many. `rest` is called between pages. */
  async audit(rest: () => Promise<void>, signal: AbortSignal): Promise<void> {
    let rows = 0;
    let rowSum = 0;
    let state: IndexState | undefined;
    // One range, so that the rows and the state they are compared with are of the same moment.
    for await (const [key, value] of this.#store.entries({ from: Uint8Array.of(0), to: Uint8Array.of(0xff) }, signal)) {
      throwIfAborted(signal);
      if (key[0] === TABLE.state) state = decodeState(value);
      if (key[0] !== TABLE.chunks && key[0] !== TABLE.holds) continue;
      if (!isIntact(key, value)) throw new IndexDoubt('a row fails its checksum');
      rows += 1;
      rowSum = (rowSum + rowChecksum(value)) >>> 0;
      if (rows % 1000 === 0) await rest();
    }
    if (state === undefined || rows !== state.chunks + state.holds || rowSum !== state.rowSum) {
      throw new IndexDoubt(`the index has ${rows} rows that do not sum up to its state`);
    }
  }

  async damage(limit: number, signal: AbortSignal): Promise<readonly DamagedChunk[]> {
    const found: DamagedChunk[] = [];
    const range = { from: Uint8Array.of(TABLE.damage), to: Uint8Array.of(TABLE.damage + 1) };
    for await (const [key, value] of this.#store.entries(range, signal)) {
      const damage = decodeDamage(key, value);
      if (damage !== undefined) found.push(damage);
      if (found.length >= limit) break;
    }
    return found;
  }

  putDamage(damage: DamagedChunk): Promise<void> {
    const key = damageKey(damage.chunkId);
    return this.#store.batch([{ kind: 'put', key, value: encodeDamage(key, damage) }]);
  }

  deleteDamage(ids: readonly ChunkId[]): Promise<void> {
    return this.#store.batch(ids.map((id) => ({ kind: 'delete', key: damageKey(id) })));
  }
}

const FIRST_CHUNK_ID = `01${'0'.repeat(64)}` as ChunkId;

interface Row {
  readonly name: string;
  readonly key: Uint8Array;
  value: Uint8Array | undefined;
}

function readRow<Value>(
  key: Uint8Array | undefined,
  row: Uint8Array | undefined,
  decode: (key: Uint8Array, row: Uint8Array) => Value | undefined,
): Value | undefined {
  if (key === undefined || row === undefined) return undefined;
  const value = decode(key, row);
  if (value === undefined) throw new IndexDoubt('a row fails its checksum');
  return value;
}

function startOf(origin: MemberId | undefined): Uint8Array {
  if (origin === undefined) return Uint8Array.of(TABLE.holds);
  return holdKey(origin, FIRST_CHUNK_ID).subarray(0, HOLDS_PREFIX_BYTES);
}

function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
