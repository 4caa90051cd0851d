import { CollectiveError, fail, type InviteId, isMemberId, LIMITS, type MemberId, ok, type Result } from '../base/index.js';
import type { InviteIssued, LogPosition, MemberAdmitted } from '../events/index.js';
import type { InvitesReader, MembersReader, NodesReader, PeerRow, PeersReader, UsageReader } from '../projections/index.js';
import type { Decision, DecisionContext } from './decision.js';
import { broughtInAlready } from './introducers.js';
import { checkLabel, decideIssueInvite, usableInvite } from './invite-decisions.js';

/** What another member has proved of itself. */
export type MemberFacts = Pick<
  MemberAdmitted,
  'memberId' | 'identityPublicKey' | 'caCertificate' | 'caEndorsement' | 'endpoints'
>;

interface MemberViews {
  readonly peers: PeersReader;
  readonly members: MembersReader;
}

/** Names that mean something else in paths. */
const RESERVED: ReadonlySet<string> = new Set(['all']);

/** A one-time invite for another member, under the name that it will have here. */
export function decideInviteMember(
  invite: InviteIssued,
  views: MemberViews & { readonly invites: InvitesReader; readonly nodes: NodesReader },
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  const free = invite.name === '' ? ok([]) : checkFree(invite.name, undefined, views);
  if (free.ok) return decideIssueInvite(invite, views, context);
  const [, known] = views.peers.byName(invite.name) ?? [];
  return known === undefined || free.error.code !== 'ALREADY_EXISTS' ? free : fail(knownAlready(known));
}

/** Somebody with that name is here: perhaps it is the one who is meant. */
function knownAlready({ name, state }: PeerRow): CollectiveError {
  const next =
    state === 'admitted'
      ? 'If it cannot be reached any more, such as because it has moved, an invite without a name brings it back: collective member invite. For somebody else choose another name.'
      : NEXT_BY_STATE[state].replaceAll('NAME', name);
  return new CollectiveError('ALREADY_EXISTS', `There is a member ${name} already: it is ${STATE_WORDS[state]}.`, { next });
}

/**
 * A member has used an invite: it waits for a person's word, or is admitted where the invite says so. One that was removed or
 * refused comes back by an invite; one that is suspended does not. Errors: INVITE_INVALID, PERMISSION_DENIED, REQUEST_INVALID,
 * LIMIT_EXCEEDED.
 */
export function decideJoin(
  join: {
    readonly facts: MemberFacts;
    readonly name: string;
    readonly inviteId: InviteId;
    readonly fingerprint: Uint8Array;
  },
  views: MemberViews & { readonly invites: InvitesReader },
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  const { facts, inviteId, fingerprint } = join;
  const { peers, invites, members } = views;
  const usable = usableInvite(inviteId, invites, context.nowMs);
  if (!usable.ok) return usable;
  const { memberId } = facts;
  const row = peers.get(memberId);
  if (memberId === members.owner()?.memberId) return fail(ownInvite());
  const may = checkMayCome(memberId, peers);
  if (!may.ok) return may;
  const redeemed = { type: 'InviteRedeemed', inviteId, fingerprint } as const;
  if (row?.state === 'admitted') return ok([redeemed]);
  const invite = invites.get(inviteId);
  const name = freeLabel(invite?.name || join.name, memberId, views);
  const met = { ...facts, name, inviteId, introducedBy: '' } as const;
  if (invite?.approved !== true) {
    const room = row === undefined ? roomForAnother(views) : ok([]);
    return room.ok ? ok([{ type: 'MemberApplied', ...met }, redeemed]) : room;
  }
  const room = roomToAdmit(row, views);
  return room.ok ? ok([{ type: 'MemberAdmitted', ...met }, redeemed]) : room;
}

/** Whoever is suspended does not come back by an invite, theirs or ours. Error: PERMISSION_DENIED. */
export function checkMayCome(memberId: MemberId, peers: PeersReader): Decision {
  const row = peers.get(memberId);
  if (row?.state !== 'suspended') return ok([]);
  return fail(
    new CollectiveError('PERMISSION_DENIED', `${row.name} is suspended here.`, {
      next: `collective member reinstate ${row.name}`,
    }),
  );
}

