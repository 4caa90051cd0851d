import { LIMITS, type ChunkId, type MemberId, type NodeId } from '../../base/index.js';
import type { ForeignCopiesAccepted, ForeignCopiesLost, ForeignCopiesMoved, ForeignCopiesReleased } from '../../events/index.js';
import { record, unsigned } from '../rows/fields.js';
import { pair, shortTextPart, single } from '../rows/keys.js';
import type { Bind, Page, Table, TableDefinition, ViewInfo } from '../rows/table.js';
import { chunkKey, nodeIds } from './fields.js';
import type { NodesReader } from './nodes.js';
import type { PeersReader } from './peers.js';
import { Tally } from './tally.js';
import { refuse, type View } from './view.js';

/** A chunk of another member that nodes of this log's owner hold. */
export interface ForeignChunkRow {
  readonly lengthBytes: number;
  /** None: it was lost, and its owner has not released it yet. */
  readonly holders: readonly NodeId[];
}

/** What is kept for one member. */
export interface ForeignTotalsRow {
  /** With at least one holder. */
  readonly chunks: number;
  /** Of these chunks, each once however many nodes hold it: what counts against a pledge. */
  readonly bytes: number;
  readonly copies: number;
  readonly copyBytes: number;
  /** Accepted, and held by no node any more. */
  readonly lostChunks: number;
}

/** What one node keeps for other members. */
export interface ForeignNodeRow {
  readonly chunks: number;
  readonly bytes: number;
}

export interface ForeignCopiesReader {
  get(origin: MemberId, id: ChunkId): ForeignChunkRow | undefined;
  need(origin: MemberId, ids: Iterable<ChunkId>): void;
  /** Of one member, in the order of ids, from the one after `after` on. */
  page(origin: MemberId, after: ChunkId | undefined, limit: number): Page<ForeignChunkKey, ForeignChunkRow>;
  totals(origin: MemberId): ForeignTotalsRow;
  /** Of everybody for whom anything was ever kept. */
  allTotals(): readonly (readonly [MemberId, ForeignTotalsRow])[];
  node(id: NodeId): ForeignNodeRow;
}

export type ForeignChunkKey = readonly [origin: MemberId, chunkId: ChunkId];

const INFO: ViewInfo = { name: 'foreign-copies', id: 17, version: 1, derived: true };
const ORIGIN_PART = shortTextPart<MemberId>();

const CHUNKS: TableDefinition<ForeignChunkKey, ForeignChunkRow> = {
  view: INFO,
  name: 'chunks',
  id: 1,
  key: pair(ORIGIN_PART, chunkKey),
  row: record<ForeignChunkRow>({ lengthBytes: unsigned, holders: nodeIds }),
};

const TOTALS: TableDefinition<MemberId, ForeignTotalsRow> = {
  view: INFO,
  name: 'totals',
  id: 2,
  key: single(ORIGIN_PART),
  resident: true,
  row: record<ForeignTotalsRow>({
    chunks: unsigned,
    bytes: unsigned,
    copies: unsigned,
    copyBytes: unsigned,
    lostChunks: unsigned,
  }),
};

const NODES: TableDefinition<NodeId, ForeignNodeRow> = {
  view: INFO,
  name: 'nodes',
  id: 3,
  key: single(shortTextPart<NodeId>()),
  resident: true,
  row: record<ForeignNodeRow>({ chunks: unsigned, bytes: unsigned }),
};

const NO_TOTALS: ForeignTotalsRow = { chunks: 0, bytes: 0, copies: 0, copyBytes: 0, lostChunks: 0 };
const NO_NODE: ForeignNodeRow = { chunks: 0, bytes: 0 };

type Change = (row: ForeignChunkRow | undefined) => ForeignChunkRow | undefined;

