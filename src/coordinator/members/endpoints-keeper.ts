import { toCollectiveError } from '../../base/index.js';
import { decideEndpoints } from '../../domain/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { CoordinatorOptions } from '../coordinator-options.js';

const RETRY_MS = 5_000;

/** Puts on record where the coordinator is now, if that is another place than it was: others find it by its log. Never rejects. */
export async function recordEndpoints(
  options: Pick<CoordinatorOptions, 'homeEndpoints' | 'enrolmentEndpoints' | 'peerEndpoints'> & {
    readonly commands: CommandLoop;
    readonly timers: Timers;
    readonly logger: Logger;
  },
  signal: AbortSignal,
): Promise<void> {
  const { homeEndpoints: home, enrolmentEndpoints: enrolment, peerEndpoints: peer = [], commands, timers, logger } = options;
  while (!signal.aborted) {
    try {
      await commands.submit({
        actor: 'coordinator',
        request: undefined,
        decide: ({ members }) => decideEndpoints({ home, enrolment, peer }, members),
        answer: () => undefined,
      });
      return;
    } catch (error) {
      if (signal.aborted) return;
      logger.debug('the addresses could not be put on record yet', { error: toCollectiveError(error) });
      // Only the signal ends it early, which the loop looks at.
      await timers.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}
