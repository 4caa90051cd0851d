import { isMemberId, isNodeId, type MemberId, type NodeId } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import type { ViewHost } from '../../projections/index.js';
import { type Failure, failureOf } from '../../transport/index.js';
import type { KeeperId } from './keeper.js';
import type { WitnessDesk } from './witness-desk.js';

export interface WitnessFacts {
  /** Of a node, or of another member: the other one is empty. */
  readonly nodeId: NodeId | '';
  readonly memberId: MemberId | '';
  readonly name: string;
  /** In step, catching up, away, silent, gone (by the reason: revoked, suspended or removed), or what is wrong with it. */
  readonly state: 'in-step' | 'behind' | 'away' | 'silent' | 'gone' | 'failing' | 'parted' | 'ahead';
  readonly reason: string;
  /** The last event that it has said to hold; 0: not heard of since the start. */
  readonly sequence: number;
  /** own: the disk of the log itself. */
  readonly disk: 'own' | 'other' | 'unknown';
}

/** How the copies of the log are. */
export interface WitnessReport {
  readonly required: number;
  readonly byOperator: boolean;
  readonly witnesses: readonly WitnessFacts[];
  /** Disks that have everything which was acknowledged, the own one too. */
  readonly disks: number;
  /** Other members here that hold a copy, witnesses or not. */
  readonly membersHolding: number;
  /** Why nothing can be changed now; undefined: it can. */
  readonly refusal: (Failure & { readonly mayPass: boolean }) | undefined;
  readonly notices: readonly string[];
}

export async function witnessReport(
  desk: WitnessDesk,
  options: { readonly views: ViewHost; readonly log: Pick<EventLog, 'head'>; readonly ownDiskId: string },
): Promise<WitnessReport> {
  const { views, log, ownDiskId } = options;
  const { current, names, standings } = await views.run((all) => {
    const row = all.witnesses.current();
    const nodeStandings = row.nodeIds.map((id): readonly [KeeperId, string] => [
      id,
      all.nodes.get(id) === undefined ? 'removed' : 'revoked',
    ]);
    // One that was removed and admitted anew keeps nothing either, until it is named again.
    const memberStandings = row.members.map((id): readonly [KeeperId, string] => [
      id,
      all.peers.get(id)?.state === 'suspended' ? 'suspended' : 'removed',
    ]);
    const nodes = row.nodeIds.map((id): readonly [KeeperId, string] => [id, all.nodes.get(id)?.name ?? '']);
    const members = row.members.map((id): readonly [KeeperId, string] => [id, all.peers.get(id)?.name ?? '']);
    return { current: row, names: new Map([...nodes, ...members]), standings: new Map([...nodeStandings, ...memberStandings]) };
  });
  const head = log.head.sequence;
  const diskIdOf = (id: KeeperId): string => desk.diskOf(id) ?? '';
  const facts = (id: KeeperId): WitnessFacts => {
    const link = desk.links.get(id);
    const sequence = link?.standing.kind === 'ahead' ? (link.head?.sequence ?? 0) : desk.quorum.heldBy(id);
    const diskId = diskIdOf(id);
    const disk = diskId === '' || ownDiskId === '' ? 'unknown' : diskId === ownDiskId ? 'own' : 'other';
    const who = isNodeId(id) ? ({ nodeId: id, memberId: '' } as const) : ({ nodeId: '', memberId: id } as const);
    const state = desk.quorum.isGone(id)
      ? ({ state: 'gone', reason: standings.get(id) ?? '' } as const)
      : stateOf(id, desk, head);
    return { ...who, name: names.get(id) ?? '', sequence, disk, ...state };
  };
  const settled = Math.min(desk.quorum.settledSequence, head);
  const all: readonly KeeperId[] = [...current.nodeIds, ...current.members];
  const holding = all.filter((id) => desk.links.has(id) && desk.quorum.heldBy(id) >= settled);
  const disks = new Set(holding.map(diskIdOf).filter((diskId) => diskId !== '' && diskId !== ownDiskId));
  const { refusal } = desk;
  return {
    required: current.required,
    byOperator: current.byOperator,
    witnesses: all.map(facts),
    disks: 1 + disks.size,
    membersHolding: [...desk.links.values()].filter(({ id, head }) => isMemberId(id) && head !== undefined).length,
    refusal: refusal === undefined ? undefined : { ...failureOf(refusal.error), mayPass: refusal.mayPass },
    notices: desk.notices,
  };
}

function stateOf(id: KeeperId, desk: WitnessDesk, head: number): Pick<WitnessFacts, 'state' | 'reason'> {
  const link = desk.links.get(id);
  if (link === undefined) return { state: 'away', reason: '' };
  const { standing } = link;
  if (standing.kind === 'failing') return { state: 'failing', reason: standing.error.message };
  if (standing.kind === 'parted') return { state: 'parted', reason: standing.reason };
  if (standing.kind === 'ahead') return { state: 'ahead', reason: '' };
  if (link.stalled) return { state: 'silent', reason: '' };
  return { state: desk.quorum.heldBy(id) >= head ? 'in-step' : 'behind', reason: '' };
}
