import { isMemberId, type MemberId } from '../../base/index.js';
import type { FetchSource } from '../../transport/index.js';
import type { PeerTrust } from '../members/peer-trust.js';
import { foreignAccess } from './foreign-access.js';

/**
 * What another member told, as it is here: its own nodes are another member's, and ours are ours. By what a node is known is
 * never taken from what was told; nodes of members that are not admitted here are left out.
 */
export function toldSources(
  from: MemberId,
  sources: readonly FetchSource[],
  { own, trust }: { readonly own: MemberId; readonly trust: PeerTrust },
): readonly FetchSource[] {
  return sources.flatMap(({ access, chunks }): FetchSource[] => {
    if (access === undefined) return [];
    const whose = access.memberId === '' ? from : access.memberId;
    if (whose === own) return [{ chunks, access: { ...access, memberId: '', trust: undefined } }];
    if (!isMemberId(whose) || trust.of(whose) === undefined) return [];
    return [{ chunks, access: foreignAccess(whose, access, trust) }];
  });
}
