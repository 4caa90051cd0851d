import { assert } from '../../base/index.js';
import { decodeRow, encodeRow } from '../rows/fields.js';
import { afterPrefix } from '../rows/keys.js';
import type { Page, PageRequest, Table, TableDefinition, ViewInfo } from '../rows/table.js';
import { mergePage } from './merge-page.js';
import type { RangeRequest } from './reading.js';
import type { AnyTable, ChangedRow, FlushedRow, TableContext } from './table-contracts.js';
import { weigh } from './weigh.js';

/** What a row became, and what it was in the layer below; null: absent. */
interface Change<Row> {
  row: Row | null;
  readonly base: Row | null;
}

type Layer<Row> = Map<string, Change<Row>>;

/** Stands for every layer without changes: a host has thousands of tables, and most of them rest. Never written to. */
const EMPTY = new Map<string, never>();

/** A change costs this much besides its row and key: entries of maps, the change itself. */
const CHANGE_BYTES = 160;

/**
 * The rows of one table of one origin, in layers: `staged` by the running function, `pending` in a block that is not durable,
 * `dirty` and durable but not flushed, `sealed` and being flushed, and below that what is stored (or, of a resident table,
 * all of it). A layer hides those below it.
 */
export class TableRows<Key, Row> implements Table<Key, Row>, AnyTable {
  readonly definition: TableDefinition<Key, Row>;
  readonly #context: TableContext;
  readonly #prefix: string;
  readonly #resident: Map<string, Row> | undefined;
  #staged: Layer<Row> = EMPTY;
  #pending: Layer<Row> = EMPTY;
  #dirty: Layer<Row> = EMPTY;
  #sealed: Layer<Row> = EMPTY;
  /** What durable rows were when they were last hashed, for those that changed since. */
  #unhashed: Map<string, Row | null> = EMPTY;
  #dirtyBytes = 0;
  #lastKey: Key | undefined;
  #lastEncoded = '';

  constructor(definition: TableDefinition<Key, Row>, context: TableContext) {
    this.definition = definition;
    this.#context = context;
    this.#prefix = String.fromCharCode(definition.view.id, definition.id);
    this.#resident = definition.resident === true ? new Map() : undefined;
  }

  get view(): ViewInfo {
    return this.definition.view;
  }

  get resident(): boolean {
    return this.#resident !== undefined;
  }

  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  get prefix(): string {
    return this.#prefix;
  }

  get(key: Key): Row | undefined {
    return this.#require(this.#encode(key)) ?? undefined;
  }

