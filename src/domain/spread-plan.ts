import { CollectiveError, fail, formatSize, type MemberId, type NodeId, ok, type Result } from '../base/index.js';
import { type Candidate, NodeChoice, type PlannedChunk, rendezvousScore, type Unusable } from './node-choice.js';
import { type ChunkPlan, chunkPlanOf, hasRoom, type Room } from './placement-plan.js';

/** Another member who could take chunks now: it is admitted, its coordinator answers, and its pledge is not used up. */
export interface MemberCandidate {
  readonly memberId: MemberId;
  readonly name: string;
  /** Left of its pledge: what it keeps already and what is on its way are taken off. */
  readonly freeBytes: number;
}

export interface SharedChunk extends PlannedChunk {
  /** Members on record as holding it. */
  readonly members: readonly MemberId[];
  /** Members that would not take it just now. */
  readonly refusedBy: readonly MemberId[];
}

/** Copies on own nodes, and with members: all of them distinct. */
export interface SpreadPlan extends ChunkPlan {
  /** Each member keeps one copy; those that hold it already first. */
  readonly memberIds: readonly MemberId[];
}

/**
 * Chooses holders for each chunk: one own node, then other members, each for one copy (those that hold it already, then by
 * weighted rendezvous hashing over what is left of their pledges), and only where there are too few members more own nodes. No
 * member gets more than is left of its pledge. Errors: NOT_ENOUGH_NODES, NOT_ENOUGH_SPACE; both name what is missing.
 */
export function planSpread(request: {
  readonly chunks: readonly SharedChunk[];
  readonly copies: number;
  /** So many are enough for now where there are no more to be had; at most `copies`. */
  readonly minimumCopies: number;
  readonly candidates: readonly Candidate[];
  readonly members: readonly MemberCandidate[];
  readonly unusable: readonly Unusable[];
  /** Nodes not chosen while others can serve, or fewer copies are enough. */
  readonly avoid: ReadonlySet<NodeId>;
  /** The word of members alone does not do: an own node has to say that the bytes were sent. */
  readonly ownNeeded?: boolean;
}): Result<readonly SpreadPlan[], CollectiveError> {
  const { copies, minimumCopies, candidates, members, ownNeeded = false } = request;
  const nodes = new NodeChoice(candidates, request.avoid);
  const left = new Map(members.map(({ memberId, freeBytes }) => [memberId, freeBytes]));
  const plans: SpreadPlan[] = [];
  for (const chunk of request.chunks) {
    const own: Candidate[] = [];
    nodes.add(chunk, own, { wanted: 1, needed: ownNeeded ? 1 : 0 });
    if (ownNeeded && own.length === 0) return tooFew(chunk, { ...request, minimumCopies: 1, members: [] }, nodes, left);
    const memberIds = chooseMembers(chunk, copies - own.length, members, left);
    nodes.add(chunk, own, { wanted: copies - memberIds.length, needed: minimumCopies - memberIds.length });
    if (own.length + memberIds.length < minimumCopies) return tooFew(chunk, request, nodes, left);
    plans.push({ ...chunkPlanOf(chunk, own), memberIds });
  }
  return ok(plans);
}

function chooseMembers(
  chunk: SharedChunk,
  wanted: number,
  members: readonly MemberCandidate[],
  left: Map<MemberId, number>,
): readonly MemberId[] {
  const holds = ({ memberId }: MemberCandidate): boolean => chunk.members.includes(memberId);
  const room = ({ memberId }: MemberCandidate): boolean => (left.get(memberId) ?? 0) >= chunk.lengthBytes;
  const score = (each: MemberCandidate): number =>
    holds(each) ? Number.POSITIVE_INFINITY : rendezvousScore(`${chunk.chunkId}${each.memberId}`, each.freeBytes);
  const chosen = members
    .filter((each) => !chunk.refusedBy.includes(each.memberId) && (holds(each) || room(each)))
    .map((each) => ({ each, score: score(each) }))
    .sort((one, other) => (one.score === other.score ? 0 : other.score - one.score))
    .slice(0, Math.max(0, wanted))
    .map(({ each }) => each);
  for (const each of chosen) {
    if (!holds(each)) left.set(each.memberId, (left.get(each.memberId) ?? 0) - chunk.lengthBytes);
  }
  return chosen.map(({ memberId }) => memberId);
}

