import { type ChunkId, LIMITS, type MemberId, type NodeId } from '../../base/index.js';
import { countsAsHolder, type MemberReach } from '../../domain/index.js';
import type { NodeRow, PlacementRow } from '../../projections/index.js';
import type { PlacedExtent, ReadFile, ReadFilesResponse } from '../../transport/index.js';
import type { ListedChunk, MemberSource } from '../foreign/member-sources.js';
import type { SharedCopies } from '../foreign/shared-copies.js';
import type { ViewReader } from '../log/view-reader.js';
import type { NodeRegistry } from '../nodes/node-registry.js';
import type { PageReader, ReadPages, TargetExtent } from './read-pages.js';
import type { TicketOffice } from './tickets.js';

export interface OwnPagesOptions {
  readonly views: ViewReader;
  readonly registry: NodeRegistry;
  readonly tickets: TicketOffice;
  /** Copies with other members. */
  readonly shared: SharedCopies;
}

type Holding = Pick<PlacementRow, 'lengthBytes' | 'holders' | 'members' | 'lost'>;

/** Files of the own tree: at own nodes, and with members that keep copies. */
export class OwnPages implements ReadPages {
  readonly #options: OwnPagesOptions;

  constructor(options: OwnPagesOptions) {
    this.#options = options;
  }