  need(keys: Iterable<Key>): void {
    let missing = false;
    for (const key of keys) {
      const encoded = this.definition.key.encode(key);
      if (this.#find(encoded) !== undefined) continue;
      this.#context.lack(this.#prefix + encoded);
      missing = true;
    }
    if (missing) this.#context.signal();
  }

  put(key: Key, row: Row): void {
    this.#stage(this.#encode(key), row);
  }

  insert(key: Key, row: Row): void {
    this.#own().set(this.#encode(key), { row, base: null });
  }

  remove(key: Key): void {
    this.#stage(this.#encode(key), null);
  }

  page({ prefix, after, limit }: PageRequest): Page<Key, Row> {
    const from = after === undefined ? prefix : `${after}\0`;
    const changed = this.#changesBetween(from, prefix);
    let hidden = 0;
    for (const row of changed.values()) if (row === null) hidden += 1;
    const request: RangeRequest = {
      from: this.#prefix + from,
      to: afterPrefix(this.#prefix + prefix),
      rows: Math.min(limit + hidden + 1, Number.MAX_SAFE_INTEGER),
    };
    const stored = this.#resident === undefined ? this.#context.storedPage(request) : { rows: [], complete: true };
    if (stored === undefined) {
      this.#context.lackRange(request);
      this.#context.signal();
    }
    const merged = mergePage(
      stored.rows.map(([key, row]) => [key.slice(this.#prefix.length), () => this.#decode(row)] as const),
      changed,
      stored.complete,
      limit,
    );
    return { rows: merged.rows.map(([key, row]) => [this.definition.key.decode(key), row] as const), more: merged.more };
  }

  keepStaged(layer: 'pending' | 'dirty'): void {
    if (this.#staged.size === 0) return;
    if (layer === 'pending') this.#pending = mergedInto(this.#pending, this.#staged);
    else this.#mergeDirty(this.#staged);
    this.#staged = EMPTY;
  }

  dropStaged(): void {
    this.#staged = EMPTY;
  }

  keepPending(): void {
    if (this.#pending.size === 0) return;
    this.#mergeDirty(this.#pending);
    this.#pending = EMPTY;
  }

  dropPending(): void {
    this.#pending = EMPTY;
  }

  get unhashed(): number {
    return this.#unhashed.size;
  }

  *takeUnhashed(): Generator<ChangedRow> {
    const taken = this.#unhashed;
    this.#unhashed = EMPTY;
    for (const [key, old] of taken) {
      const change = this.#dirty.get(key);
      assert(change !== undefined, 'a row was flushed before it was hashed');
      const before = old === null ? null : encodeRow(this.definition.row, old);
      const after = change.row === null ? null : encodeRow(this.definition.row, change.row);
      yield { key: this.#prefix + key, before, after };
    }
  }

  seal(): void {
    assert(this.#unhashed.size === 0, 'rows are flushed once they were hashed');
    this.#sealed = this.#dirty;
    this.#dirty = EMPTY;
    this.#dirtyBytes = 0;
  }

  *sealedRows(): Generator<FlushedRow> {
    for (const [key, change] of this.#sealed) {
      if (change.base === null && change.row === null) continue;
      yield { key: this.#prefix + key, after: change.row === null ? null : encodeRow(this.definition.row, change.row) };
    }
  }

  settle(): void {
    if (this.#resident !== undefined) {
      for (const [key, { row }] of this.#sealed) {
        if (row === null) this.#resident.delete(key);
        else this.#resident.set(key, row);
      }
    }
    this.#sealed = EMPTY;
  }

  unseal(): void {
    const newer = this.#dirty;
    this.#dirty = mergedInto(this.#sealed, newer);
    this.#sealed = EMPTY;
    this.#dirtyBytes = 0;
    for (const [key, change] of this.#dirty) this.#dirtyBytes += weighChange(key, change);
  }

  loadResident(key: string, row: Uint8Array): void {
    this.#resident?.set(key, this.#decode(row));
  }

  clear(): void {
    this.#staged = EMPTY;
    this.#pending = EMPTY;
    this.#dirty = EMPTY;
    this.#sealed = EMPTY;
    this.#unhashed = EMPTY;
    this.#resident?.clear();
    this.#dirtyBytes = 0;
  }

  show(key: string): string {
    return `${this.definition.name}/${this.definition.key.show(this.definition.key.decode(key))}`;
  }

  #require(key: string): Row | null {
    const row = this.#find(key);
    if (row !== undefined) return row;
    this.#context.lack(this.#prefix + key);
    return this.#context.signal();
  }

  #find(key: string): Row | null | undefined {
    const change =
      this.#staged.get(key) ??
      (this.#context.seesPending() ? this.#pending.get(key) : undefined) ??
      this.#dirty.get(key) ??
      this.#sealed.get(key);
    if (change !== undefined) return change.row;
    if (this.#resident !== undefined) return this.#resident.get(key) ?? null;
    const stored = this.#context.stored(this.#prefix + key);
    return stored === undefined || stored === null ? stored : this.#decode(stored);
  }

  #stage(key: string, row: Row | null): void {
    const staged = this.#staged.get(key);
    if (staged === undefined) {
      const base = this.#require(key);
      this.#own().set(key, { row, base });
    } else staged.row = row;
  }

  /** A row is mostly read just before it is changed. */
  #encode(key: Key): string {
    if (key !== this.#lastKey) {
      this.#lastEncoded = this.definition.key.encode(key);
      this.#lastKey = key;
    }
    return this.#lastEncoded;
  }

  #mergeDirty(source: Layer<Row>): void {
    if (this.#dirty === EMPTY) this.#dirty = new Map();
    if (this.#unhashed === EMPTY) this.#unhashed = new Map();
    for (const [key, change] of source) {
      const below = this.#dirty.get(key);
      if (!this.#unhashed.has(key)) this.#unhashed.set(key, below === undefined ? change.base : below.row);
      if (below === undefined) {
        this.#dirty.set(key, change);
        this.#dirtyBytes += weighChange(key, change);
      } else {
        // A row keeps about its size while it changes: weighing it each time would cost more than changing it.
        if (below.row === null) this.#dirtyBytes += weigh(change.row);
        below.row = change.row;
      }
    }
  }

  /** The staged layer, to be written to. */
  #own(): Layer<Row> {
    if (this.#staged === EMPTY) this.#staged = new Map();
    return this.#staged;
  }

  /** The rows of a range that are changed or resident, as they stand now. */
  #changesBetween(from: string, prefix: string): Map<string, Row | null> {
    const found = new Map<string, Row | null>();
    const inRange = (key: string): boolean => key >= from && key.startsWith(prefix);
    if (this.#resident !== undefined) for (const [key, row] of this.#resident) if (inRange(key)) found.set(key, row);
    const layers = [this.#sealed, this.#dirty, ...(this.#context.seesPending() ? [this.#pending] : []), this.#staged];
    for (const layer of layers) for (const [key, { row }] of layer) if (inRange(key)) found.set(key, row);
    return found;
  }

  #decode(encoded: Uint8Array): Row {
    return decodeRow(this.definition.row, encoded);
  }
}

/** The target with the source over it; the target is changed where there is one. */
function mergedInto<Row>(target: Layer<Row>, source: Layer<Row>): Layer<Row> {
  if (target === EMPTY) return source;
  for (const [key, change] of source) {
    const below = target.get(key);
    if (below === undefined) target.set(key, change);
    else below.row = change.row;
  }
  return target;
}

const weighChange = <Row>(key: string, { row, base }: Change<Row>): number =>
  CHANGE_BYTES + key.length + weigh(row) + weigh(base);
