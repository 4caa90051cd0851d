import { setTimeout as delay } from 'node:timers/promises';
import { CollectiveError } from '../base/index.js';
import type { Timers } from '../ports/index.js';

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Real waits. A `sleep` keeps the process alive, `after` does not. */
export class SystemTimers implements Timers {
  async sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    let restMs = Math.max(0, durationMs);
    do {
      const sliceMs = Math.min(restMs, LONGEST_TIMER_MS);
      restMs -= sliceMs;
      try {
        await delay(sliceMs, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        throw new CollectiveError('CANCELLED', 'The wait was cancelled.', { cause: error });
      }
    } while (restMs > 0);
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    let timer: NodeJS.Timeout | undefined;
    const arm = (restMs: number): void => {
      const sliceMs = Math.min(restMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => (restMs > sliceMs ? arm(restMs - sliceMs) : task()), sliceMs);
      timer.unref();
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timer) };
  }
}
