import { toCollectiveError, type CollectiveError } from '../../base/index.js';
import type { Clock, Logger, Random, Timers } from '../../ports/index.js';

export interface RetryOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** How long a party that has answered before may be away. */
  readonly patienceMs: number;
  /** How long one that never answered may: mostly it is not running, and its user wants to know. */
  readonly firstPatienceMs: number;
  /** Whether the failure is of a member that was known to be away before: waiting for its return is for its user to decide. */
  readonly knownAway?: (error: CollectiveError) => boolean;
}

const DELAY_MIN_MS = 100;
const DELAY_MAX_MS = 3000;

/** Repeats what failed for a reason that passes by itself, with growing, jittered delays. */
export class Retry {
  readonly #options: RetryOptions;
  #answered = false;

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  /** How long to go on while the other side is away. */
  get patienceMs(): number {
    return this.#answered ? this.#options.patienceMs : this.#options.firstPatienceMs;
  }

  /** The other side was there. */
  answered(): void {
    this.#answered = true;
  }

  /** `task` must be safe to repeat. Throws its last error once patience is over; CANCELLED at once. */
  async run<Value>(what: string, signal: AbortSignal, task: () => Promise<Value>): Promise<Value> {
    const { clock, logger, firstPatienceMs, knownAway } = this.#options;
    const beginMs = clock.monotonicMs();
    for (let attempt = 0; ; attempt += 1) {
      try {
        const value = await task();
        this.answered();
        return value;
      } catch (thrown) {
        const error = toCollectiveError(thrown);
        if (!isAway(error)) this.answered();
        const delayMs = this.#delayMs(attempt);
        const patienceMs = knownAway?.(error) === true ? firstPatienceMs : this.patienceMs;
        if (signal.aborted || !isAway(error) || clock.monotonicMs() - beginMs + delayMs > patienceMs) throw error;
        logger.debug('repeating a call', { call: what, attempt, error });
        await this.#options.timers.sleep(delayMs, signal);
      }
    }
  }

  /** The wait before attempt number `attempt + 1`. Error: CANCELLED. */
  pause(attempt: number, signal: AbortSignal): Promise<void> {
    return this.#options.timers.sleep(this.#delayMs(attempt), signal);
  }

  #delayMs(attempt: number): number {
    const fullMs = Math.min(DELAY_MAX_MS, DELAY_MIN_MS * 2 ** Math.min(attempt, 10));
    return fullMs * (0.5 + this.#options.random.fraction() / 2);
  }
}

/** Whether nobody answered: the request may have been done or not, and asking again is safe. */
export const isAway = ({ code }: CollectiveError): boolean =>
  code === 'COORDINATOR_UNREACHABLE' || code === 'UNAVAILABLE' || code === 'DEADLINE_EXCEEDED';
