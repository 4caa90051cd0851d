import { assert, LIMITS, type CollectiveError, type MemberId, type Result } from '../../base/index.js';
import type { LogPosition, RecordedEvent } from '../../events/index.js';
import type { Hasher, KeyValueStore } from '../../ports/index.js';
import type { Views } from '../views/all.js';
import { verifyViews, type ViewVerification } from './compare-views.js';
import { type HostParts, OriginHost, type Transacted, type Transaction, type ViewState } from './origin-host.js';
import { RowCache } from './row-cache.js';
import type { InvalidEvent } from './runner.js';
import type { ViewSnapshot } from './snapshot.js';
import type { StateMark } from './state-marks.js';
import { WriterQueue } from './writer-queue.js';

export interface ViewHostOptions {
  /** The own member first. */
  readonly origins: readonly [MemberId, ...MemberId[]];
  readonly hasher: Hasher;
  /** Memory for rows that are also in the store. Default: LIMITS.viewCacheBytes. */
  readonly cacheBytes?: number;
  /** `flushDue` from here on. Default: LIMITS.viewDirtyBytes. */
  readonly dirtyBytes?: number;
  /** Gives the event loop a turn: called every few hundred rows of a flush. */
  readonly pause?: () => Promise<void>;
}

/**
 * The views of all origins over one key-value store: rows on demand, hot ones cached within a bound, changed ones kept until
 * they are flushed. Functions over views are synchronous and pure: they may be stopped and run again from the start.
 *
 * `origin` is the own member's where it is left out. Errors of everything that reads: VIEW_DAMAGED when the store is damaged
 * or fails (then `reset`, replay the log from its first event, `resume`; or start again: damaged rows are dropped then),
 * UNAVAILABLE between `reset` and `resume`.
 */
export class ViewHost {
  /** Origins whose stored rows could not be used, and why; they stand at sequence 0. */
  readonly dropped: readonly { readonly origin: MemberId; readonly reason: string }[];
  readonly #store: KeyValueStore;
  readonly #own: MemberId;
  readonly #origins = new Map<MemberId, OriginHost>();
  readonly #adding = new Map<MemberId, Promise<string | undefined>>();
  readonly #parts: HostParts;
  readonly #dirtyLimitBytes: number;
  readonly #pause: () => Promise<void>;
  readonly #flushes = new WriterQueue();
  readonly #doubtListeners = new Set<(origin: MemberId) => void>();
  #tags = 0;
  #flushing: Promise<void> | undefined;

  static async open(store: KeyValueStore, options: ViewHostOptions): Promise<ViewHost> {
    const dropped: { readonly origin: MemberId; readonly reason: string }[] = [];
    const host = new ViewHost(store, options, dropped);
    for (const origin of options.origins) {
      const reason = await host.addOrigin(origin);
      if (reason !== undefined) dropped.push({ origin, reason });
    }
    return host;
  }

  private constructor(store: KeyValueStore, options: ViewHostOptions, dropped: ViewHost['dropped']) {
    this.#store = store;
    this.#own = options.origins[0];
    this.dropped = dropped;
    this.#parts = {
      store,
      cache: new RowCache(options.cacheBytes ?? LIMITS.viewCacheBytes),
      hasher: options.hasher,
      newTag: () => this.#newTag(),
      onDoubt: (origin) => {
        for (const listener of this.#doubtListeners) listener(origin);
      },
    };
    this.#dirtyLimitBytes = options.dirtyBytes ?? LIMITS.viewDirtyBytes;
    this.#pause = options.pause ?? (() => Promise.resolve());
  }

