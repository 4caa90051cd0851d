import { CollectiveError, fail, LIMITS, type MemberId, type NodeId, ok } from '../base/index.js';
import type { NodesReader, PeersReader, WitnessesReader, WitnessesRow } from '../projections/index.js';
import type { Decision } from './decision.js';

/** A node that could keep a copy of the log. */
export interface WitnessCandidate {
  readonly nodeId: NodeId;
  /** The disk that its copy lies on; empty: not known. */
  readonly diskId: string;
  /** It is here, and what it keeps can become this log. */
  readonly present: boolean;
}

/** What a choice is made from. */
export interface WitnessSituation {
  readonly current: Pick<WitnessesRow, 'nodeIds' | 'byOperator'>;
  readonly candidates: readonly WitnessCandidate[];
  /** Nodes that are gone for good. */
  readonly gone: ReadonlySet<string>;
  /** The disk of the log itself; empty: not known. */
  readonly ownDiskId: string;
}

const WANTED = 3;

/** Of up to two, one; of three, two; of more, the smaller majority. None of none. */
export const requiredOf = (witnesses: number): number => (witnesses <= 1 ? witnesses : Math.ceil(witnesses / 2));

/**
 * Who should keep the log, best first; the same as now where nothing better is at hand. Disks count before nodes: one node of
 * each disk that is not the log's own, then more nodes of these, which let one of them be away, then nodes of the log's own
 * disk, which help against a folder that was deleted or damaged and against nothing else. Nobody who is named stays out for
 * being away: only for being gone, or for a node on a disk that has none yet.
 */
export function planWitnesses({ current, candidates, gone, ownDiskId }: WitnessSituation): readonly NodeId[] {
  const staying = current.nodeIds.filter((nodeId) => !gone.has(nodeId));
  if (current.byOperator) return staying;
  const diskOf = new Map(candidates.map(({ nodeId, diskId }) => [nodeId, diskId]));
  const fresh = candidates
    .filter(({ nodeId, present }) => present && !gone.has(nodeId) && !staying.includes(nodeId))
    .sort((left, right) => (left.nodeId < right.nodeId ? -1 : 1));
  const chosen = [...staying];
  const worth = (nodeId: NodeId, among: readonly NodeId[]): number => {
    const disk = diskOf.get(nodeId);
    // One that was not heard of yet is taken for what it was when it was chosen.
    if (disk === undefined || !among.every((other) => diskOf.has(other))) return 2;
    if (disk === '' || disk === ownDiskId) return 0;
    return among.some((other) => other !== nodeId && diskOf.get(other) === disk) ? 1 : 2;
  };
  for (const { nodeId } of [...fresh].sort((left, right) => worth(right.nodeId, chosen) - worth(left.nodeId, chosen))) {
    if (chosen.length < WANTED) {
      chosen.push(nodeId);
      continue;
    }
    const weakest = chosen.findIndex((each) => worth(each, chosen) < worth(nodeId, [...chosen, nodeId]));
    if (weakest >= 0 && worth(nodeId, [...chosen, nodeId]) === 2) chosen.splice(weakest, 1, nodeId);
  }
  return chosen;
}

/** Other members who are here, in the order in which they would be chosen. */
export interface MemberCandidates {
  readonly current: Pick<WitnessesRow, 'members' | 'byOperator'>;
  readonly here: readonly MemberId[];
  readonly gone: ReadonlySet<string>;
  /** Whether a node that keeps the log lies on another disk. */
  readonly onAnotherDisk: boolean;
}

/**
 * Which other members should keep the log. Whoever is named stays, unless gone. More are taken only where no node on another disk
 * keeps it, and only as many that one of them may be away, now and at the next start: fewer would make the own coordinator stand
 * still whenever somebody else's machine is off, which is for people to choose.
 */
export function planMembers({ current, here, gone, onAnotherDisk }: MemberCandidates): readonly MemberId[] {
  const staying = current.members.filter((memberId) => !gone.has(memberId));
  if (current.byOperator || onAnotherDisk || staying.length >= WANTED) return staying;
  const chosen = [...staying, ...here.filter((memberId) => !staying.includes(memberId))].slice(0, WANTED);
  return chosen.length === WANTED ? chosen : staying;
}

/** Who is to keep the log, and how many of them have to hold a change before it counts. */
export interface WitnessWish {
  readonly nodeIds: readonly NodeId[];
  readonly members: readonly MemberId[];
  readonly required: number;
  readonly evenIfSame: boolean;
}

/** Names who keeps the log from now on. Errors: NOT_FOUND, REQUEST_INVALID. */
export function decideWitnesses(
  wish: WitnessWish,
  views: { readonly nodes: NodesReader; readonly peers: PeersReader; readonly witnesses: WitnessesReader },
): Decision {
  const { nodeIds, members, required } = wish;
  const all = [...nodeIds, ...members];
  if (new Set<string>(all).size !== all.length || all.length > LIMITS.witnesses) {
    return fail(new CollectiveError('REQUEST_INVALID', `A log has at most ${LIMITS.witnesses} witnesses, each named once.`));
  }
  const least = all.length === 0 ? 0 : 1;
  if (!Number.isSafeInteger(required) || required < least || required > all.length) {
    return fail(new CollectiveError('REQUEST_INVALID', `Of ${all.length} witnesses, ${least} to ${all.length} can be required.`));
  }
  for (const nodeId of nodeIds) {
    if (views.nodes.get(nodeId) === undefined) {
      return fail(new CollectiveError('NOT_FOUND', `There is no node ${nodeId} on record.`, { next: 'collective node list' }));
    }
  }
  for (const memberId of members) {
    if (views.peers.get(memberId)?.state !== 'admitted') {
      return fail(new CollectiveError('NOT_FOUND', `Member ${memberId} is not admitted.`, { next: 'collective member list' }));
    }
  }
  const now = views.witnesses.current();
  const same =
    now.required === required && now.nodeIds.join(' ') === nodeIds.join(' ') && now.members.join(' ') === members.join(' ');
  return ok(same && !wish.evenIfSame ? [] : [{ type: 'WitnessesChanged', witnesses: nodeIds, members, required }]);
}
