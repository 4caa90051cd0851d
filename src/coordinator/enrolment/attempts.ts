import { type InviteId, LIMITS } from '../../base/index.js';
import type { Clock } from '../../ports/index.js';

const WINDOW_MS = 60_000;

/** How often the enrolment port was tried: in all, within a minute; and wrongly, for each invite. */
export class EnrolmentAttempts {
  readonly #clock: Clock;
  readonly #recentMs: number[] = [];
  readonly #wrong = new Map<InviteId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when there were too many within the last minute. */
  admit(): boolean {
    const nowMs = this.#clock.monotonicMs();
    while (this.#recentMs[0] !== undefined && this.#recentMs[0] <= nowMs - WINDOW_MS) this.#recentMs.shift();
    if (this.#recentMs.length >= LIMITS.enrolmentsPerMinute) return false;
    this.#recentMs.push(nowMs);
    return true;
  }

  /** Counts a wrong proof for an invite that exists (so the number of rows is bounded). True: it was one too many. */
  wrong(inviteId: InviteId): boolean {
    const count = (this.#wrong.get(inviteId) ?? 0) + 1;
    if (count < LIMITS.inviteWrongTries) this.#wrong.set(inviteId, count);
    else this.#wrong.delete(inviteId);
    return count >= LIMITS.inviteWrongTries;
  }
}
