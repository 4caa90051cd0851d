import type { ChunkId, MemberId } from '../../base/index.js';
import { decideMemberCopiesLost } from '../../domain/index.js';
import type { Submits } from '../commands/command-loop.js';
import { hasOtherInReach, type WithinReach } from './other-copies.js';

/**
 * Copies with a member that is about to go do not count any more, but for those that have no other within reach in the moment of this
 * decision. Those that it may forget.
 */
export function letGo(
  memberId: MemberId,
  chunkIds: readonly ChunkId[],
  options: WithinReach & { readonly commands: Submits },
): Promise<readonly ChunkId[]> {
  return options.commands.submit({
    actor: `member/${memberId}/coordinator`,
    request: undefined,
    decide: (all) => {
      all.placement.need(chunkIds);
      const elsewhere = chunkIds.filter((id) => hasOtherInReach(all.placement.chunk(id), memberId, all, options));
      return decideMemberCopiesLost({ memberId, reason: 'released', chunkIds: elsewhere }, all.placement);
    },
    answer: (events) => events.flatMap(({ event }) => (event?.type === 'CopiesLost' ? event.chunkIds : [])),
  });
}
