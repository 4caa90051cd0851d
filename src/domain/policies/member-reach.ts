import type { Unusable } from '../node-choice.js';

/** Whether an admitted member can be asked now; else why not: nobody answers, or it does not let this one in. */
export type MemberReach = 'here' | 'away' | 'not-admitted';

/** A member that could keep copies, were it here. */
export const unreached = (name: string, reach: MemberReach): Unusable =>
  reach === 'not-admitted' ? { name, why: 'not letting you in', refuses: true } : { name, why: 'away' };
