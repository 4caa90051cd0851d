import { type CollectiveError, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import type { EventLog, LogVerification } from '../../events/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { Finding } from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { ViewKeeper } from './view-keeper.js';

type Damage = LogVerification & { readonly kind: 'damage' };

export interface BackgroundAuditOptions {
  readonly log: EventLog;
  readonly views: ViewHost;
  readonly keeper: ViewKeeper;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** From the end of one to the start of the next. */
  readonly intervalMs: number;
  /** Whether every row was checked at this start already. */
  readonly viewsChecked: boolean;
  /** Damage was found in the log, which the next start can get back. */
  readonly onLogDamaged?: () => Promise<void>;
  /** Whether somebody waits for the log's one writer. */
  readonly busy: () => boolean;
}

/** What `status` shows of it. */
export interface AuditReport {
  /** What is being read now. */
  readonly phase: 'idle' | 'log' | 'views' | 'rebuilding';
  /** Events and rows read so far by the audit that runs. */
  readonly events: number;
  readonly rows: number;
  /** Of the last one that came to its end; undefined before. */
  readonly last: AuditResult | undefined;
  /** When the next one begins; 0 while one runs. */
  readonly nextMs: number;
  readonly findings: readonly Finding[];
}

export interface AuditResult {
  readonly finishedMs: number;
  readonly durationMs: number;
  readonly headSequence: number;
  readonly events: number;
  readonly rows: number;
}

/** Reads the whole log and all rows of the views again and again beside the service, and says what is wrong with them. */
export class BackgroundAudit {
  readonly #options: BackgroundAuditOptions;
  #phase: AuditReport['phase'] = 'idle';
  #events = 0;
  #rows = 0;
  #last: AuditResult | undefined;
  #nextMs = 0;
  #damages: readonly Damage[] = [];
  #damagedViews: readonly string[] = [];
  #failure: CollectiveError | undefined;
  #sliceStartMs = 0;
  #restFactor = REST_FACTOR;

  constructor(options: BackgroundAuditOptions) {
    this.#options = options;
  }

  get report(): AuditReport {
    const phase = this.#options.keeper.rebuilding ? 'rebuilding' : this.#phase;
    return { phase, events: this.#events, rows: this.#rows, last: this.#last, nextMs: this.#nextMs, findings: this.#findings() };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { timers, clock, logger, intervalMs, viewsChecked } = this.#options;
    let waitMs = viewsChecked ? Math.min(LIMITS.auditStartDelayMs, intervalMs) : 0;
    // Until then rows may be missing without anybody knowing.
    if (!viewsChecked) this.#restFactor = 1;
    while (!signal.aborted) {
      try {
        this.#nextMs = clock.nowMs() + waitMs;
        await timers.sleep(waitMs, signal);
        this.#nextMs = 0;
        await this.#audit(signal);
        this.#failure = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.#failure = toCollectiveError(error);
        logger.error('the audit could not be finished', { error: this.#failure });
      } finally {
        this.#phase = 'idle';
      }
      waitMs = intervalMs;
    }
  }

  /** The views first: rows that were lost make wrong answers, while damage to the log is never taken for anything else. */
  async #audit(signal: AbortSignal): Promise<void> {
    const { log, clock, logger } = this.#options;
    const startedMs = clock.monotonicMs();
    const headSequence = log.head.sequence;
    this.#events = 0;
    this.#rows = 0;
    this.#sliceStartMs = startedMs;
    await this.#auditViews(signal);
    await this.#auditLog(signal);
    this.#last = {
      finishedMs: clock.nowMs(),
      durationMs: Math.round(clock.monotonicMs() - startedMs),
      headSequence,
      events: this.#events,
      rows: this.#rows,
    };
    logger.info('audited', { ...this.#last, damages: this.#damages.length, damagedViews: this.#damagedViews.length });
  }

  async #auditViews(signal: AbortSignal): Promise<void> {
    const { views, keeper, logger } = this.#options;
    this.#phase = 'views';
    await keeper.settled();
    const [own, ...others] = views.origins();
    this.#damagedViews = await this.#verifyViews(own, signal);
    this.#restFactor = REST_FACTOR;
    for (const origin of others) {
      // Of a log of which nothing is applied yet, nothing is stored.
      if (views.position(origin).sequence === 0) continue;
      const damaged = await this.#verifyViews(origin, signal);
      if (damaged.length > 0) logger.error('views of another member’s log are damaged; they are built anew', { origin, damaged });
    }
    await keeper.settled();
  }

  /** Names of the views that are not whole; whoever keeps them is told by the views themselves. */
  async #verifyViews(origin: MemberId | undefined, signal: AbortSignal): Promise<readonly string[]> {
    const before = this.#rows;
    const pause = (rows: number): Promise<void> => {
      this.#rows = before + rows;
      return this.#pause(signal);
    };
    const found = await this.#options.views.verify(origin, { signal, pause });
    this.#rows = found.reduce((sum, view) => sum + view.rows, before);
    return found.filter(({ whole }) => !whole).map(({ name }) => name);
  }

  async #auditLog(signal: AbortSignal): Promise<void> {
    const { log, logger } = this.#options;
    this.#phase = 'log';
    const damages: Damage[] = [];
    for await (const said of log.verify({ signal, progressBytes: LIMITS.auditSliceBytes })) {
      if (said.kind === 'damage') {
        logger.error('the log is damaged', {
          file: said.file,
          offset: said.offset,
          sequence: said.sequence,
          problem: said.problem,
        });
        if (damages.length < LIMITS.auditDamagesKept) damages.push(said);
      } else this.#events = said.events;
      await this.#pause(signal);
    }
    this.#damages = damages;
    if (damages.length > 0) await this.#options.onLogDamaged?.();
  }

  /** Rests nine times as long as the last slice took, and longer while commands wait. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, timers, busy } = this.#options;
    const workedMs = clock.monotonicMs() - this.#sliceStartMs;
    await timers.sleep(Math.ceil(Math.min(workedMs * this.#restFactor, REST_MAX_MS)), signal);
    for (let waits = 0; waits < BUSY_WAITS && busy(); waits += 1) await timers.sleep(BUSY_WAIT_MS, signal);
    this.#sliceStartMs = clock.monotonicMs();
  }

  #findings(): readonly Finding[] {
    const { keeper } = this.#options;
    const found: Finding[] = this.#damages.map(({ file, offset, sequence, problem }) => ({
      code: 'log-damaged',
      severity: 'failure',
      message: `The log is damaged: ${file}, byte ${offset}, event ${sequence}: ${problem}.`,
      next: 'Restart the coordinator: it gets the log back from the nodes that keep it. All places: collective audit verify',
    }));
    if (keeper.rebuilt.count > 0) {
      const names = this.#damagedViews.length === 0 ? '' : ` (${this.#damagedViews.join(', ')})`;
      found.push({
        code: 'views-rebuilt',
        severity: 'notice',
        message: `The view database was damaged${names} and has been rebuilt from the log.`,
        next: "Check the coordinator's disk if this happens again.",
      });
    }
    if (this.#failure !== undefined) {
      found.push({
        code: 'audit-failed',
        severity: 'warning',
        message: `The log and the views could not be verified: ${this.#failure.message}`,
        next: 'collective audit verify',
      });
    }
    return found;
  }
}

const REST_FACTOR = 9;
const REST_MAX_MS = 2000;
const BUSY_WAIT_MS = 50;
/** A coordinator that is never idle is audited too. */
const BUSY_WAITS = 40;

/** The audit beside the service, and what mends the views that it finds damaged. Nothing runs yet. */
export function auditBesideService(
  options: Omit<BackgroundAuditOptions, 'keeper' | 'busy' | 'intervalMs'> & {
    readonly commands: CommandLoop;
    readonly intervalMs: number | undefined;
    readonly onFailure: (error: CollectiveError) => void;
  },
): { readonly keeper: ViewKeeper; readonly background: BackgroundAudit } {
  const { commands, onFailure, intervalMs = LIMITS.auditIntervalMs, ...shared } = options;
  const keeper = new ViewKeeper({ ...shared, exclusively: (work) => commands.exclusively(work), onFailure });
  const background = new BackgroundAudit({ ...shared, keeper, intervalMs, busy: () => commands.busy });
  return { keeper, background };
}
