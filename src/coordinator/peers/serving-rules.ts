import { isCollectiveError, type MemberId } from '../../base/index.js';
import type { ViewHost } from '../../projections/index.js';

/**
 * Whether a log may be given to a member whose coordinator is connected, and so is admitted here: the own one may; its own one
 * may, for it may have lost it; any other only while that log itself admits the member.
 */
export async function mayHave(
  member: MemberId,
  origin: MemberId,
  {
    own,
    views,
    isKept,
  }: { readonly own: MemberId; readonly views: Pick<ViewHost, 'run'>; readonly isKept: (origin: MemberId) => boolean },
): Promise<boolean> {
  if (origin === own || origin === member) return true;
  if (!isKept(origin)) return false;
  try {
    return await views.run(({ peers }) => peers.get(member)?.state === 'admitted', origin);
  } catch (error) {
    // While they are built anew nobody can say.
    if (isCollectiveError(error) && (error.code === 'UNAVAILABLE' || error.code === 'VIEW_DAMAGED')) return false;
    throw error;
  }
}