/** We have used another member's invite, and so admit it. Nothing to do where it is admitted. */
export function decideAdmitHost(
  host: { readonly facts: MemberFacts; readonly name: string; readonly inviteId: InviteId },
  views: MemberViews,
): Decision {
  const { facts, inviteId } = host;
  const row = views.peers.get(facts.memberId);
  if (facts.memberId === views.members.owner()?.memberId) return fail(ownInvite());
  const may = checkMayCome(facts.memberId, views.peers);
  if (!may.ok || row?.state === 'admitted') return may;
  const room = roomToAdmit(row, views);
  if (!room.ok) return room;
  const name = freeLabel(host.name, facts.memberId, views);
  return ok([{ type: 'MemberAdmitted', ...facts, name, inviteId, introducedBy: '' }]);
}

/**
 * A member that we admit has admitted another one. Whoever is known here in any way, or refused or removed, is left as it is:
 * only a person's word brings those back.
 */
export function decideIntroduction(
  introduction: {
    readonly facts: MemberFacts;
    readonly name: string;
    readonly introducedBy: MemberId;
    readonly policy: 'admit' | 'ask';
  },
  views: MemberViews,
): Decision {
  const { facts, introducedBy, policy } = introduction;
  const { peers, members } = views;
  if (facts.memberId === members.owner()?.memberId || peers.get(facts.memberId) !== undefined) return ok([]);
  if (peers.get(introducedBy)?.state !== 'admitted') return ok([]);
  const introduced = broughtInAlready(introducedBy, new Map(peers.all()));
  if (introduced >= LIMITS.introductionsPerMember || !roomToAdmit(undefined, views).ok) return ok([]);
  const name = freeLabel(introduction.name, facts.memberId, views);
  const type = policy === 'admit' ? 'MemberAdmitted' : 'MemberApplied';
  return ok([{ type, ...facts, name, inviteId: '', introducedBy }]);
}

/** Who has applied is admitted. Nothing to do where it is so. Errors: NOT_FOUND, REQUEST_INVALID, LIMIT_EXCEEDED. */
export function decideApprove(memberId: MemberId, views: MemberViews): Decision {
  if (views.peers.get(memberId)?.state === 'admitted') return ok([]);
  const found = inState(memberId, 'applied', views.peers, 'Only who has applied can be approved');
  if (!found.ok) return found;
  const room = roomToAdmit(found.value, views);
  if (!room.ok) return room;
  const { name, identityPublicKey, caCertificate, caEndorsement, endpoints, inviteId, introducedBy } = found.value;
  const facts = { memberId, name, identityPublicKey, caCertificate, caEndorsement, endpoints };
  return ok([{ type: 'MemberAdmitted', ...facts, inviteId, introducedBy }]);
}

/** Nothing to do where it is so. */
export function decideRefuse(refusal: { readonly memberId: MemberId; readonly note: string }, peers: PeersReader): Decision {
  if (peers.get(refusal.memberId)?.state === 'refused') return ok([]);
  const found = inState(refusal.memberId, 'applied', peers, 'Only who has applied can be refused');
  return found.ok ? ok([{ type: 'MemberRefused', ...refusal }]) : found;
}

interface Stop {
  readonly memberId: MemberId;
  /** Of the last event of its log that is accepted. */
  readonly upTo: LogPosition;
  readonly note: string;
}

/** Nothing is taken from it for a while, nor given to it. Nothing to do where it is so. */
export function decideSuspend({ memberId, upTo, note }: Stop, peers: PeersReader): Decision {
  if (peers.get(memberId)?.state === 'suspended') return ok([]);
  const found = inState(memberId, 'admitted', peers, 'Only an admitted member can be suspended');
  return found.ok ? ok([{ type: 'MemberSuspended', memberId, epoch: upTo.epoch, sequence: upTo.sequence, note }]) : found;
}

export function decideReinstate(memberId: MemberId, peers: PeersReader): Decision {
  if (peers.get(memberId)?.state === 'admitted') return ok([]);
  const found = inState(memberId, 'suspended', peers, 'Only a suspended member can be reinstated');
  return found.ok ? ok([{ type: 'MemberReinstated', memberId }]) : found;
}

