import { toCollectiveError } from '../../base/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { ProtectionDesk } from './protection-desk.js';
import { walkTree } from './tree-walk.js';

const INTERVAL_MS = 10_000;
/** A survey may take this share of the time, and no more. */
const TIME_SHARE = 0.05;

export interface ProtectionSurveyOptions {
  readonly views: ViewHost;
  readonly protection: ProtectionDesk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/**
 * Counts, in the background, the files of which some chunk has fewer copies than wanted: chunks do not know their files, so all
 * files are looked at, again when something has changed or nodes came or went, and not more often than it may take time.
 */
export class ProtectionSurvey {
  readonly #options: ProtectionSurveyOptions;
  #files: number | undefined;
  #outOfReach = 0;
  #lost = 0;
  #countedAt = '';

  constructor(options: ProtectionSurveyOptions) {
    this.#options = options;
  }

  /** As last counted; undefined: not yet. */
  get underProtectedFiles(): number | undefined {
    return this.#files;
  }

  /** As last counted: files that have enough copies, and too few of them at nodes that are here. */
  get filesOutOfReach(): number {
    return this.#outOfReach;
  }

  /** As last counted: files with a chunk of which nobody keeps a copy any more. */
  get lostFiles(): number {
    return this.#lost;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { timers, clock, logger } = this.#options;
    let pauseMs = 0;
    while (!signal.aborted) {
      try {
        await timers.sleep(Math.max(INTERVAL_MS, pauseMs), signal);
        const beganMs = clock.monotonicMs();
        await this.#count(signal);
        pauseMs = (clock.monotonicMs() - beganMs) / TIME_SHARE;
      } catch (error) {
        if (signal.aborted) return;
        logger.error('counting the files with too few copies failed', { error: toCollectiveError(error) });
      }
    }
  }

  async #count(signal: AbortSignal): Promise<void> {
    const { views, protection, timers } = this.#options;
    const { sequence } = views.position();
    const here = await protection.whoIsHere();
    const state = `${sequence} ${here.key}`;
    if (state === this.#countedAt) return;
    const troubled = !here.all || (await views.run(({ usage }) => usage.totals().underProtectedChunks > 0));
    let [files, outOfReach, lost] = [0, 0, 0];
    if (troubled) {
      for await (const walked of walkTree(views, [], signal)) {
        const standing = await protection.standing(walked, signal, 'lost');
        if (standing === 'under-protected' || standing === 'lost') files += 1;
        if (standing === 'lost') lost += 1;
        if (standing === 'out-of-reach') outOfReach += 1;
        // Rows that are in memory take no turn of the event loop.
        if (walked.row.kind === 'directory') await timers.sleep(0, signal);
      }
    }
    this.#files = files;
    this.#outOfReach = outOfReach;
    this.#lost = lost;
    this.#countedAt = state;
  }
}
