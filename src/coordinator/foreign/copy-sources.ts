import { LIMITS, type MemberId, type NodeId } from '../../base/index.js';
import { countsAsHolder } from '../../domain/index.js';
import type { PlacementRow, ViewHost } from '../../projections/index.js';
import type { FetchSource } from '../../transport/index.js';
import type { TicketOffice } from '../files/tickets.js';
import type { ListedChunk, MemberSources } from './member-sources.js';

export interface CopySourcesOptions {
  readonly views: ViewHost;
  /** For own chunks at own nodes. */
  readonly tickets: TicketOffice;
  readonly members: MemberSources;
}

/** A chunk of the own tree, and who keeps it. */
export interface KeptChunk extends ListedChunk {
  readonly row: Pick<PlacementRow, 'holders' | 'members'>;
}

/** Where a node can fetch chunks of the own tree from. */
export class CopySources {
  readonly #options: CopySourcesOptions;

  constructor(options: CopySourcesOptions) {
    this.#options = options;
  }

  /**
   * Own nodes first, then members; tickets are bound to the key of the node that is to fetch. At most LIMITS.fetchSources. Error:
   * CANCELLED.
   */
  async of(list: readonly KeptChunk[], nodeKeyHash: Uint8Array, signal: AbortSignal): Promise<readonly FetchSource[]> {
    const { views, tickets, members } = this.#options;
    const byNode = new Map<NodeId, ListedChunk[]>();
    const byMember = new Map<MemberId, ListedChunk[]>();
    for (const { chunkId, lengthBytes, row } of list) {
      for (const id of row.holders) byNode.set(id, [...(byNode.get(id) ?? []), { chunkId, lengthBytes }]);
      for (const id of row.members) byMember.set(id, [...(byMember.get(id) ?? []), { chunkId, lengthBytes }]);
    }
    const rows = await views.run((all) => new Map(all.nodes.all().filter(([id]) => countsAsHolder(id, all))));
    const own = [...byNode].flatMap(([nodeId, chunks]): FetchSource[] => {
      const row = rows.get(nodeId);
      if (row === undefined || row.endpoints.length === 0) return [];
      const { name, endpoints } = row;
      const ticket = tickets.read({ nodeId, clientKeyHash: nodeKeyHash, chunks });
      return [{ chunks, access: { nodeId, name, endpoints: [...endpoints], ...ticket } }];
    });
    const others = await members.locate(byMember, nodeKeyHash, signal);
    return [...own, ...others.map(({ access, chunks }): FetchSource => ({ access, chunks: [...chunks] }))].slice(
      0,
      LIMITS.fetchSources,
    );
  }
}
