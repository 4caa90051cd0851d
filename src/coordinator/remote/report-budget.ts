import { CollectiveError, LIMITS, type MemberId } from '../../base/index.js';

interface Told {
  sinceMs: number;
  copies: number;
}

/** How many bad copies each member may still tell of. */
export class ReportBudget {
  readonly #told = new Map<MemberId, Told>();

  /** Error: LIMIT_EXCEEDED, and then none of them counts. */
  take(memberId: MemberId, copies: number, nowMs: number): void {
    const known = this.#told.get(memberId);
    const told = known !== undefined && nowMs - known.sinceMs < LIMITS.damageReportsMs ? known : { sinceMs: nowMs, copies: 0 };
    if (told.copies + copies > LIMITS.damageReportsPerMember) {
      throw new CollectiveError('LIMIT_EXCEEDED', `Your member has told of ${told.copies} bad copies here already.`, {
        next: 'What is told is looked at; tell of the rest in an hour.',
      });
    }
    told.copies += copies;
    this.#told.set(memberId, told);
  }
}