/**
 * Whether there is room for so many copies of so many bytes at all, on own nodes and with members. Errors as of `planSpread`.
 */
export function checkSpreadRoom(request: {
  readonly bytes: number;
  /** The fewest that are enough. */
  readonly copies: number;
  readonly candidates: readonly Room[];
  readonly members: readonly Pick<MemberCandidate, 'name' | 'freeBytes'>[];
  readonly unusable: readonly Unusable[];
}): Result<undefined, CollectiveError> {
  const { bytes, copies, candidates, members, unusable } = request;
  const holders = [...candidates, ...members];
  if (holders.length >= copies && hasRoom(request, holders)) return ok(undefined);
  const states = [
    ...candidates.map(({ name, freeBytes, full }) =>
      full === true ? `${name} is full` : `${name} has ${formatSize(freeBytes)} left`,
    ),
    ...members.map(({ name, freeBytes }) => ofPledge(name, freeBytes)),
    ...unusable.map(({ name, why }) => `${name} is ${why}`),
  ];
  return fail(noRoom({ copies, bytes, holders: holders.length, states, unusable }));
}

function tooFew(
  chunk: SharedChunk,
  { minimumCopies, candidates, members, unusable }: Parameters<typeof planSpread>[0],
  nodes: NodeChoice,
  left: ReadonlyMap<MemberId, number>,
): Result<never, CollectiveError> {
  const states = [
    ...candidates.map(({ name, nodeId, full }) =>
      full === true ? `${name} is full` : `${name} has ${formatSize(nodes.freeBytes(nodeId))} left`,
    ),
    ...members.map(({ memberId, name }) =>
      chunk.refusedBy.includes(memberId) ? `${name} takes nothing just now` : ofPledge(name, left.get(memberId) ?? 0),
    ),
    ...unusable.map(({ name, why }) => `${name} is ${why}`),
  ];
  const holders = candidates.length + members.length;
  return fail(noRoom({ copies: minimumCopies, bytes: chunk.lengthBytes, holders, states, unusable }));
}

const ofPledge = (name: string, freeBytes: number): string =>
  `${name} has ${formatSize(Math.max(0, freeBytes))} left of its pledge`;

function noRoom(found: {
  readonly copies: number;
  readonly bytes: number;
  readonly holders: number;
  readonly states: readonly string[];
  readonly unusable: readonly Unusable[];
}): CollectiveError {
  const { copies, bytes, holders, states, unusable } = found;
  const who = states.length === 0 ? 'there is neither a node nor a member with a pledge' : states.join(', ');
  const wanted = copies === 1 ? '1 copy' : `${copies} copies, each elsewhere,`;
  const refusing = unusable.filter(({ refuses }) => refuses === true).length;
  const ways = [
    ...(unusable.length > refusing
      ? ['bring back or wait for those that are away (collective node list, collective peer list)']
      : []),
    ...(refusing > 0 ? ['talk with the people of those that do not let you in (collective peer list)'] : []),
    'ask another member for a pledge, or a larger one (collective pledge list)',
    'add a node (collective node invite)',
    'let fewer copies be enough for now (collective policy set PATH --copies N --min-copies M)',
  ];
  return new CollectiveError(
    holders < copies ? 'NOT_ENOUGH_NODES' : 'NOT_ENOUGH_SPACE',
    `There is no room for ${wanted} of ${formatSize(bytes)}: ${who}.`,
    {
      next: `One of these: ${ways.join('; ')}.`,
      details: { copies, usable: holders },
    },
  );
}
