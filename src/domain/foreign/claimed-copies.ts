import type { MemberId } from '../../base/index.js';
import type { PlacementRow } from '../../projections/index.js';

/**
 * Whether a member may be believed that it keeps a chunk that the own log does not count on there. Ids and lengths of all chunks are in
 * that log, which it has: its word alone proves nothing, and who is on record is given the bytes to mend its copy. So only what it had
 * before, what is kept with members at all, and what nobody else has, so that there is nothing to be given.
 */
export function mayBeClaimed(memberId: MemberId, row: PlacementRow): boolean {
  if (row.members.includes(memberId)) return false;
  const { holders, members, lostMembers, forfeitedMembers, spread } = row;
  if (lostMembers.includes(memberId) || forfeitedMembers.includes(memberId) || spread === 'members') return true;
  return holders.length + members.length === 0;
}
