import { type CollectiveError, type MemberId, type Result, toCollectiveError } from '../../../base/index.js';
import type { LogCopy, LogPosition, RecordedEvent, StoredBlock } from '../../../events/index.js';
import type { Clock, Logger, Timers } from '../../../ports/index.js';
import type { InvalidEvent } from '../../../projections/index.js';
import { RecentStored } from './recent-events.js';

/** The part of ViewHost that the views of another member's log need. */
export interface ForeignViews {
  position(origin: MemberId): LogPosition;
  apply(events: readonly RecordedEvent[], origin: MemberId): Promise<Result<LogPosition, InvalidEvent>>;
  readonly flushDue: boolean;
  flush(): Promise<void>;
  reset(origin: MemberId): Promise<void>;
  resume(origin: MemberId): void;
}

export interface OriginViewsOptions {
  readonly origin: MemberId;
  readonly views: ForeignViews;
  /** What is durable of the log. */
  readonly copy: () => Pick<LogCopy, 'head' | 'fork' | 'read'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Views moved past these events of a block. Must not throw. */
  readonly onApplied: (origin: MemberId, events: readonly RecordedEvent[]) => void;
  /** The copy cannot be read any more where the views are; told again with each try. Must not throw. */
  readonly onDamaged: (origin: MemberId) => void;
  readonly limits: { readonly backlogBytes: number; readonly turnMs: number; readonly retryMs: number };
}

/**
 * Keeps the views of another member's log up to its durable copy: after each append, after a start, and anew where blocks were
 * taken out. Stops for good before an event that contradicts those before it, and at the last common event of a forked log.
 */
export class OriginViews {
  readonly #options: OriginViewsOptions;
  readonly #recent: RecentStored;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #again = false;
  #rebuild: (() => Promise<void>) | undefined;
  #invalid: InvalidEvent | undefined;
  #failure: CollectiveError | undefined;
  /** Last event of the block that is being applied, or was last. */
  #applying = 0;
  /** How often events were taken out of the copy. */
  #cuts = 0;
  #turnStartedMs = Number.NEGATIVE_INFINITY;
  readonly #waiting: (() => void)[] = [];

  constructor(options: OriginViewsOptions) {
    this.#options = options;
    this.#recent = new RecentStored(options.limits.backlogBytes);
  }

  /** The first event that cannot be applied, and why. */
  get invalid(): InvalidEvent | undefined {
    return this.#invalid;
  }

  /** Why nothing is applied for now; tried again by itself. */
  get failure(): CollectiveError | undefined {
    return this.#failure;
  }

  /** The last event that is to be applied. */
  get limit(): number {
    const { head, fork } = this.#options.copy();
    return fork === undefined ? head.sequence : Math.min(head.sequence, fork.sequence - 1);
  }

  get rebuilding(): boolean {
    return this.#rebuild !== undefined;
  }

  /** A block became durable. */
  stored(block: StoredBlock): void {
    this.#recent.add(block);
    this.wake();
  }

  /** Something changed that may let more be applied, or less. */
  wake(): void {
    this.#again = true;
    if (this.#stopping.signal.aborted) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /**
   * Events from this one on were taken out of the copy: views that may have seen them are built anew. `after` runs once none of
   * them shows any more.
   */
  async cutFrom(sequence: number, after: () => Promise<void>): Promise<void> {
    this.#cuts += 1;
    this.#recent.clear();
    this.#invalid = undefined;
    const seen = Math.max(this.#applying, this.#options.views.position(this.#options.origin).sequence);
    if (seen >= sequence || this.#rebuild !== undefined) this.rebuild(after);
    else await after();
  }

  /** Drops what the views hold and applies the log from its start; `after` runs once they stand at the limit again. */
  rebuild(after: () => Promise<void>): void {
    const before = this.#rebuild;
    this.#rebuild = async () => {
      await before?.();
      await after();
    };
    this.#invalid = undefined;
    this.wake();
  }

  /** Resolves once not too much waits to be applied. */
  async room(): Promise<void> {
    const { backlogBytes } = this.#options.limits;
    while (this.#recent.bytes > backlogBytes / 2 && this.#running !== undefined && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves when all that can be applied now is applied, or the work stopped. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#release();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { timers, logger, origin, limits, onDamaged } = this.#options;
    const { signal } = this.#stopping;
    while (this.#again && !signal.aborted) {
      this.#again = false;
      try {
        await this.#followOnce(signal);
        this.#failure = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.#failure = toCollectiveError(error);
        if (this.#failure.code === 'VIEW_DAMAGED') this.rebuild(() => Promise.resolve());
        logger.error('the views of another member cannot be kept up', { origin, error: this.#failure });
        if (this.#failure.code === 'LOG_DAMAGED') onDamaged(origin);
        this.#again = true;
        this.#release();
        // It rejects when this is stopped, which the loop sees.
        await timers.sleep(limits.retryMs, signal).catch(() => undefined);
      }
    }
    this.#release();
  }

  async #followOnce(signal: AbortSignal): Promise<void> {
    const { views, origin } = this.#options;
    const rebuild = this.#rebuild;
    if (rebuild !== undefined || views.position(origin).sequence > this.limit) {
      await views.reset(origin);
      this.#applying = 0;
      await this.#applyUpToLimit(signal);
      if (signal.aborted) return;
      views.resume(origin);
      await views.flush();
      if (this.#rebuild === rebuild) this.#rebuild = undefined;
      await rebuild?.();
      return;
    }
    await this.#applyUpToLimit(signal);
  }

  async #applyUpToLimit(signal: AbortSignal): Promise<void> {
    const { views, origin } = this.#options;
    while (this.#invalid === undefined && !signal.aborted) {
      const next = views.position(origin).sequence + 1;
      if (next > this.limit) return;
      const recent = this.#recent.take(next);
      if (recent === undefined) await this.#applyFromDisk(next, signal);
      else await this.#apply(recent);
    }
  }

  async #applyFromDisk(fromSequence: number, signal: AbortSignal): Promise<void> {
    const toSequence = this.limit;
    const cuts = this.#cuts;
    for await (const block of this.#options.copy().read({ fromSequence, toSequence, signal })) {
      if (this.limit < toSequence || this.#cuts !== cuts || this.#invalid !== undefined) return;
      await this.#apply(block);
    }
  }

  async #apply(block: StoredBlock): Promise<void> {
    const { views, origin, timers, logger, onApplied } = this.#options;
    const from = views.position(origin).sequence;
    const limit = this.limit;
    const events = block.events.filter(({ envelope: { position } }) => position.sequence > from && position.sequence <= limit);
    this.#applying = Math.min(block.lastSequence, limit);
    const applied = await views.apply(events, origin);
    if (!applied.ok) {
      this.#invalid = applied.error;
      this.#recent.clear();
      logger.error('an event of another member contradicts those before it', { origin, ...applied.error });
    }
    if (views.flushDue) await views.flush();
    onApplied(origin, events);
    this.#release();
    await this.#turn(timers);
  }

  /** Lets others at the event loop. */
  async #turn(timers: Timers): Promise<void> {
    const { clock, limits } = this.#options;
    if (clock.monotonicMs() - this.#turnStartedMs < limits.turnMs) return;
    // It rejects when this is stopped, which the loops see.
    await timers.sleep(0, this.#stopping.signal).catch(() => undefined);
    this.#turnStartedMs = clock.monotonicMs();
  }

  #release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
