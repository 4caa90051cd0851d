import type { MemberId } from '../../base/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { PeerTrust } from '../members/peer-trust.js';

export interface PledgeToUs {
  readonly pledgedBytes: number;
  readonly usedBytes: number;
  readonly usedChunks: number;
}

export interface PledgeSources {
  readonly views: ViewHost;
  readonly own: MemberId;
  /** Whether views of a copy of its log are there. */
  readonly knowsLogOf: (memberId: MemberId) => boolean;
}

const NOTHING: PledgeToUs = { pledgedBytes: 0, usedBytes: 0, usedChunks: 0 };

/** What another member's log, as far as it is known here, says of what it keeps for this one. */
export async function pledgeToUs({ views, own, knowsLogOf }: PledgeSources, memberId: MemberId): Promise<PledgeToUs> {
  if (!knowsLogOf(memberId)) return NOTHING;
  return views.run(({ pledges, foreignCopies }) => {
    const { bytes: usedBytes, chunks: usedChunks } = foreignCopies.totals(own);
    return { pledgedBytes: pledges.get(own)?.bytes ?? 0, usedBytes, usedChunks };
  }, memberId);
}

/** Those that have pledged anything, of all that are admitted. */
export async function pledgesToUs(
  sources: PledgeSources,
  trust: PeerTrust,
): Promise<readonly { readonly memberId: MemberId; readonly name: string; readonly pledge: PledgeToUs }[]> {
  const all = await Promise.all(
    trust.all().map(async ({ memberId, name }) => ({ memberId, name, pledge: await pledgeToUs(sources, memberId) })),
  );
  return all.filter(({ pledge }) => pledge.pledgedBytes > 0 || pledge.usedBytes > 0);
}
