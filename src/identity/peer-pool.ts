import { CollectiveError, fail, isMemberId, type MemberId, type Result } from '../base/index.js';
import { type LeafCheck, memberNamedIn, type PeerIdentity } from './leaf.js';
import { casOf, type OwnCredentials, verifyMemberLeaf } from './own-credentials.js';
import { joinPem } from './pem.js';

/** Another member as it is trusted at this moment. */
export interface PeerMember extends Pick<OwnCredentials, 'memberId' | 'ca' | 'previousCas'> {
  /** `host:port` each, of its coordinator's peer listener, in the order to try. */
  readonly endpoints: readonly string[];
}

/** How a member stands that is known and does not come in. */
export type Standing = 'applied' | 'suspended' | 'removed' | 'refused';

/** A member that is known and does not come in now, with the CAs it is known by. */
export interface MemberOutside extends Pick<OwnCredentials, 'memberId' | 'ca' | 'previousCas'> {
  readonly standing: Standing;
  readonly sinceMs: number;
}

/** The other members that are trusted: always the present ones. Suspended and removed members are not among them. */
export interface PeerPool {
  /** The same object as before while nothing about the member has changed. */
  of(memberId: MemberId): PeerMember | undefined;
  all(): readonly PeerMember[];
  /** Told after each change. Returns what ends that. */
  onChange(listener: () => void): () => void;
  /** Known, and not in the pool. Who proves to be this member is told how it stands; nobody else is told anything. */
  outside?(memberId: MemberId): MemberOutside | undefined;
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
 * a role that may not; NOT_ADMITTED for one that is known and proves who it is, and not in the pool.
 */
export function verifyPooledLeaf(
  leafDer: Uint8Array,
  peers: Pick<PeerPool, 'of' | 'doubt' | 'outside'>,
  check: Pick<LeafCheck, 'nowMs' | 'roles'>,
): Result<PeerIdentity, CollectiveError> {
  const memberId = memberNamedIn(leafDer);
  if (memberId === undefined) {
    return fail(new CollectiveError('CERTIFICATE_INVALID', 'The certificate names no member, or cannot be read.'));
  }
  const member = peers.of(memberId);
  if (member === undefined) {
    const outside = peers.outside?.(memberId);
    const proven = outside !== undefined && verifyMemberLeaf(leafDer, outside, check).ok;
    return proven ? fail(notAdmittedAs(outside)) : notAdmitted(memberId);
  }
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

export type StandingThere = Pick<MemberOutside, 'memberId' | 'standing' | 'sinceMs'>;

/** What a member is told that has proved who it is. */
export const notAdmittedAs = ({ memberId, standing, sinceMs }: StandingThere): CollectiveError =>
  new CollectiveError(
    'NOT_ADMITTED',
    `Member ${memberId.slice(0, 8)} is not admitted by the coordinator that was called: it is ${STANDING_WORDS[standing]} there.`,
    { next: NEXT_THERE[standing], details: { memberId, standing, sinceMs } },
  );

const STANDING_WORDS: Readonly<Record<Standing, string>> = {
  applied: 'waiting to be approved',
  suspended: 'suspended',
  removed: 'removed',
  refused: 'refused',
};

const NEXT_THERE: Readonly<Record<Standing, string>> = {
  applied: 'The people there approve it: collective member approve',
  suspended: 'Talk with the people there; they can reinstate it.',
  removed: 'Talk with the people there; a new invite of theirs brings it back.',
  refused: 'Talk with the people there; a new invite of theirs brings it back.',
};

/** How this member stands at another one's coordinator, where an error says so. The other end's word: only what is understood counts. */
export function standingIn(error: CollectiveError): StandingThere | undefined {
  if (error.code !== 'NOT_ADMITTED') return undefined;
  const { memberId, standing, sinceMs } = error.details;
  if (!isStanding(standing) || typeof memberId !== 'string' || !isMemberId(memberId)) return undefined;
  return {
    memberId,
    standing,
    sinceMs: typeof sinceMs === 'number' && Number.isSafeInteger(sinceMs) && sinceMs > 0 ? sinceMs : 0,
  };
}

const isStanding = (value: unknown): value is Standing => typeof value === 'string' && Object.hasOwn(STANDING_WORDS, value);
