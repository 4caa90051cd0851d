import { CollectiveError, type MemberId } from '../../base/index.js';
import { type PeerMember, type PeerPool, verifyPooledLeaf } from '../../identity/index.js';

/** The member that is to be dialled. Error: PERMISSION_DENIED for one that is not in the pool. */
export function presentPeer(peers: PeerPool, memberId: MemberId): PeerMember {
  const peer = peers.of(memberId);
  if (peer === undefined) throw notPresent(memberId);
  return peer;
}

export const notPresent = (memberId: MemberId): CollectiveError =>
  new CollectiveError('PERMISSION_DENIED', `Member ${memberId.slice(0, 8)} is not admitted here.`, {
    next: 'collective member list',
    details: { memberId },
  });

/** What a handshake with a peer listener checks of who dials it, for those without TLS. Errors: those of a refused handshake. */
export function checkDialler(leaf: Uint8Array, peers: PeerPool, nowMs: number): void {
  const verified = verifyPooledLeaf(leaf, peers, { nowMs, roles: ['coordinator'] });
  if (verified.ok) return;
  if (verified.error.code === 'NOT_ADMITTED') throw verified.error;
  throw new CollectiveError(
    'COORDINATOR_UNREACHABLE',
    'The coordinator closed the connection: it does not accept the certificate of this end.',
    { next: "Look into that coordinator's log: it names the reason.", cause: verified.error },
  );
}
