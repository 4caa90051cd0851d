import { type CollectiveError, LIMITS, type MemberId } from '../../base/index.js';
import type { Clock } from '../../ports/index.js';

interface Pause {
  readonly untilMs: number;
  readonly failures: number;
}

const FIRST_MS = 1_000;

/** How long each member is let be after something went wrong with it: twice as long each time, or as long as the error says. */
export class Pauses {
  readonly #clock: Clock;
  readonly #pauses = new Map<MemberId, Pause>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isDue(memberId: MemberId): boolean {
    return (this.#pauses.get(memberId)?.untilMs ?? 0) <= this.#clock.monotonicMs();
  }

  /** Returns for how long. */
  failed(memberId: MemberId, error: CollectiveError): number {
    const failures = (this.#pauses.get(memberId)?.failures ?? 0) + 1;
    const { waitMs: told } = error.details ?? {};
    const waitMs =
      error.code === 'LIMIT_EXCEEDED' && typeof told === 'number'
        ? Math.max(FIRST_MS, told)
        : FIRST_MS * 2 ** Math.min(failures - 1, 12);
    const pauseMs = Math.min(waitMs, LIMITS.keptMendMaxMs);
    this.#pauses.set(memberId, { untilMs: this.#clock.monotonicMs() + pauseMs, failures });
    return pauseMs;
  }

  over(memberId: MemberId): void {
    this.#pauses.delete(memberId);
  }
}