interface Removal extends Stop {
  /** Only once nothing is counted on that it keeps. */
  readonly onlyEmpty: boolean;
}

/**
 * The end of it. What was accepted of a suspended one stays as it was named then. Nothing to do where it is so. UNAVAILABLE: it keeps
 * something still.
 */
export function decideRemove(
  { memberId, upTo, note, onlyEmpty }: Removal,
  { peers, usage }: { readonly peers: PeersReader; readonly usage: UsageReader },
): Decision {
  const row = peers.get(memberId);
  if (row?.state === 'removed') return ok([]);
  if (onlyEmpty && usage.member(memberId).chunks > 0) return fail(keepsSomething());
  const state = row?.state === 'suspended' ? 'suspended' : 'admitted';
  const found = inState(memberId, state, peers, 'Only an admitted or suspended member can be removed');
  if (!found.ok) return found;
  const { epoch, sequence } = found.value.acceptedUpTo ?? upTo;
  return ok([{ type: 'MemberRemoved', memberId, epoch, sequence, note }]);
}

const keepsSomething = (): CollectiveError =>
  new CollectiveError('UNAVAILABLE', 'Files were put meanwhile of which that member keeps copies.', {
    next: 'Try again: their copies are made elsewhere first.',
  });

/** Another label. Errors: NAME_INVALID, ALREADY_EXISTS, NOT_FOUND. */
export function decideRename(wish: { readonly memberId: MemberId; readonly name: string }, views: MemberViews): Decision {
  const { memberId, name } = wish;
  const row = views.peers.get(memberId);
  if (row === undefined) return fail(unknown(memberId));
  if (row.name === name) return ok([]);
  const free = checkFree(name, memberId, views);
  return free.ok ? ok([{ type: 'MemberRenamed', memberId, name }]) : free;
}

/** Where the own coordinator is: told where it is another place than on record. */
export function decideEndpoints(
  now: { readonly home: readonly string[]; readonly enrolment: readonly string[]; readonly peer: readonly string[] },
  members: MembersReader,
): Decision {
  const row = members.owner();
  const before = [row?.homeEndpoints, row?.enrolmentEndpoints, row?.peerEndpoints];
  const same = JSON.stringify(before) === JSON.stringify([now.home, now.enrolment, now.peer]);
  return ok(same ? [] : [{ type: 'CoordinatorEndpointsChanged', ...now }]);
}

/** Whom an id, the beginning of one (8 characters or more) or a label means. Errors: NOT_FOUND; REQUEST_INVALID for oneself. */
export function memberNamed(
  text: string,
  { peers, members }: MemberViews,
): Result<{ readonly memberId: MemberId; readonly row: PeerRow }, CollectiveError> {
  const byId = isMemberId(text) ? peers.get(text) : undefined;
  if (isMemberId(text) && byId !== undefined) return ok({ memberId: text, row: byId });
  const named = peers.byName(text);
  if (named !== undefined) return ok({ memberId: named[0], row: named[1] });
  const own = members.owner();
  if (own !== undefined && (text === own.name || text === own.memberId)) return fail(oneself(own.name));
  const [first, second] = text.length < SHORT_ID_LENGTH ? [] : peers.all().filter(([id]) => id.startsWith(text));
  if (first === undefined || second !== undefined) {
    const names = peers.all().map(([, { name }]) => name);
    return fail(unknown(text, names.slice(0, NAMES_TOLD)));
  }
  return ok({ memberId: first[0], row: first[1] });
}

const SHORT_ID_LENGTH = 8;

/** The label as it was wished for, or with -2, -3, ... where somebody has it; `member` where it cannot be one. */
export function freeLabel(wish: string, memberId: MemberId, views: MemberViews): string {
  const base = checkLabel(wish).ok ? wish : 'member';
  const taken = takenLabels(memberId, views);
  for (let count = 1; count <= LIMITS.members + 2; count += 1) {
    const suffix = count === 1 ? '' : `-${count}`;
    const label = `${base.slice(0, LIMITS.labelBytes - suffix.length)}${suffix}`;
    if (!taken.has(label)) return label;
  }
  // More labels were tried than there are members.
  return memberId.slice(0, LIMITS.labelBytes);
}

