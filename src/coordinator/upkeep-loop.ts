import { LIMITS, toCollectiveError } from '../base/index.js';
import { decideExpireUpload, decidePurgeExpired, inTime } from '../domain/index.js';
import type { Clock, Logger, Timers } from '../ports/index.js';
import type { ViewHost } from '../projections/index.js';
import type { CommandLoop } from './commands/command-loop.js';

// Also bounds what a start after a crash has to replay.
const INTERVAL_MS = 10_000;
const UPLOADS_A_ROUND = 256;
const PURGES_A_ROUND = 64;
/** A clock that jumps this far while the coordinator runs is not trusted with what it is to forget. */
const CLOCK_JUMP_MS = 10 * 60 * 1000;

export interface UpkeepLoopOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly logger: Logger;
  readonly retentionMs: number;
}

/**
 * Every ten seconds: closes uploads that have expired, purges what was kept for its retention time, forgets requests past their
 * time, and flushes the views.
 */
export async function runUpkeep(options: UpkeepLoopOptions, signal: AbortSignal): Promise<void> {
  const steady = new SteadyClock(options.clock);
  while (!signal.aborted) {
    try {
      await options.timers.sleep(INTERVAL_MS, signal);
      await expireUploads(options);
      if (steady.trusted()) await purgeExpired(options);
      await options.views.pruneRequests(options.clock.nowMs() - LIMITS.requestRetentionMs);
      await options.views.flush();
    } catch (error) {
      if (signal.aborted) return;
      options.logger.error('upkeep failed', { error: toCollectiveError(error) });
    }
  }
}

async function expireUploads({ clock, views, commands }: UpkeepLoopOptions): Promise<void> {
  const nowMs = clock.nowMs();
  const { rows } = await views.run((all) => all.uploads.open(UPLOADS_A_ROUND));
  for (const [[expiresAtMs, uploadId]] of rows) {
    if (expiresAtMs > nowMs) return;
    await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (all) => decideExpireUpload(uploadId, all.uploads, nowMs),
      answer: () => undefined,
    });
  }
}

/** Event by event, so that nobody waits long behind it; the rest has time until the next round. */
async function purgeExpired({ clock, views, commands, retentionMs }: UpkeepLoopOptions): Promise<void> {
  for (let round = 0; round < PURGES_A_ROUND; round += 1) {
    const retention = { nowMs: clock.nowMs(), retentionMs };
    const due = await views.run(({ namespace }) => namespace.ageing(1).rows.some(([[sinceMs]]) => !inTime(sinceMs, retention)));
    if (!due) return;
    await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: ({ namespace }) => decidePurgeExpired(namespace, retention),
      answer: () => undefined,
    });
  }
}

/** Purging cannot be undone: a clock that was set, or went wrong, must not do it. */
class SteadyClock {
  readonly #clock: Clock;
  readonly #offsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.nowMs() - clock.monotonicMs();
  }

  /** Until the next start, where it has jumped. */
  trusted(): boolean {
    return Math.abs(this.#clock.nowMs() - this.#clock.monotonicMs() - this.#offsetMs) < CLOCK_JUMP_MS;
  }
}
