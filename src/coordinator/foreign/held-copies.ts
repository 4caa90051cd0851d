import { accept, type ChunkId, type MemberId, type NodeId } from '../../base/index.js';
import { checkKeptFor, countsAsHolder } from '../../domain/index.js';
import type { NodeRow, ViewHost } from '../../projections/index.js';
import type { CopyLocation, LocateCopiesResponse, NodeAccess } from '../../transport/index.js';
import type { TicketOffice } from '../files/tickets.js';
import type { NodeRegistry } from '../nodes/node-registry.js';

export interface HeldCopiesOptions {
  readonly views: ViewHost;
  readonly registry: NodeRegistry;
  /** Tickets for the chunks of this member. */
  readonly ticketsFor: (origin: MemberId, sentOnly: boolean) => TicketOffice;
}

export interface WantedCopies {
  /** Whose chunks they are. */
  readonly origin: MemberId;
  readonly clientKeyHash: Uint8Array;
  /** Each once. */
  readonly chunks: readonly { readonly chunkId: ChunkId; readonly lengthBytes: number }[];
}

/**
 * Where own nodes keep chunks for another member, with tickets to read them. Whether who asks may read them was found out before.
 * Error: PERMISSION_DENIED for a member that is not admitted now.
 */
export async function heldCopies(options: HeldCopiesOptions, wanted: WantedCopies): Promise<LocateCopiesResponse> {
  const { views, registry, ticketsFor } = options;
  const { origin, clientKeyHash, chunks } = wanted;
  const { holders, rows } = await views.run((all) => {
    accept(checkKeptFor(origin, all.peers));
    all.foreignCopies.need(
      origin,
      chunks.map(({ chunkId }) => chunkId),
    );
    const copies = chunks.map(({ chunkId, lengthBytes }) => {
      const row = all.foreignCopies.get(origin, chunkId);
      return row?.lengthBytes === lengthBytes ? row.holders : [];
    });
    return { holders: copies, rows: new Map(all.nodes.all().filter(([id]) => countsAsHolder(id, all))) };
  });
  const listed = new Map<NodeId, { readonly chunkId: ChunkId; readonly lengthBytes: number }[]>();
  const nodeIds: NodeId[] = [];
  const locations = chunks.map((chunk, index): CopyLocation => {
    const all = holders[index] ?? [];
    const usable = all.filter((id) => (rows.get(id)?.endpoints.length ?? 0) > 0);
    const here = (id: NodeId): boolean => registry.presence(id) === 'online';
    const inOrder = [...usable.filter(here), ...usable.filter((id) => !here(id))];
    for (const id of inOrder) {
      const list = listed.get(id);
      if (list !== undefined) list.push(chunk);
      else {
        listed.set(id, [chunk]);
        nodeIds.push(id);
      }
    }
    return { nodes: inOrder.map((id) => nodeIds.indexOf(id)), unknown: all.length === 0 };
  });
  const tickets = ticketsFor(origin, false);
  const nodes = nodeIds.map((nodeId) => ({
    ...accessOf(nodeId, rows),
    ...tickets.read({ nodeId, clientKeyHash, chunks: listed.get(nodeId) ?? [] }),
  }));
  return { locations, nodes };
}

export const accessOf = (
  nodeId: NodeId,
  rows: ReadonlyMap<NodeId, NodeRow>,
): Pick<NodeAccess, 'nodeId' | 'name' | 'endpoints'> => ({
  nodeId,
  name: rows.get(nodeId)?.name ?? nodeId,
  endpoints: rows.get(nodeId)?.endpoints ?? [],
});
