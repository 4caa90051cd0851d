import { LIMITS, toCollectiveError } from '../../base/index.js';

/**
 * Makes what a member keeps elsewhere, and removes the member; both again where `remove` finds (UNAVAILABLE) that it keeps something
 * still: that was put in between, and may be with nobody else. Errors: those of both; UNAVAILABLE after LIMITS.removalRounds.
 */
export async function removeOnceEmpty<Answer>(replace: () => Promise<void>, remove: () => Promise<Answer>): Promise<Answer> {
  for (let rounds = 1; ; rounds += 1) {
    await replace();
    try {
      return await remove();
    } catch (error) {
      if (toCollectiveError(error).code !== 'UNAVAILABLE' || rounds === LIMITS.removalRounds) throw error;
    }
  }
}
