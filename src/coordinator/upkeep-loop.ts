import { LIMITS, toCollectiveError } from '../base/index.js';
import { decideExpireUpload } from '../domain/index.js';
import type { Clock, Logger, Timers } from '../ports/index.js';
import type { ViewHost } from '../projections/index.js';
import type { CommandLoop } from './commands/command-loop.js';

// Also bounds what a start after a crash has to replay.
const INTERVAL_MS = 10_000;
const UPLOADS_A_ROUND = 256;

export interface UpkeepLoopOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly logger: Logger;
}

/** Every ten seconds: closes uploads that have expired, forgets requests past their time, and flushes the views. */
export async function runUpkeep(options: UpkeepLoopOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await options.timers.sleep(INTERVAL_MS, signal);
      await expireUploads(options);
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
