import { CollectiveError, isCollectiveError, LIMITS } from '../../../base/index.js';
import type { Clock, Logger, Random, Timers } from '../../../ports/index.js';
import type { Links } from './links.js';

export interface SessionWatchOptions {
  readonly links: Links;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** With each round. Must not throw. */
  readonly onRound: () => void;
}

/** Until the signal: asks every peer how it is, and ends sessions that say nothing. Never rejects. */
export async function watchSessions(options: SessionWatchOptions, signal: AbortSignal): Promise<void> {
  const { links, clock, timers, random, logger, onRound } = options;
  while (!signal.aborted) {
    try {
      await timers.sleep(LIMITS.peerPingMs * (0.75 + random.fraction() / 2), signal);
    } catch (error) {
      if (isCollectiveError(error) && error.code === 'CANCELLED') return;
      logger.error('sessions are not watched any more', { error });
      return;
    }
    const silent = new CollectiveError('DEADLINE_EXCEEDED', 'The other coordinator says nothing any more.');
    links.cut(({ heardMs }) => clock.nowMs() - heardMs > LIMITS.peerSilenceMs, silent);
    for (const link of links.all()) if (link.pingDue) link.ping();
    onRound();
  }
}
