import { assert, LIMITS, type MemberId } from '../../base/index.js';
import type { LogPosition, RecordedEvent } from '../../events/index.js';
import { projections, type Projections, type Views } from '../views/all.js';
import { InvalidEvent } from '../views/view.js';
import { MissingRows, type Reading } from './reading.js';
import type { AnyTable, TableContext } from './table-contracts.js';
import { TableRows } from './table-rows.js';

/** What came of an event. */
export type Applied =
  | { readonly kind: 'applied' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Whether changes of a block that is not durable yet are seen: by what adds to it, and by nobody else. */
export type Sight = 'pending' | 'durable';

/** Rows of one origin, and the functions that run over them: each synchronous, and all or nothing. */
export class Partition {
  readonly origin: MemberId;
  readonly projections: Projections;
  readonly tables: readonly AnyTable[];
  /** Of the last durable event that was applied. */
  position: LogPosition;
  /** Of the last event that was applied, durable or not. */
  pendingPosition: LogPosition;
  readonly #cached: (key: string) => Uint8Array | null | undefined;
  #reading: Reading | undefined;
  #sight: Sight = 'durable';

  constructor(
    origin: MemberId,
    position: LogPosition,
    /** Null: absent; undefined: has to be loaded. */
    cached: (key: string) => Uint8Array | null | undefined,
  ) {
    this.origin = origin;
    this.position = position;
    this.pendingPosition = position;
    this.#cached = cached;
    const tables: AnyTable[] = [];
    const context = this.#context();
    this.projections = projections((definition) => {
      const table = new TableRows(definition, context);
      tables.push(table);
      return table;
    });
    this.tables = tables;
  }

  get views(): Views {
    return this.projections.views;
  }

  get hasPending(): boolean {
    return this.pendingPosition !== this.position;
  }

  get dirtyBytes(): number {
    let bytes = 0;
    for (const table of this.tables) bytes += table.dirtyBytes;
    return bytes;
  }

  /** Runs `work` over what is in memory; undefined when it lacks rows, which `reading` then names. */
  attempt<Value>(reading: Reading, sight: Sight, work: () => Value): { readonly value: Value } | undefined {
    assert(this.#reading === undefined, 'a function over views runs inside another');
    this.#reading = reading;
    this.#sight = sight;
    try {
      return { value: work() };
    } catch (error) {
      if (error instanceof MissingRows) return undefined;
      throw error;
    } finally {
      this.#reading = undefined;
    }
  }

  /** Stages what an event changes. What was staged is to be kept or dropped, and dropped unless it was applied. */
  stage(reading: Reading, sight: Sight, { envelope, event }: RecordedEvent): Applied {
    const { position, timeMs, actor, request } = envelope;
    try {
      const done = this.attempt(reading, sight, () => {
        this.projections.apply(event, { position, timeMs, actor, request });
      });
      return { kind: done === undefined ? 'missing' : 'applied' };
    } catch (error) {
      if (error instanceof InvalidEvent) return { kind: 'invalid', reason: error.message };
      throw error;
    }
  }

  keepStaged(sight: Sight, position: LogPosition): void {
    for (const table of this.tables) table.keepStaged(sight === 'pending' ? 'pending' : 'dirty');
    if (sight === 'durable') this.position = position;
    this.pendingPosition = position;
  }

  dropStaged(): void {
    for (const table of this.tables) table.dropStaged();
  }

  keepPending(): void {
    for (const table of this.tables) table.keepPending();
    this.position = this.pendingPosition;
  }

  dropPending(): void {
    for (const table of this.tables) table.dropPending();
    this.pendingPosition = this.position;
  }

  clear(position: LogPosition): void {
    for (const table of this.tables) table.clear();
    this.position = position;
    this.pendingPosition = position;
  }

  /** Names a row for people, by its key inside the program. */
  describe(key: string): { readonly view: string; readonly row: string } {
    const table = this.tables.find(({ prefix }) => key.startsWith(prefix));
    if (table === undefined) return { view: 'unknown', row: 'a row of no table' };
    return { view: table.view.name, row: table.show(key.slice(table.prefix.length)) };
  }

  #context(): TableContext {
    const running = (): Reading => {
      assert(this.#reading !== undefined, 'views are read only inside the function that got them');
      return this.#reading;
    };
    return {
      seesPending: () => {
        running();
        return this.#sight === 'pending';
      },
      stored: (key) => {
        const loaded = running().rows.get(key);
        return loaded === undefined ? this.#cached(key) : loaded;
      },
      storedPage: (request) => running().page(request),
      lack: (key) => {
        running().missingKeys.add(key);
        assert(running().missingKeys.size <= LIMITS.viewRowsPerRound, 'a function over views asks for too many rows at once');
      },
      lackRange: (request) => running().lackRange(request),
      signal: () => running().signal(),
    };
  }
}
