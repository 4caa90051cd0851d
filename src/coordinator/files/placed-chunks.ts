import type { NodeId } from '../../base/index.js';
import type { ChunkPlan } from '../../domain/index.js';
import type { NodeRow } from '../../projections/index.js';
import type { NodeAccess, PlaceChunksResponse } from '../../transport/index.js';
import type { IssuedTicket } from './tickets.js';

interface PlannedHolders extends ChunkPlan {
  /** At other members. */
  readonly granted?: readonly { readonly access: NodeAccess; readonly held: boolean }[];
}

/** The answer for chunks whose holders were chosen: own nodes with tickets, and those that other members have named. */
export function placedChunks(
  placed: { readonly plans: readonly PlannedHolders[]; readonly nodes: ReadonlyMap<NodeId, NodeRow> },
  chunks: readonly { readonly lengthBytes: number }[],
  ticketFor: (nodeId: NodeId, byteBudget: number) => IssuedTicket,
): PlaceChunksResponse {
  const budgets = new Map<NodeId, number>();
  const foreign = new Set<NodeAccess>();
  placed.plans.forEach(({ nodeIds, granted = [] }, index) => {
    for (const nodeId of nodeIds) budgets.set(nodeId, (budgets.get(nodeId) ?? 0) + (chunks[index]?.lengthBytes ?? 0));
    for (const { access } of granted) foreign.add(access);
  });
  const own = [...budgets.keys()];
  const ownIndex = new Map(own.map((nodeId, index) => [nodeId, index]));
  const foreignIndex = new Map([...foreign].map((access, index) => [access, own.length + index]));
  return {
    placements: placed.plans.map(({ nodeIds, held, granted = [] }) => {
      const nodes = nodeIds.map((nodeId) => ownIndex.get(nodeId) ?? 0);
      const others = granted.map((grant) => ({ index: foreignIndex.get(grant.access) ?? 0, held: grant.held }));
      return {
        nodes: [...nodes, ...others.map(({ index }) => index)],
        heldBy: [...nodes.slice(0, held), ...others.filter((other) => other.held).map(({ index }) => index)],
      };
    }),
    nodes: [
      ...own.map((nodeId) => ({
        nodeId,
        name: placed.nodes.get(nodeId)?.name ?? nodeId,
        endpoints: placed.nodes.get(nodeId)?.endpoints ?? [],
        ...ticketFor(nodeId, budgets.get(nodeId) ?? 0),
      })),
      ...foreign,
    ],
  };
}
