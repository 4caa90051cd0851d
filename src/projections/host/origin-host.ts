import { assert, CollectiveError, fail, LIMITS, ok, toHex, type MemberId, type Result } from '../../base/index.js';
import type { EventDraft, LogPosition, RecordedEvent } from '../../events/index.js';
import type { Hasher, KeyValueStore } from '../../ports/index.js';
import type { Views } from '../views/all.js';
import { prepareFlush, type PreparedFlush } from './flush.js';
import { NO_POSITION, type OriginState, type StoredView } from './origin-state.js';
import { Partition } from './partition.js';
import type { RowCache } from './row-cache.js';
import { RowSource } from './row-source.js';
import { Runner, type InvalidEvent } from './runner.js';
import { takeSnapshot, type ViewSnapshot } from './snapshot.js';
import { dropRows, emptyState, loadResident, loadState } from './store-rows.js';
import { RunningState } from './running-state.js';
import { type StateMark, StateMarks } from './state-marks.js';
import { isViewDamaged, StoredKeys, viewDamaged } from './stored-row.js';
import { WriterQueue } from './writer-queue.js';

/** What all origins of a host share. */
export interface HostParts {
  readonly store: KeyValueStore;
  readonly cache: RowCache;
  readonly hasher: Hasher;
  /** A prefix for an origin's keys in the cache that no other has had. */
  readonly newTag: () => string;
  /** Told when an origin becomes doubtful; must not throw. */
  readonly onDoubt: (origin: MemberId) => void;
}

/** How a view stood at the last flush. */
export interface ViewState {
  readonly name: string;
  readonly projectionVersion: number;
  readonly rows: number;
  /** Hex; zeros for one that does not follow from the log alone. */
  readonly stateHash: string;
}

/** A command: decided against the views as the block so far leaves them, and recorded in that block. */
export interface Transaction<Value> {
  /** Pure and synchronous; may run several times. `next`: where its first event will stand. */
  decide(
    views: Views,
    next: LogPosition,
  ): Result<{ readonly drafts: readonly EventDraft[]; readonly value: Value }, CollectiveError>;
  /** Called once, after a decision with events: gives them to the block. What it throws ends the transaction without a trace. */
  record(drafts: readonly EventDraft[]): readonly RecordedEvent[];
}

/** What a transaction came to. */
export interface Transacted<Value> {
  readonly value: Value;
  readonly events: readonly RecordedEvent[];
}

/** So many changed rows are hashed at once: some milliseconds. */
const FOLDED_ROWS = 1024;

/** Views of one origin: loads what functions over them lack, and lets one writer in at a time. */
export class OriginHost {
  readonly origin: MemberId;
  readonly #parts: HostParts;
  readonly #keys: StoredKeys;
  readonly #partition: Partition;
  readonly #source: RowSource;
  readonly #runner: Runner;
  readonly #writers = new WriterQueue();
  readonly #running: RunningState;
  readonly #marks: StateMarks;
  #state: OriginState;
  #rebuilding = false;
  #doubtful = false;

  /** `dropped`: why stored rows could not be used and were removed; the log has to be replayed from its start. */
  static async open(
    origin: MemberId,
    parts: HostParts,
  ): Promise<{ readonly host: OriginHost; readonly dropped: string | undefined }> {
    const host = new OriginHost(origin, parts);
    const found = await loadState(parts.store, host.#keys, host.#partition.projections.infos);
    let dropped = 'state' in found ? undefined : found.unusable;
    if ('state' in found) {
      host.#state = found.state;
      host.#partition.clear(found.state.position);
      host.#running.reset(found.state.views);
      try {
        await loadResident(origin, parts.store, host.#keys, host.#partition.tables);
      } catch (error) {
        if (!isViewDamaged(error)) throw error;
        dropped = error.message;
      }
    }
    if (dropped !== undefined) await host.#clear();
    return { host, dropped };
  }

  private constructor(origin: MemberId, parts: HostParts) {
    this.origin = origin;
    this.#parts = parts;
    this.#keys = new StoredKeys(origin);
    this.#partition = new Partition(origin, NO_POSITION, (key) => this.#source.cached(key));
    const describe = (key: string) => this.#partition.describe(key);
    this.#source = new RowSource(origin, { ...parts, keys: this.#keys, describe, tag: parts.newTag() });
    this.#runner = new Runner(this.#partition, this.#source, () => this.#damageFound());
    this.#state = emptyState(this.#partition.projections.infos);
    this.#running = new RunningState(parts.hasher, this.#partition.projections.infos);
    this.#marks = new StateMarks(origin, this.#partition.projections.infos);
  }

  get position(): LogPosition {
    return this.#partition.position;
  }

  get flushedPosition(): LogPosition {
    return this.#state.position;
  }

  get doubtful(): boolean {
    return this.#doubtful;
  }

  get dirtyBytes(): number {
    return this.#partition.dirtyBytes;
  }

  get needsFlush(): boolean {
    return this.dirtyBytes > 0 || this.position.sequence !== this.#state.position.sequence;
  }

  states(): readonly ViewState[] {
    return this.#partition.projections.infos.map((info) => {
      const stored = this.#state.views.find(({ id }) => id === info.id);
      assert(stored !== undefined, 'a view has no state');
      return {
        name: info.name,
        projectionVersion: info.version,
        rows: stored.rows,
        stateHash: toHex(stored.stateHash),
      };
    });
  }

  run<Value>(work: (views: Views) => Value): Promise<Value> {
    return this.#runner.complete('durable', (views) => this.#guarded(() => work(views)));
  }

