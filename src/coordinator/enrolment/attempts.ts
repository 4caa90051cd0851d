import { type InviteId, LIMITS } from '../../base/index.js';
import type { Clock } from '../../ports/index.js';

const WINDOW_MS = 60_000;

interface Attempt {
  readonly address: string;
  readonly atMs: number;
}

/**
 * How often the enrolment port was tried in vain: within a minute, by each address and in all; and with a wrong proof, for each
 * invite. An attempt counts until it has succeeded, so that joining many machines at once is nobody's attack, and a stranger who
 * knocks all day keeps only others of the same address out.
 */
export class EnrolmentAttempts {
  readonly #clock: Clock;
  #recent: Attempt[] = [];
  readonly #wrong = new Map<InviteId, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when there were too many within the last minute. */
  admit(address: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    this.#recent = this.#recent.filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
    const fromThere = this.#recent.filter((attempt) => attempt.address === address).length;
    if (this.#recent.length >= LIMITS.failedEnrolments || fromThere >= LIMITS.failedEnrolmentsPerAddress) return false;
    this.#recent.push({ address, atMs: nowMs });
    return true;
  }

  /** One that was admitted from there was not in vain. */
  succeeded(address: string): void {
    const index = this.#recent.findIndex((attempt) => attempt.address === address);
    if (index >= 0) this.#recent.splice(index, 1);
  }

  /** Counts a wrong proof for an invite that exists (so the number of rows is bounded). True: it was one too many. */
  wrong(inviteId: InviteId): boolean {
    const count = (this.#wrong.get(inviteId) ?? 0) + 1;
    if (count < LIMITS.inviteWrongTries) this.#wrong.set(inviteId, count);
    else this.#wrong.delete(inviteId);
    return count >= LIMITS.inviteWrongTries;
  }
}
