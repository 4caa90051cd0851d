import type { RowField } from './fields.js';
import type { KeyCodec } from './keys.js';

/** What stands for a view in keys, hashes and messages. */
export interface ViewInfo {
  readonly name: string;
  /** One byte in keys; never reused. */
  readonly id: number;
  /** Raised with every change of what its rows are or mean: the rows of another version are dropped and rebuilt. */
  readonly version: number;
  /** Whether its rows follow from the log alone, and so count for the state hash and can be compared. */
  readonly derived: boolean;
}

export interface TableDefinition<Key, Row> {
  readonly view: ViewInfo;
  readonly name: string;
  /** One byte in keys, unique within the view; never reused. */
  readonly id: number;
  readonly key: KeyCodec<Key>;
  readonly row: RowField<Row>;
  /** Few rows by their nature (one a node, one a member): all are kept in memory. */
  readonly resident?: boolean;
}

export interface Page<Key, Row> {
  readonly rows: readonly (readonly [key: Key, row: Row])[];
  /** Whether there are more after the last one. */
  readonly more: boolean;
}

export interface PageRequest {
  /** Encoded beginning of the keys; the keys of a page all have it. */
  readonly prefix: string;
  /** Encoded key; the page begins after it. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/**
 * Rows of one table of one origin. Rows are immutable values: change one by putting another. Reading a row that is not in
 * memory ends the running function by a signal that it must let pass; the host loads the row and runs it again.
 */
export interface ReadTable<Key, Row> {
  get(key: Key): Row | undefined;
  /** Says which rows will be read, so that one round loads them all. */
  need(keys: Iterable<Key>): void;
  /** In the order of keys. */
  page(request: PageRequest): Page<Key, Row>;
}

export interface Table<Key, Row> extends ReadTable<Key, Row> {
  put(key: Key, row: Row): void;
  /** Like put, without looking first: for keys that cannot exist yet, such as those made of the event's own position. */
  insert(key: Key, row: Row): void;
  remove(key: Key): void;
}

/** Gives a view its tables. */
export type Bind = <Key, Row>(definition: TableDefinition<Key, Row>) => Table<Key, Row>;
