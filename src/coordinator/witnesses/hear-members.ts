import { LIMITS, type MemberId } from '../../base/index.js';
import type { Head } from '../../events/index.js';
import type { MemberSession } from './member-keeper.js';

/** What is known of the own log at peers, and how to get it back. */
export interface OwnLogAtPeers {
  /** Of those who are connected. */
  ownHeads(): ReadonlyMap<MemberId, Head>;
  /** Told when a session begins or ends, and when a peer says how far it is. Returns what ends that. */
  onOwnHeads(listener: () => void): () => void;
  blocksFrom(
    memberId: MemberId,
    range: { readonly origin: MemberId; readonly fromSequence: number; readonly toSequence?: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined>;
  readonly links: { get(memberId: MemberId): { readonly ended: AbortSignal } | undefined };
}

/** Has every new word of a peer on how far it holds the own log heard, once. Returns what ends that. */
export function hearMembers(
  peers: OwnLogAtPeers,
  origin: MemberId,
  hear: (session: MemberSession, head: Head) => void,
): () => void {
  const heard = new Map<MemberId, Head>();
  const listen = (): void => {
    const heads = peers.ownHeads();
    for (const memberId of heard.keys()) if (!heads.has(memberId)) heard.delete(memberId);
    for (const [memberId, head] of heads) {
      const ended = peers.links.get(memberId)?.ended;
      if (ended === undefined || heard.get(memberId) === head) continue;
      heard.set(memberId, head);
      const read: MemberSession['read'] = (fromSequence, toSequence, signal) =>
        pageOf(peers.blocksFrom(memberId, { origin, fromSequence, toSequence }, AbortSignal.any([signal, ended])));
      hear({ memberId, ended, read }, head);
    }
  };
  listen();
  return peers.onOwnHeads(listen);
}

/** As much as a node gives at once. */
export async function pageOf(blocks: AsyncGenerator<Uint8Array, void, undefined>): Promise<readonly Uint8Array[]> {
  const page: Uint8Array[] = [];
  let bytes = 0;
  for await (const block of blocks) {
    page.push(block);
    bytes += block.length;
    if (bytes >= LIMITS.witnessPageBytes) break;
  }
  return page;
}