  async page(files: readonly ReadFile[], extents: readonly TargetExtent[], reader: PageReader): Promise<ReadFilesResponse> {
    const chunkIds = [...new Set(extents.map(({ extent }) => extent.chunkId).filter((id) => id !== undefined))];
    const { holdings, nodes } = await this.#options.views.run((views) => {
      views.placement.need(chunkIds);
      return {
        holdings: new Map<ChunkId, Holding | undefined>(chunkIds.map((id) => [id, views.placement.chunk(id)])),
        // Nobody is sent to a node that was revoked.
        nodes: new Map<NodeId, NodeRow>(
          views.nodes.all().map(([id, row]) => [id, countsAsHolder(id, views) ? row : { ...row, endpoints: [] }]),
        ),
      };
    });
    const order = new Map(chunkIds.map((id) => [id, this.#inOrder(id, holdings.get(id)?.holders ?? [], nodes)]));
    const byNode = new Map<NodeId, ListedChunk[]>();
    for (const [chunkId, nodeIds] of order) {
      const lengthBytes = holdings.get(chunkId)?.lengthBytes ?? 0;
      for (const nodeId of nodeIds) byNode.set(nodeId, [...(byNode.get(nodeId) ?? []), { chunkId, lengthBytes }]);
    }
    const nodeIds = [...byNode.keys()];
    const indexOf = new Map(nodeIds.map((nodeId, index) => [nodeId, index]));
    const foreign = await this.#foreign(order, holdings, reader);
    const foreignOf = new Map<ChunkId, number[]>();
    foreign.forEach(({ chunks }, index) => {
      for (const { chunkId } of chunks) foreignOf.set(chunkId, [...(foreignOf.get(chunkId) ?? []), nodeIds.length + index]);
    });
    const holdersOf = (chunkId: ChunkId): number[] => {
      const own = order.get(chunkId) ?? [];
      const here = own.filter(this.#isHere).map((nodeId) => indexOf.get(nodeId) ?? 0);
      const away = own.filter((nodeId) => !this.#isHere(nodeId)).map((nodeId) => indexOf.get(nodeId) ?? 0);
      return [...here, ...(foreignOf.get(chunkId) ?? []), ...away];
    };
    const { shared } = this.#options;
    const namesOf = (chunkId: ChunkId): string[] => {
      const { lost = [], members = [] } = holdings.get(chunkId) ?? {};
      const gone = members.filter((id) => shared.reachOf(id) === 'here').map((id) => shared.nameOf(id));
      return [...lost.map((id) => nodes.get(id)?.name ?? id), ...gone];
    };
    const answered = new Set(foreign.map(({ access }) => access.memberId));
    const unreachedOf = (chunkId: ChunkId): Pick<PlacedExtent, 'awayNames' | 'refusingNames' | 'outOfReach'> => {
      const { members = [] } = holdings.get(chunkId) ?? {};
      const own = order.get(chunkId) ?? [];
      if (!reader.everywhere && own.some(this.#isHere)) return { awayNames: [], refusingNames: [] };
      const silent = members.filter((id) => !answered.has(id));
      const named = (reach: MemberReach): string[] =>
        silent.filter((id) => shared.reachOf(id) === reach).map((id) => shared.nameOf(id));
      const outOfReach =
        own.length + members.length > 0 &&
        silent.length === members.length &&
        own.every(this.#isLongGone) &&
        silent.every((id) => shared.isLongGone(id));
      return { awayNames: named('away'), refusingNames: named('not-admitted'), ...(outOfReach ? { outOfReach } : {}) };
    };
    return {
      files: [...files],
      extents: extents.map(({ target, extent: { offsetBytes, lengthBytes, chunkId } }): PlacedExtent => {
        const placed = { target, offsetBytes, lengthBytes };
        if (chunkId === undefined)
          return { ...placed, chunkId: '', nodes: [], holderNames: [], awayNames: [], refusingNames: [] };
        const holders = holdersOf(chunkId);
        const holderNames = holders.length > 0 ? [] : namesOf(chunkId);
        return { ...placed, chunkId, nodes: holders, holderNames, ...unreachedOf(chunkId) };
      }),
      nodes: [
        ...nodeIds.map((nodeId) => ({
          nodeId,
          name: nodes.get(nodeId)?.name ?? nodeId,
          endpoints: nodes.get(nodeId)?.endpoints ?? [],
          ...this.#options.tickets.read({ nodeId, clientKeyHash: reader.keyHash, chunks: byNode.get(nodeId) ?? [] }),
        })),
        ...foreign.map(({ access }) => access),
      ],
    };
  }

  /** Of chunks that no own node that is here has a copy of, and of all where that is asked: where other members have them. */
  #foreign(
    order: ReadonlyMap<ChunkId, readonly NodeId[]>,
    holdings: ReadonlyMap<ChunkId, Holding | undefined>,
    { keyHash, everywhere, signal }: PageReader,
  ): Promise<readonly MemberSource[]> {
    const wanted = new Map<MemberId, ListedChunk[]>();
    for (const [chunkId, nodeIds] of order) {
      if (!everywhere && nodeIds.some(this.#isHere)) continue;
      const { lengthBytes = 0, members = [] } = holdings.get(chunkId) ?? {};
      for (const memberId of members) wanted.set(memberId, [...(wanted.get(memberId) ?? []), { chunkId, lengthBytes }]);
    }
    return wanted.size === 0 ? Promise.resolve([]) : this.#options.shared.sources.locate(wanted, keyHash, signal);
  }

  readonly #isHere = (nodeId: NodeId): boolean => this.#options.registry.presence(nodeId) === 'online';

  readonly #isLongGone = (nodeId: NodeId): boolean =>
    !this.#isHere(nodeId) && this.#options.registry.unheardForMs(nodeId) > LIMITS.chunkPatienceMs;

  /**
   * Nodes that are here before those that are not (which may answer all the same: after a start they dial in one by one); among
   * equals another one first for each chunk, so that reading uses them all.
   */
  #inOrder(chunkId: ChunkId, holders: readonly NodeId[], nodes: ReadonlyMap<NodeId, NodeRow>): readonly NodeId[] {
    const known = holders.filter((nodeId) => (nodes.get(nodeId)?.endpoints.length ?? 0) > 0);
    const turn = known.length === 0 ? 0 : Number.parseInt(chunkId.slice(-4), 16) % known.length;
    const turned = [...known.slice(turn), ...known.slice(0, turn)];
    return [...turned.filter(this.#isHere), ...turned.filter((nodeId) => !this.#isHere(nodeId))];
  }
}