function checkFree(name: string, memberId: MemberId | undefined, views: MemberViews): Decision {
  const checked = checkLabel(name);
  if (!checked.ok) return checked;
  if (!takenLabels(memberId, views).has(name)) return ok([]);
  const whose =
    name === views.members.owner()?.name
      ? 'your own name'
      : RESERVED.has(name)
        ? 'a word that means something else in commands'
        : 'the name of somebody else here';
  return fail(
    new CollectiveError('ALREADY_EXISTS', `${name} is ${whose}.`, {
      next: 'Choose another name; collective member list shows those that are taken.',
    }),
  );
}

/** Of everybody but this one, who could be meant by it: whoever is gone has none. */
function takenLabels(memberId: MemberId | undefined, { peers, members }: MemberViews): ReadonlySet<string> {
  const living = peers.all().filter(([id, { state }]) => id !== memberId && state !== 'removed' && state !== 'refused');
  const own = members.owner()?.name;
  return new Set([...RESERVED, ...(own === undefined ? [] : [own]), ...living.map(([, { name }]) => name)]);
}

function inState(
  memberId: MemberId,
  state: PeerRow['state'],
  peers: PeersReader,
  rule: string,
): Result<PeerRow, CollectiveError> {
  const row = peers.get(memberId);
  if (row === undefined) return fail(unknown(memberId));
  if (row.state === state) return ok(row);
  return fail(
    new CollectiveError('REQUEST_INVALID', `${rule}; ${row.name} is ${STATE_WORDS[row.state]}.`, {
      next: NEXT_BY_STATE[row.state].replaceAll('NAME', row.name),
      details: { memberId, state: row.state },
    }),
  );
}

const STATE_WORDS: Readonly<Record<PeerRow['state'], string>> = {
  applied: 'waiting to be approved',
  admitted: 'admitted',
  suspended: 'suspended',
  removed: 'removed',
  refused: 'refused',
};

const NEXT_BY_STATE: Readonly<Record<PeerRow['state'], string>> = {
  applied: 'collective member approve NAME, or collective member refuse NAME',
  admitted: 'collective member suspend NAME, or collective member remove NAME',
  suspended: 'collective member reinstate NAME, or collective member remove NAME',
  removed: 'collective member invite NAME, if it is to come back',
  refused: 'collective member invite NAME, if it is to come after all',
};

function roomForAnother({ peers }: MemberViews): Decision {
  return peers.all().length < LIMITS.members ? ok([]) : tooMany(LIMITS.members, 'known');
}

function roomToAdmit(row: PeerRow | undefined, views: MemberViews): Decision {
  const admitted = views.peers.all().filter(([, { state }]) => state === 'admitted' || state === 'suspended').length;
  if (admitted >= LIMITS.membersAdmitted) return tooMany(LIMITS.membersAdmitted, 'admitted');
  return row === undefined ? roomForAnother(views) : ok([]);
}

const tooMany = (limit: number, what: string): Decision =>
  fail(new CollectiveError('LIMIT_EXCEEDED', `${limit} other members are ${what} already, which is the most there can be.`));

const oneself = (name: string): CollectiveError =>
  new CollectiveError('REQUEST_INVALID', `${name} is this member itself.`, {
    next: 'Name another member: collective member list',
    details: { member: name },
  });

const ownInvite = (): CollectiveError =>
  new CollectiveError('REQUEST_INVALID', 'This is an invite of your own.', {
    next: 'Give it to the member whom you want to invite.',
  });

/** What comes near of them is offered to whoever mistyped it. */
const NAMES_TOLD = 32;

const unknown = (text: string, names: readonly string[] = []): CollectiveError => {
  const member = text.slice(0, LIMITS.labelBytes);
  return new CollectiveError('NOT_FOUND', `There is no member ${JSON.stringify(member)} here.`, {
    next: 'See all: collective member list',
    details: { member, members: names },
  });
};
