import type { MemberId } from '../../base/index.js';
import type { PlacementRow } from '../../projections/index.js';

/**
 * Whether a member may be counted on for a chunk that its log has and the own one does not count on there: at once, once it has shown
 * the bytes, or not at all. Ids and lengths of all chunks are in the own log, which it has: its word proves nothing, and who is on
 * record is given the bytes to mend its copy, and thought of as a copy when the chunk is stored next. So it is believed of what it had
 * before by the own record; of what is kept with members at all, or nobody else has, when it shows it.
 */
export function claimOf(memberId: MemberId, row: PlacementRow): 'believed' | 'to-be-shown' | 'refused' {
  if (row.members.includes(memberId)) return 'refused';
  const { holders, members, lostMembers, forfeitedMembers, spread } = row;
  if (lostMembers.includes(memberId) || forfeitedMembers.includes(memberId)) return 'believed';
  return spread === 'members' || holders.length + members.length === 0 ? 'to-be-shown' : 'refused';
}
