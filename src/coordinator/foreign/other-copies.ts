import type { MemberId } from '../../base/index.js';
import { countsAsHolder, memberCounts } from '../../domain/index.js';
import type { PlacementRow, Views } from '../../projections/index.js';
import type { NodeRegistry } from '../nodes/node-registry.js';

/** Who answers now. */
export interface WithinReach {
  readonly registry: Pick<NodeRegistry, 'presence'>;
  readonly isHere: (memberId: MemberId) => boolean;
}

/** How many copies count beside those of a member that leaves. */
export function otherCopies(row: PlacementRow | undefined, leaving: MemberId, all: Views): number {
  const nodes = (row?.holders ?? []).filter((id) => countsAsHolder(id, all));
  const members = (row?.members ?? []).filter((id) => id !== leaving && memberCounts(id, all));
  return nodes.length + members.length;
}

/** Whether one of them is where it can be read now. */
export function hasOtherInReach(row: PlacementRow | undefined, leaving: MemberId, all: Views, here: WithinReach): boolean {
  return (
    (row?.holders ?? []).some((id) => countsAsHolder(id, all) && here.registry.presence(id) === 'online') ||
    (row?.members ?? []).some((id) => id !== leaving && memberCounts(id, all) && here.isHere(id))
  );
}
