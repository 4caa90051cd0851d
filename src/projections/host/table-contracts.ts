import type { ViewInfo } from '../rows/table.js';
import type { RangeRequest, StoredPage } from './reading.js';

/** What a table asks of its origin's partition while a function runs. */
export interface TableContext {
  /** Whether changes of a block that is not durable yet are seen: by what adds to it, and by nobody else. */
  seesPending(): boolean;
  /** Null: absent; undefined: not in memory. */
  stored(key: string): Uint8Array | null | undefined;
  storedPage(request: RangeRequest): StoredPage | undefined;
  lack(key: string): void;
  lackRange(request: RangeRequest): void;
  /** Ends the function; it runs again once what it lacks was loaded. */
  signal(): never;
}

/** One row as it is about to be written to the store. */
export interface FlushedRow {
  /** View, table, row. */
  readonly key: string;
  readonly after: Uint8Array | null;
}

/** One row that changed since the state of its table was hashed. */
export interface ChangedRow {
  /** View, table, row. */
  readonly key: string;
  readonly before: Uint8Array | null;
  readonly after: Uint8Array | null;
}

/** What concerns the rows of a table whatever they are. */
export interface AnyTable {
  readonly view: ViewInfo;
  readonly resident: boolean;
  /** View and table, before every key of it. */
  readonly prefix: string;
  /** Of changes that are durable and not being flushed; an estimate. */
  readonly dirtyBytes: number;
  /** What the running function changed becomes part of the block that is being made, or (nothing is) durable at once. */
  keepStaged(layer: 'pending' | 'dirty'): void;
  dropStaged(): void;
  keepPending(): void;
  dropPending(): void;
  /** How many durable rows changed since they were last taken for hashing. */
  readonly unhashed: number;
  /** These rows, each once; none are left after. Before `seal`. */
  takeUnhashed(): Iterable<ChangedRow>;
  /** Sets aside what is to be flushed; later changes go to a fresh layer. */
  seal(): void;
  sealedRows(): Iterable<FlushedRow>;
  /** The sealed rows are in the store. */
  settle(): void;
  /** The sealed rows could not be written: they are dirty again, below what changed since. */
  unseal(): void;
  /** Of a resident table, when it is opened. `key` without the prefix. */
  loadResident(key: string, row: Uint8Array): void;
  clear(): void;
  /** For people. `key` without the prefix. */
  show(key: string): string;
}