export function foreignCopiesView(
  bind: Bind,
  others: { readonly nodes: NodesReader; readonly peers: PeersReader },
): View<ForeignCopiesReader> {
  const chunks = bind(CHUNKS);
  const totals = bind(TOTALS);
  const nodes = bind(NODES);

  function accept({ origin, nodeIds: listed, chunks: accepted }: ForeignCopiesAccepted): void {
    if (others.peers.get(origin) === undefined) refuse('the member is not known');
    for (const id of listed) if (others.nodes.get(id) === undefined) refuse('a holder is not registered');
    const changes = new Map<ChunkId, Change>();
    for (const { chunkId, lengthBytes, holders } of accepted) {
      if (changes.has(chunkId)) refuse('a chunk stands twice in one event');
      const added = holders.map((index) => listed[index] ?? refuse('a holder is not among the nodes'));
      changes.set(chunkId, (row) => {
        if (row !== undefined && row.lengthBytes !== lengthBytes) refuse('a chunk has two lengths');
        return { lengthBytes, holders: [...new Set([...(row?.holders ?? []), ...added])] };
      });
    }
    change(origin, changes);
  }

  function move({ origin, fromNodeId, toNodeId, chunkIds }: ForeignCopiesMoved): void {
    if (others.nodes.get(toNodeId) === undefined) refuse('a holder is not registered');
    changeEach(origin, chunkIds, (row) => {
      if (!row.holders.includes(fromNodeId)) refuse('a copy was moved that is not there');
      const staying = row.holders.filter((id) => id !== fromNodeId && id !== toNodeId);
      return { ...row, holders: [...staying, toNodeId] };
    });
  }

  function lose({ origin, nodeId, chunkIds }: ForeignCopiesLost): void {
    changeEach(origin, chunkIds, (row) => ({ ...row, holders: row.holders.filter((id) => id !== nodeId) }));
  }

  function release({ origin, chunkIds }: ForeignCopiesReleased): void {
    changeEach(origin, chunkIds, () => undefined);
  }

  function changeEach(
    origin: MemberId,
    ids: readonly ChunkId[],
    changed: (row: ForeignChunkRow) => ForeignChunkRow | undefined,
  ): void {
    const known: Change = (row) => changed(row ?? refuse('a copy was never accepted'));
    change(origin, new Map(ids.map((id) => [id, known])));
  }

  function change(origin: MemberId, changes: ReadonlyMap<ChunkId, Change>): void {
    need(chunks, origin, changes.keys());
    const sum = new Tally(totals, NO_TOTALS);
    const perNode = new Tally(nodes, NO_NODE);
    const count = ({ lengthBytes, holders }: ForeignChunkRow, sign: 1 | -1): void => {
      countTotals(sum.at(origin), lengthBytes, holders.length, sign);
      for (const id of holders) {
        const node = perNode.at(id);
        node.chunks += sign;
        node.bytes += sign * lengthBytes;
      }
    };
    for (const [id, changed] of changes) {
      const before = chunks.get([origin, id]);
      const after = changed(before);
      if (before !== undefined) count(before, -1);
      if (after === undefined) chunks.remove([origin, id]);
      else {
        chunks.put([origin, id], after);
        count(after, 1);
      }
    }
    sum.write();
    perNode.write();
  }

  return {
    info: INFO,
    read: {
      get: (origin, id) => chunks.get([origin, id]),
      need: (origin, ids) => need(chunks, origin, ids),
      page: (origin, after, limit) =>
        chunks.page({
          prefix: ORIGIN_PART.encode(origin),
          after: after === undefined ? undefined : CHUNKS.key.encode([origin, after]),
          limit,
        }),
      totals: (origin) => totals.get(origin) ?? NO_TOTALS,
      allTotals: () => totals.page({ prefix: '', limit: LIMITS.members }).rows,
      node: (id) => nodes.get(id) ?? NO_NODE,
    },
    apply(event) {
      switch (event.type) {
        case 'ForeignCopiesAccepted':
          accept(event);
          return;
        case 'ForeignCopiesMoved':
          move(event);
          return;
        case 'ForeignCopiesReleased':
          release(event);
          return;
        case 'ForeignCopiesLost':
          lose(event);
          return;
        default:
      }
    },
  };
}

function need(chunks: Table<ForeignChunkKey, ForeignChunkRow>, origin: MemberId, ids: Iterable<ChunkId>): void {
  chunks.need([...ids].map((id) => [origin, id] as const));
}

function countTotals(
  totals: { -readonly [Name in keyof ForeignTotalsRow]: number },
  lengthBytes: number,
  holders: number,
  sign: 1 | -1,
): void {
  if (holders === 0) {
    totals.lostChunks += sign;
    return;
  }
  totals.chunks += sign;
  totals.bytes += sign * lengthBytes;
  totals.copies += sign * holders;
  totals.copyBytes += sign * holders * lengthBytes;
}