  /** All that are open, the own member first. */
  origins(): readonly MemberId[] {
    return [...this.#origins.keys()];
  }

  /**
   * Opens the views of another origin, at any time; nothing where they are open already. Returns why its stored rows could not
   * be used and were dropped, if so; it stands at sequence 0 then, as a new one does. Errors are the store's.
   */
  addOrigin(origin: MemberId): Promise<string | undefined> {
    if (this.#origins.has(origin)) return Promise.resolve(undefined);
    const running = this.#adding.get(origin);
    if (running !== undefined) return running.then(() => undefined);
    const adding = OriginHost.open(origin, this.#parts)
      .then(({ host, dropped }) => {
        this.#origins.set(origin, host);
        return dropped;
      })
      .finally(() => this.#adding.delete(origin));
    this.#adding.set(origin, adding);
    return adding;
  }

  /** Of the last durable event that was applied; sequence 0 before the first. Replay what follows it. */
  position(origin?: MemberId): LogPosition {
    return this.#of(origin).position;
  }

  /** What a start begins from. */
  flushedPosition(origin?: MemberId): LogPosition {
    return this.#of(origin).flushedPosition;
  }

  /** Runs `work` over the durable state, all of it at one position. */
  run<Value>(work: (views: Views) => Value, origin?: MemberId): Promise<Value> {
    return this.#of(origin).run(work);
  }

  /**
   * Decides a command of the own member and applies its events to the block being made, with nothing in between. Others see
   * them once `commitPending` was called. A refusal, or what `record` throws, leaves no trace; VIEW_DAMAGED after `record`:
   * the block has to be discarded.
   */
  async transact<Value>(transaction: Transaction<Value>): Promise<Result<Transacted<Value>, CollectiveError>> {
    await this.#room();
    return this.#of().transact(transaction);
  }

  /** The own block is durable: everybody sees it. Synchronous. */
  commitPending(): void {
    this.#of().commitPending();
  }

  /** The own block was given up: it never was. Synchronous. */
  discardPending(): void {
    this.#of().discardPending();
  }

  /** Applies the durable events of a block in order. An invalid one is not applied, nor what follows; those before it are. */
  async apply(events: readonly RecordedEvent[], origin?: MemberId): Promise<Result<LogPosition, InvalidEvent>> {
    await this.#room();
    return this.#of(origin).apply(events);
  }

  get dirtyBytes(): number {
    let bytes = 0;
    for (const origin of this.#origins.values()) bytes += origin.dirtyBytes;
    return bytes;
  }

  /** Whether enough has changed that it should be flushed now. */
  get flushDue(): boolean {
    return this.dirtyBytes >= this.#dirtyLimitBytes;
  }

  /** Memory of the row cache. */
  get cache(): { readonly usedBytes: number; readonly limitBytes: number } {
    const { usedBytes, limitBytes } = this.#parts.cache;
    return { usedBytes, limitBytes };
  }

  /**
   * Writes what is durable and changed, with the position it stands at, in one batch. At any time: a block that is being made
   * is not part of it. Errors are the store's; nothing is lost by them.
   */
  flush(): Promise<void> {
    const flushing = this.#flushes.run(() => this.#flush());
    this.#flushing = flushing;
    return flushing;
  }

  /** How the views stood at `flushedPosition`. */
  states(origin?: MemberId): readonly ViewState[] {
    return this.#of(origin).states();
  }

  /**
   * How the views stood at the ends of the last eight blocks that reached or passed a multiple of 256 events, the oldest first: at
   * the same positions for everybody who applies this log block by block. None while they are doubtful or being rebuilt.
   */
  stateMarks(origin?: MemberId): readonly StateMark[] {
    return this.#of(origin).stateMarks();
  }

  /** How the views stand now; undefined while they are doubtful or being rebuilt. Hashes the rows changed since it was last known. */
  stateNow(origin?: MemberId): StateMark | undefined {
    return this.#of(origin).stateNow();
  }

  /** Flushes, and holds on to what is stored then. The caller closes it. Error also: CANCELLED. */
  async snapshot(origin?: MemberId, signal?: AbortSignal): Promise<ViewSnapshot> {
    await this.flush();
    return this.#of(origin).snapshot(signal);
  }

  /**
   * Reads all stored rows of an origin and holds them against their state hashes: the only way to notice rows that the store
   * lost. What is found makes the origin `doubtful`. `pause` is awaited every few hundred rows, with how many were read.
   * Error also: CANCELLED.
   */
  async verify(
    origin?: MemberId,
    options: { readonly signal?: AbortSignal; readonly pause?: (rows: number) => Promise<void> } = {},
  ): Promise<readonly ViewVerification[]> {
    const snapshot = await this.snapshot(origin, options.signal);
    try {
      const found = await verifyViews(snapshot, options.pause ?? this.#pause);
      if (found.some(({ whole }) => !whole)) await this.#of(origin).doubt();
      return found;
    } finally {
      await snapshot.close();
    }
  }

  /** Called whenever damage is found in an origin's rows that was not known of before; must not throw. Returns how to stop. */
  onDoubt(listener: (origin: MemberId) => void): () => void {
    this.#doubtListeners.add(listener);
    return () => this.#doubtListeners.delete(listener);
  }

  /** Damage was found in an origin's rows. They are dropped at the next start, if `reset` was not called before. */
  doubtful(origin?: MemberId): boolean {
    return this.#of(origin).doubtful;
  }

  /** Drops an origin's rows. They cannot be read until `resume`. Safe to repeat after a crash. */
  reset(origin?: MemberId): Promise<void> {
    return this.#flushes.run(() => this.#of(origin).reset());
  }

  /** The log was replayed after a `reset`. */
  resume(origin?: MemberId): void {
    this.#of(origin).resume();
  }

  /** Forgets requests older than this, a few hundred at a call; how many. Nothing while a block is being made. */
  pruneRequests(beforeMs: number): Promise<number> {
    return this.#of().pruneRequests(beforeMs);
  }

  /** Waits for a running flush, and closes the store. Does not flush. */
  async close(): Promise<void> {
    await this.#flushes.run(() => this.#store.close());
  }

  async #flush(): Promise<void> {
    const origins = [...this.#origins.values()].filter((origin) => origin.needsFlush);
    if (origins.length === 0) return;
    const sealed = origins.map((origin) => ({ origin, state: origin.seal() }));
    try {
      const prepared = [];
      for (const { origin, state } of sealed) prepared.push({ origin, flush: await origin.prepare(state, this.#pause) });
      await this.#store.batch(prepared.flatMap(({ flush }) => flush.operations));
      for (const { origin, flush } of prepared) origin.settle(flush);
    } catch (error) {
      for (const { origin } of sealed) origin.unseal();
      throw error;
    }
  }

  /** Changes wait for a running flush rather than pile up behind it. */
  async #room(): Promise<void> {
    if (this.#flushing === undefined || this.dirtyBytes < 2 * this.#dirtyLimitBytes) return;
    const flushing = this.#flushing;
    // Who started the flush gets its failure; here only its end matters.
    await flushing.catch(() => undefined);
    if (this.#flushing === flushing) this.#flushing = undefined;
  }

  #newTag(): string {
    this.#tags += 1;
    return String.fromCharCode((this.#tags >>> 16) & 0xff, (this.#tags >>> 8) & 0xff, this.#tags & 0xff);
  }

  #of(origin?: MemberId): OriginHost {
    const host = this.#origins.get(origin ?? this.#own);
    assert(host !== undefined, 'the views of this origin are not open');
    return host;
  }
}
