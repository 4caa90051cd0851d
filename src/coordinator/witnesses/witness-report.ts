import type { NodeId } from '../../base/index.js';
import type { EventLog } from '../../events/index.js';
import type { ViewHost } from '../../projections/index.js';
import { type Failure, failureOf } from '../../transport/index.js';
import type { WitnessLink } from './witness-link.js';
import type { WitnessDesk } from './witness-desk.js';

export interface WitnessFacts {
  readonly nodeId: NodeId;
  readonly name: string;
  /** In step, catching up, away, silent, gone, or what is wrong with it. */
  readonly state: 'in-step' | 'behind' | 'away' | 'silent' | 'gone' | 'failing' | 'parted';
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
  /** Why nothing can be changed now; undefined: it can. */
  readonly refusal: (Failure & { readonly mayPass: boolean }) | undefined;
  readonly notices: readonly string[];
}

export async function witnessReport(
  desk: WitnessDesk,
  options: { readonly views: ViewHost; readonly log: Pick<EventLog, 'head'>; readonly ownDiskId: string },
): Promise<WitnessReport> {
  const { views, log, ownDiskId } = options;
  const { current, names } = await views.run((all) => {
    const row = all.witnesses.current();
    return { current: row, names: new Map(row.nodeIds.map((nodeId) => [nodeId, all.nodes.get(nodeId)?.name ?? ''])) };
  });
  const head = log.head.sequence;
  const diskIdOf = (nodeId: NodeId): string => desk.diskOf(nodeId) ?? '';
  const facts = (nodeId: NodeId): WitnessFacts => {
    const sequence = desk.quorum.heldBy(nodeId);
    const diskId = diskIdOf(nodeId);
    const disk = diskId === '' || ownDiskId === '' ? 'unknown' : diskId === ownDiskId ? 'own' : 'other';
    return { nodeId, name: names.get(nodeId) ?? '', sequence, disk, ...stateOf(nodeId, desk, head) };
  };
  const settled = Math.min(desk.quorum.settledSequence, head);
  const holding = current.nodeIds.filter((nodeId) => desk.links.has(nodeId) && desk.quorum.heldBy(nodeId) >= settled);
  const disks = new Set(holding.map(diskIdOf).filter((diskId) => diskId !== '' && diskId !== ownDiskId));
  const { refusal } = desk;
  return {
    required: current.required,
    byOperator: current.byOperator,
    witnesses: current.nodeIds.map(facts),
    disks: 1 + disks.size,
    refusal: refusal === undefined ? undefined : { ...failureOf(refusal.error), mayPass: refusal.mayPass },
    notices: desk.notices,
  };
}

function stateOf(nodeId: NodeId, desk: WitnessDesk, head: number): Pick<WitnessFacts, 'state' | 'reason'> {
  if (desk.quorum.isGone(nodeId)) return { state: 'gone', reason: '' };
  const link: WitnessLink | undefined = desk.links.get(nodeId);
  if (link === undefined) return { state: 'away', reason: '' };
  const { standing } = link;
  if (standing.kind === 'failing') return { state: 'failing', reason: standing.error.message };
  if (standing.kind === 'parted') return { state: 'parted', reason: standing.reason };
  if (standing.kind === 'ahead') return { state: 'parted', reason: 'it has more than this disk' };
  if (link.stalled) return { state: 'silent', reason: '' };
  return { state: desk.quorum.heldBy(nodeId) >= head ? 'in-step' : 'behind', reason: '' };
}
