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
  /** Somebody was refused at a listener who bore this member's name: it may have another CA by now. */
  doubt?(memberId: MemberId): void;
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
  peers: Pick<PeerPool, 'of' | 'doubt'>,
  check: Pick<LeafCheck, 'nowMs' | 'roles'>,
): Result<PeerIdentity, CollectiveError> {
  const memberId = memberNamedIn(leafDer);
  if (memberId === undefined) {
    return fail(new CollectiveError('CERTIFICATE_INVALID', 'The certificate names no member, or cannot be read.'));
  }
  const member = peers.of(memberId);
  if (member === undefined) return notAdmitted(memberId);
  const verified = verifyMemberLeaf(leafDer, member, check);
  if (!verified.ok && verified.error.code === 'CERTIFICATE_INVALID') peers.doubt?.(memberId);
  return verified;
}

const notAdmitted = (memberId: MemberId): Result<never, CollectiveError> =>
  fail(
    new CollectiveError(
      'PERMISSION_DENIED',
      `The caller's member, ${memberId.slice(0, 8)}, is not admitted by the coordinator that was called.`,
      {
        next: 'Who runs that coordinator sees why with collective member list, and can admit it.',
        details: { memberId },
      },
    ),
  );
