import { toCollectiveError } from '../../base/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { RevocationDesk } from './revocation-desk.js';

const LOOKS_PER_LIFE = 20;
const INTERVAL_MAX_MS = 60_000;

/** Ends what is open for those whose certificates have all expired: every minute, oftener where certificates live shortly. */
export async function runLapseWatch(
  options: {
    readonly revocation: RevocationDesk;
    readonly timers: Timers;
    readonly logger: Logger;
    /** Of a certificate. */
    readonly lifeMs: number;
  },
  signal: AbortSignal,
): Promise<void> {
  const intervalMs = Math.min(INTERVAL_MAX_MS, options.lifeMs / LOOKS_PER_LIFE);
  while (!signal.aborted) {
    try {
      await options.timers.sleep(intervalMs, signal);
      await options.revocation.cutLapsed();
    } catch (error) {
      if (signal.aborted) return;
      options.logger.error('looking for certificates that have expired failed', { error: toCollectiveError(error) });
    }
  }
}
