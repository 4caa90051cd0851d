import type { MemberId } from '../base/index.js';

/** How much somebody may use up at once, and how fast that comes back. */
export interface AllowanceRules {
  readonly most: number;
  /** In which `most` comes back, evenly. */
  readonly periodMs: number;
}

interface Account {
  left: number;
  atMs: number;
}

/** What each member has left of an allowance ("token bucket"). Members who have used nothing for a period cost nothing. */
export class Allowances {
  readonly #rules: AllowanceRules;
  readonly #accounts = new Map<MemberId, Account>();

  constructor(rules: AllowanceRules) {
    this.#rules = rules;
  }

  /** False, and nothing taken, where not so much is left. `nowMs` is of any clock that does not go back. */
  take(memberId: MemberId, amount: number, nowMs: number): boolean {
    const left = this.left(memberId, nowMs);
    if (amount > left) return false;
    this.#accounts.set(memberId, { left: left - amount, atMs: nowMs });
    return true;
  }

  /** It was not used after all. */
  giveBack(memberId: MemberId, amount: number, nowMs: number): void {
    const left = Math.min(this.#rules.most, this.left(memberId, nowMs) + amount);
    this.#accounts.set(memberId, { left, atMs: nowMs });
  }

  left(memberId: MemberId, nowMs: number): number {
    const account = this.#accounts.get(memberId);
    if (account === undefined) return this.#rules.most;
    const { most, periodMs } = this.#rules;
    const left = Math.min(most, account.left + (most * Math.max(0, nowMs - account.atMs)) / periodMs);
    if (left === most) this.#accounts.delete(memberId);
    return left;
  }

  /** How long until so much is left, in milliseconds; Infinity for more than there ever is. */
  waitMs(memberId: MemberId, amount: number, nowMs: number): number {
    const { most, periodMs } = this.#rules;
    if (amount > most) return Number.POSITIVE_INFINITY;
    return Math.max(0, ((amount - this.left(memberId, nowMs)) * periodMs) / most);
  }
}
