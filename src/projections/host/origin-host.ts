import { assert, CollectiveError, fail, LIMITS, ok, toHex, type MemberId, type Result } from '../../base/index.js';
import type { EventDraft, LogPosition, RecordedEvent } from '../../events/index.js';
import type { Hasher, KeyValueStore } from '../../ports/index.js';
import type { Views } from '../views/all.js';
import { prepareFlush, type PreparedFlush } from './flush.js';
import { NO_POSITION, type OriginState } from './origin-state.js';
import { Partition, type Applied, type Sight } from './partition.js';
import type { Reading } from './reading.js';
import type { RowCache } from './row-cache.js';
import { RowSource } from './row-source.js';
import { takeSnapshot, type ViewSnapshot } from './snapshot.js';
import { dropRows, emptyState, isViewDamaged, loadResident, loadState } from './store-rows.js';
import { StoredKeys } from './stored-row.js';
import { WriterQueue } from './writer-queue.js';

/** What all origins of a host share. */
export interface HostParts {
  readonly store: KeyValueStore;
  readonly cache: RowCache;
  readonly hasher: Hasher;
  /** A prefix for an origin's keys in the cache that no other has had. */
  readonly newTag: () => string;
}

/** An event that contradicts what came before it in its log. The origin is frozen before it. */
export interface InvalidEvent {
  readonly position: LogPosition;
  readonly reason: string;
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

/** Views of one origin: loads what functions over them lack, and lets one writer in at a time. */
export class OriginHost {
  readonly origin: MemberId;
  readonly #parts: HostParts;
  readonly #keys: StoredKeys;
  readonly #partition: Partition;
  readonly #source: RowSource;
  readonly #writers = new WriterQueue();
  #state: OriginState;
  #rebuilding = false;

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
    this.#state = emptyState(this.#partition.projections.infos);
  }

  get position(): LogPosition {
    return this.#partition.position;
  }

  get flushedPosition(): LogPosition {
    return this.#state.position;
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
    return this.#complete('durable', (views) => this.#guarded(() => work(views)));
  }

  transact<Value>(transaction: Transaction<Value>): Promise<Result<Transacted<Value>, CollectiveError>> {
    return this.#writers.run(async () => {
      const decide = (views: Views) => transaction.decide(views, this.#next());
      const decision = await this.#complete('pending', (views) => this.#guarded(() => decide(views)));
      if (!decision.ok) return decision;
      const { drafts, value } = decision.value;
      if (drafts.length === 0) return ok({ value, events: [] });
      const events = transaction.record(drafts);
      assert(events.length === drafts.length, 'a decision was recorded otherwise than it was made');
      const invalid = await this.#applyEach('pending', events);
      assert(invalid === undefined, `an event was decided that is not valid: ${invalid?.reason}`);
      return ok({ value, events });
    });
  }

  /** The block is durable. Synchronous. */
  commitPending(): void {
    this.#partition.keepPending();
  }

  /** The block was given up. Synchronous. */
  discardPending(): void {
    this.#partition.dropPending();
  }

  /** Applies events that are durable, as far as they are valid. */
  apply(events: readonly RecordedEvent[]): Promise<Result<LogPosition, InvalidEvent>> {
    return this.#writers.run(async () => {
      assert(!this.#partition.hasPending, 'durable events are applied between blocks only');
      const invalid = await this.#applyEach('durable', events);
      return invalid === undefined ? ok(this.#partition.position) : fail(invalid);
    });
  }

  /** Drops what is remembered of requests older than this; how many. */
  pruneRequests(beforeMs: number): Promise<number> {
    return this.#writers.run(async () => {
      if (this.#partition.hasPending) return 0;
      const prune = () => this.#partition.projections.requests.prune(beforeMs, LIMITS.requestsPrunedAtOnce);
      const pruned = await this.#complete('durable', prune);
      this.#partition.keepStaged('durable', this.#partition.position);
      return pruned;
    });
  }

  /** Sets aside what is durable and not flushed, with the position it stands at. Synchronous. */
  seal(): LogPosition {
    for (const table of this.#partition.tables) table.seal();
    return this.#partition.position;
  }

  prepare(position: LogPosition, pause: () => Promise<void>): Promise<PreparedFlush> {
    return prepareFlush(this.#partition.tables, this.#keys, this.#state, { hasher: this.#parts.hasher, position, pause });
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
    return takeSnapshot(this.origin, { store, keys: this.#keys, infos, describe, hasher }, signal);
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

  async #clear(): Promise<void> {
    await dropRows(this.#parts.store, this.#keys);
    this.#partition.clear(NO_POSITION);
    this.#source.emptied(this.#parts.newTag());
    this.#state = emptyState(this.#partition.projections.infos);
  }

  #guarded<Value>(work: () => Value): Value {
    if (!this.#rebuilding) return work();
    throw new CollectiveError('UNAVAILABLE', 'The views are being rebuilt from the log.', { next: 'Try again in a while.' });
  }

  #next(): LogPosition {
    const { epoch, sequence } = this.#partition.pendingPosition;
    return { epoch, sequence: sequence + 1 };
  }

  /** Runs `work` until it has had all rows that it reads. */
  async #complete<Value>(sight: Sight, work: (views: Views) => Value): Promise<Value> {
    const reading = this.#source.newReading();
    for (let rounds = 0; ; ) {
      this.#refresh(reading);
      const done = this.#partition.attempt(reading, sight, () => work(this.#partition.views));
      if (done !== undefined) return done.value;
      this.#partition.dropStaged();
      rounds = await this.#load(reading, rounds);
    }
  }

  /** One after another, each all or nothing; stops before the first that is not valid, which it returns. */
  async #applyEach(sight: Sight, events: readonly RecordedEvent[]): Promise<InvalidEvent | undefined> {
    const reading = this.#source.newReading();
    for (const [index, recorded] of events.entries()) {
      for (let rounds = 0; ; ) {
        this.#refresh(reading);
        const applied = this.#stageNext(reading, sight, recorded);
        if (applied.kind === 'applied') break;
        this.#partition.dropStaged();
        if (applied.kind === 'invalid') return { position: recorded.envelope.position, reason: applied.reason };
        this.#lookAhead(reading, sight, events.slice(index + 1));
        rounds = await this.#load(reading, rounds);
      }
      this.#partition.keepStaged(sight, recorded.envelope.position);
    }
    return undefined;
  }

  #stageNext(reading: Reading, sight: Sight, recorded: RecordedEvent): Applied {
    const { origin, epoch, sequence } = recorded.envelope.position;
    const { pendingPosition } = this.#partition;
    assert(origin === this.origin, 'an event is of another origin');
    assert(sequence === pendingPosition.sequence + 1 && epoch >= pendingPosition.epoch, 'events are applied one after another');
    return this.#partition.stage(reading, sight, recorded);
  }

  /** Finds out what later events lack too, each by itself on what is known now: one round then loads it for all. */
  #lookAhead(reading: Reading, sight: Sight, events: readonly RecordedEvent[]): void {
    for (const recorded of events) {
      if (reading.missingKeys.size >= LIMITS.viewRowsPerRound / 2) return;
      // What comes of it means nothing: the events before it are not applied yet.
      this.#partition.stage(reading, sight, recorded);
      this.#partition.dropStaged();
    }
  }

  #refresh(reading: Reading): void {
    if (reading.generation !== this.#source.generation) reading.forget(this.#source.generation);
  }

  async #load(reading: Reading, rounds: number): Promise<number> {
    assert(rounds < LIMITS.viewRounds, 'a function over views asks for rows again and again');
    await this.#source.load(reading);
    return rounds + 1;
  }
}
