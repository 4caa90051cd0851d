import { CollectiveError, toCollectiveError } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import { replay } from './replay.js';

/** Views that need it again so soon are on a disk that a rebuilding does not help. */
const LEAST_INTERVAL_MS = 60_000;

export interface ViewKeeperOptions {
  readonly log: EventLog;
  readonly views: ViewHost;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Runs it while nobody else changes the log or the views. */
  readonly exclusively: (work: () => Promise<void>) => Promise<void>;
  /** It could not be mended: the process has to end, and its next start builds the views anew. */
  readonly onFailure: (error: CollectiveError) => void;
}

/** Rebuilds views that were found damaged while the coordinator runs. Whoever reads meanwhile is asked to try again. */
export class ViewKeeper {
  readonly #options: ViewKeeperOptions;
  readonly #stop = new AbortController();
  #mending: Promise<void> | undefined;
  #lastMonotonicMs = Number.NEGATIVE_INFINITY;
  /** How often it was done since the start, and when last. */
  rebuilt: { readonly count: number; readonly lastMs: number } = { count: 0, lastMs: 0 };

  constructor(options: ViewKeeperOptions) {
    this.#options = options;
    options.views.onDoubt((origin) => {
      if (origin === options.log.origin) this.#mend();
    });
  }

  get rebuilding(): boolean {
    return this.#mending !== undefined;
  }

  /** Rebuilds nothing any more once the signal aborts, and then resolves; what was under way goes on at the next start. */
  async run(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    this.#stop.abort();
    await this.#mending;
  }

  /** Resolves when what was found so far is mended. */
  async settled(): Promise<void> {
    await this.#mending;
  }

  #mend(): void {
    if (this.#mending !== undefined || this.#stop.signal.aborted) return;
    const { exclusively, logger, onFailure } = this.#options;
    this.#mending = exclusively(() => this.#rebuild())
      .catch((error: unknown) => {
        if (this.#stop.signal.aborted) return;
        logger.error('the views could not be rebuilt', { error: toCollectiveError(error) });
        onFailure(toCollectiveError(error));
      })
      .finally(() => {
        this.#mending = undefined;
      });
  }

  async #rebuild(): Promise<void> {
    const { log, views, clock, logger } = this.#options;
    const startedMs = clock.monotonicMs();
    if (startedMs - this.#lastMonotonicMs < LEAST_INTERVAL_MS) {
      throw new CollectiveError('VIEW_DAMAGED', 'The views were rebuilt a moment ago, and are damaged again.', {
        next: 'Check the disk of the coordinator. Its next start builds them anew.',
      });
    }
    this.#lastMonotonicMs = startedMs;
    logger.warn('the views are damaged and are being rebuilt from the log', { head: log.head.sequence });
    await views.reset();
    let events = 0;
    for await (const applied of replay(log, views, { toSequence: log.head.sequence, signal: this.#stop.signal }))
      events = applied;
    views.resume();
    await views.flush();
    this.rebuilt = { count: this.rebuilt.count + 1, lastMs: clock.nowMs() };
    logger.info('the views were rebuilt', { events, durationMs: Math.round(clock.monotonicMs() - startedMs) });
  }
}
