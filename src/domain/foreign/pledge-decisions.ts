import { CollectiveError, fail, type MemberId, ok } from '../../base/index.js';
import type { PeersReader, PledgesReader } from '../../projections/index.js';
import type { Decision } from '../decision.js';

/** How much is kept for another member from now on. What is kept already stays. Error: REQUEST_INVALID, MEMBER_UNKNOWN. */
export function decideSetPledge(
  { memberId, bytes }: { readonly memberId: MemberId; readonly bytes: number },
  { peers, pledges }: { readonly peers: PeersReader; readonly pledges: PledgesReader },
): Decision {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    return fail(new CollectiveError('REQUEST_INVALID', 'A pledge is a number of bytes, from 0 on.'));
  }
  const member = peers.get(memberId);
  if (bytes > 0 && member?.state !== 'admitted') {
    return fail(
      new CollectiveError('NOT_FOUND', `${member?.name ?? memberId} is not an admitted member: nothing is kept for it.`, {
        next: 'See who is: collective member list',
      }),
    );
  }
  if ((pledges.get(memberId)?.bytes ?? 0) === bytes) return ok([]);
  return ok([{ type: 'PledgeChanged', memberId, bytes }]);
}
