import { CollectiveError, fail, type MemberId, type Result } from '../base/index.js';
import { type LeafCheck, memberNamedIn, type PeerIdentity } from './leaf.js';
import { casOf, type OwnCredentials, verifyMemberLeaf } from './own-credentials.js';
import { joinPem } from './pem.js';

/** Another member as it is trusted at this moment. */
export interface PeerMember extends Pick<OwnCredentials, 'memberId' | 'ca' | 'previousCas'> {
  /** `host:port` each, of its coordinator's peer listener, in the order to try. */
  readonly endpoints: readonly string[];
}

/** The other members that are trusted: always the present ones. Suspended and removed members are not among them. */
export interface PeerPool {
  /** The same object as before while nothing about the member has changed. */
  of(memberId: MemberId): PeerMember | undefined;
  all(): readonly PeerMember[];
  /** Told after each change. Returns what ends that. */
  onChange(listener: () => void): () => void;
}

/** A pool that never changes. */
export function fixedPeers(members: readonly PeerMember[]): PeerPool {
  const byId = new Map(members.map((member) => [member.memberId, member]));
  return { of: (memberId) => byId.get(memberId), all: () => members, onChange: () => () => undefined };
}

/** Every CA of every member in the pool. They do not keep members apart: that is for `verifyPooledLeaf`. */
export const poolPem = (peers: Pick<PeerPool, 'all'>): string =>
  joinPem(peers.all().flatMap((peer) => casOf(peer).map(({ pem }) => pem)));

/**
 * Who this leaf (DER) speaks for, by the CAs of the member that it names, and of nobody else: bob's CA can sign alice's name,
 * and TLS with pooled CAs takes it. Errors: CERTIFICATE_INVALID; PERMISSION_DENIED for a member that is not in the pool, and for
 * a role that may not.
 */
export function verifyPooledLeaf(
  leafDer: Uint8Array,
  peers: Pick<PeerPool, 'of'>,
  check: Pick<LeafCheck, 'nowMs' | 'roles'>,
): Result<PeerIdentity, CollectiveError> {
  const memberId = memberNamedIn(leafDer);
  if (memberId === undefined) {
    return fail(new CollectiveError('CERTIFICATE_INVALID', 'The certificate names no member, or cannot be read.'));
  }
  const member = peers.of(memberId);
  return member === undefined ? notAdmitted(memberId) : verifyMemberLeaf(leafDer, member, check);
}

const notAdmitted = (memberId: MemberId): Result<never, CollectiveError> =>
  fail(
    new CollectiveError('PERMISSION_DENIED', `Member ${memberId.slice(0, 8)} is not admitted here.`, {
      next: 'Who runs that coordinator sees why with collective member list, and can admit it.',
      details: { memberId },
    }),
  );
