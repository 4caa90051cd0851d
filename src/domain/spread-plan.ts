import { CollectiveError, fail, formatSize, type MemberId, type NodeId, ok, type Result } from '../base/index.js';
import { copiesWord } from './copies-word.js';
import { type Candidate, NodeChoice, type PlannedChunk, rendezvousScore, type Unusable } from './node-choice.js';
import { type ChunkPlan, chunkPlanOf } from './placement-plan.js';

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
}): Result<readonly SpreadPlan[], CollectiveError> {
  const { copies, minimumCopies, candidates, members } = request;
  const nodes = new NodeChoice(candidates, request.avoid);
  const left = new Map(members.map(({ memberId, freeBytes }) => [memberId, freeBytes]));
  const plans: SpreadPlan[] = [];
  for (const chunk of request.chunks) {
    const own: Candidate[] = [];
    nodes.add(chunk, own, { wanted: 1, needed: 0 });
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
      chunk.refusedBy.includes(memberId)
        ? `${name} takes nothing just now`
        : `${name} has ${formatSize(left.get(memberId) ?? 0)} left of its pledge`,
    ),
    ...unusable.map(({ name, why }) => `${name} is ${why}`),
  ];
  const who = states.length === 0 ? 'there is neither a node nor a member with a pledge' : states.join(', ');
  const holders = candidates.length + members.length;
  const code = holders < minimumCopies ? 'NOT_ENOUGH_NODES' : 'NOT_ENOUGH_SPACE';
  return fail(
    new CollectiveError(code, `There is no room for ${copiesWord(minimumCopies)} of ${formatSize(chunk.lengthBytes)}: ${who}.`, {
      next: 'See collective pledge list and collective node list; or let fewer copies be enough for now with: collective policy set PATH --min-copies N',
      details: { copies: minimumCopies, usable: holders },
    }),
  );
}