  transact<Value>(transaction: Transaction<Value>): Promise<Result<Transacted<Value>, CollectiveError>> {
    return this.#writers.run(async () => {
      const decide = (views: Views) => transaction.decide(views, this.#next());
      const decision = await this.#runner.complete('pending', (views) => this.#guarded(() => decide(views)));
      if (!decision.ok) return decision;
      const { drafts, value } = decision.value;
      if (drafts.length === 0) return ok({ value, events: [] });
      const events = transaction.record(drafts);
      assert(events.length === drafts.length, 'a decision was recorded otherwise than it was made');
      const invalid = await this.#runner.applyEach('pending', events);
      assert(invalid === undefined, `an event was decided that is not valid: ${invalid?.reason}`);
      return ok({ value, events });
    });
  }

  /** The block is durable. Synchronous. */
  commitPending(): void {
    const before = this.position.sequence;
    this.#partition.keepPending();
    this.#moved(before);
  }

  /** The block was given up. Synchronous. */
  discardPending(): void {
    this.#partition.dropPending();
  }

  /** Applies events of a block that is durable, as far as they are valid. */
  apply(events: readonly RecordedEvent[]): Promise<Result<LogPosition, InvalidEvent>> {
    return this.#writers.run(async () => {
      assert(!this.#partition.hasPending, 'durable events are applied between blocks only');
      const before = this.position.sequence;
      const invalid = await this.#runner.applyEach('durable', events);
      this.#moved(before);
      return invalid === undefined ? ok(this.#partition.position) : fail(invalid);
    });
  }

  /** Drops what is remembered of requests older than this; how many. */
  pruneRequests(beforeMs: number): Promise<number> {
    return this.#writers.run(async () => {
      if (this.#partition.hasPending) return 0;
      const prune = () => this.#partition.projections.requests.prune(beforeMs, LIMITS.requestsPrunedAtOnce);
      const pruned = await this.#runner.complete('durable', prune);
      this.#partition.keepStaged('durable', this.#partition.position);
      return pruned;
    });
  }

  /** The last marks, the oldest first; none of rows that are doubtful or being rebuilt. */
  stateMarks(): readonly StateMark[] {
    return this.#doubtful || this.#rebuilding ? [] : this.#marks.all();
  }

  /** How the views stand now; undefined while they are doubtful or being rebuilt. Synchronous. */
  stateNow(): StateMark | undefined {
    return this.#doubtful || this.#rebuilding ? undefined : this.#marks.of(this.position, this.#counted());
  }

  /** Sets aside what is durable and not flushed, with the state it brings the views to. Synchronous. */
  seal(): OriginState {
    const views = this.#counted();
    for (const table of this.#partition.tables) table.seal();
    return { position: this.#partition.position, views };
  }

  prepare(state: OriginState, pause: () => Promise<void>): Promise<PreparedFlush> {
    return prepareFlush(this.#partition.tables, this.#keys, state, { pause, keepsState: !this.#doubtful });
  }

  settle(prepared: PreparedFlush): void {
    for (const table of this.#partition.tables) table.settle();
    this.#source.written(prepared.written);
    this.#state = prepared.state;
  }

  unseal(): void {
    for (const table of this.#partition.tables) table.unseal();
  }

  snapshot(signal: AbortSignal | undefined): Promise<ViewSnapshot> {
    const { store, hasher } = this.#parts;
    const { infos } = this.#partition.projections;
    const describe = (key: string) => this.#partition.describe(key);
    const withoutState = this.#doubtful ? this.#state : undefined;
    return takeSnapshot(this.origin, { store, keys: this.#keys, infos, describe, hasher, withoutState }, signal);
  }

  /**
   * Rows were lost or falsified, and more may have been. What they stand at is taken from the store and not written again, so
   * that they are dropped at the next start at the latest. Error: VIEW_DAMAGED, where not even that can be written.
   */
  async doubt(): Promise<void> {
    const known = this.#doubtful;
    this.#doubtful = true;
    if (!known) this.#parts.onDoubt(this.origin);
    try {
      await this.#parts.store.batch([{ kind: 'delete', key: this.#keys.state }]);
    } catch (error) {
      throw viewDamaged(this.origin, 'store', 'it cannot be written either', error);
    }
  }

  /** Not while a flush runs. */
  reset(): Promise<void> {
    return this.#writers.run(async () => {
      this.#rebuilding = true;
      await this.#clear();
    });
  }

  /** The views are rebuilt: they may be read again. */
  resume(): void {
    this.#rebuilding = false;
  }

  async #damageFound(): Promise<void> {
    if (!this.#doubtful) await this.doubt();
  }

  async #clear(): Promise<void> {
    await dropRows(this.#parts.store, this.#keys);
    this.#partition.clear(NO_POSITION);
    this.#source.emptied(this.#parts.newTag());
    this.#state = emptyState(this.#partition.projections.infos);
    this.#running.reset(this.#state.views);
    this.#marks.clear();
    this.#doubtful = false;
  }

  /** Durable events were applied, up to the end of a block. */
  #moved(before: number): void {
    if (StateMarks.crosses(before, this.position.sequence)) {
      this.#marks.add(this.position, this.#counted());
      return;
    }
    const changed = this.#partition.tables.reduce((sum, { unhashed }) => sum + unhashed, 0);
    if (changed >= FOLDED_ROWS) this.#running.fold(this.#partition.tables, this.#keys);
  }

  /** What is durable, counted and hashed. */
  #counted(): readonly StoredView[] {
    this.#running.fold(this.#partition.tables, this.#keys);
    return this.#running.views();
  }

  #guarded<Value>(work: () => Value): Value {
    if (!this.#rebuilding) return work();
    throw new CollectiveError('UNAVAILABLE', 'The views are being rebuilt from the log.', { next: 'Try again in a while.' });
  }

  #next(): LogPosition {
    const { epoch, sequence } = this.#partition.pendingPosition;
    return { epoch, sequence: sequence + 1 };
  }
}
