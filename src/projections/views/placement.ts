import type { ChunkId, MemberId, NodeId, UploadId } from '../../base/index.js';
import type { CopiesLost, CopiesRecorded, Extent, Spread } from '../../events/index.js';
import { oneOf, record, unsigned } from '../rows/fields.js';
import { single } from '../rows/keys.js';
import type { Bind, Page, TableDefinition, ViewInfo } from '../rows/table.js';
import type { CertificatesReader } from './certificates.js';
import { chunkKey, memberIds, nodeIds } from './fields.js';
import type { NodesReader } from './nodes.js';
import type { PeersReader } from './peers.js';
import type { UploadsReader } from './uploads.js';
import type { Usage } from './usage.js';
import { refuse, type View } from './view.js';

export interface PlacementRow {
  readonly lengthBytes: number;
  /** The most that an upload which named it asked for; 0 while none did. */
  readonly wantedCopies: number;
  /** members: an upload which named it asked for that. */
  readonly spread: Spread;
  /** Nodes of the own member. */
  readonly holders: readonly NodeId[];
  /** Other members, each of whom keeps a copy somewhere. */
  readonly members: readonly MemberId[];
  /**
   * Where a copy was found damaged or missing. Cleared by a new copy there, and all at once when copies recorded later
   * bring the chunk back to what is wanted.
   */
  readonly lost: readonly NodeId[];
  readonly lostMembers: readonly MemberId[];
  /** Whose copies do not count any more since they were revoked, removed or given up; cleared like those lost. */
  readonly forfeited: readonly NodeId[];
  readonly forfeitedMembers: readonly MemberId[];
}

export interface PlacementReader {
  chunk(id: ChunkId): PlacementRow | undefined;
  need(ids: Iterable<ChunkId>): void;
  /** In the order of ids, from the one after `after` on. */
  page(after: ChunkId | undefined, limit: number): Page<ChunkId, PlacementRow>;
}

const INFO: ViewInfo = { name: 'placement', id: 8, version: 2, derived: true };

const CHUNKS: TableDefinition<ChunkId, PlacementRow> = {
  view: INFO,
  name: 'chunks',
  id: 1,
  key: single(chunkKey),
  row: record<PlacementRow>({
    lengthBytes: unsigned,
    wantedCopies: unsigned,
    spread: oneOf<Spread>('nodes', 'members'),
    holders: nodeIds,
    members: memberIds,
    lost: nodeIds,
    lostMembers: memberIds,
    forfeited: nodeIds,
    forfeitedMembers: memberIds,
  }),
};

export function placementView(
  bind: Bind,
  others: {
    readonly nodes: NodesReader;
    readonly peers: PeersReader;
    readonly certificates: CertificatesReader;
    readonly uploads: UploadsReader;
    readonly usage: Usage;
  },
): View<PlacementReader> {
  const chunks = bind(CHUNKS);

  function change(changes: ReadonlyMap<ChunkId, (row: PlacementRow | undefined) => PlacementRow>): void {
    chunks.need(changes.keys());
    const tally = others.usage.tally();
    for (const [id, changed] of changes) {
      const before = chunks.get(id);
      const after = changed(before);
      if (after === before) continue;
      chunks.put(id, after);
      tally.changed(before, after);
    }
    tally.write();
  }

  function recordCopies(event: CopiesRecorded): void {
    const { nodeIds: listedNodes, memberIds: listedMembers } = event;
    for (const id of listedNodes) if (others.nodes.get(id) === undefined) refuse('a holder is not registered');
    for (const id of listedMembers) if (others.peers.get(id) === undefined) refuse('a holder is not known');
    const changes = new Map<ChunkId, (row: PlacementRow | undefined) => PlacementRow>();
    for (const { chunkId, lengthBytes, holders } of event.chunks) {
      if (changes.has(chunkId)) refuse('a chunk stands twice in one event');
      const places = holders.map((place) => [listedNodes[place], listedMembers[place - listedNodes.length]] as const);
      const nodes = places.map(([nodeId]) => nodeId).filter((id) => id !== undefined);
      const members = places.map(([, memberId]) => memberId).filter((id) => id !== undefined);
      if (nodes.length + members.length !== holders.length) refuse('a holder is not in the list');
      changes.set(chunkId, (row) => withCopies(ofLength(row, lengthBytes), nodes, members));
    }
    change(changes);
  }

  function loseCopies({ holder, reason, chunkIds }: CopiesLost): void {
    const lose = (row: PlacementRow | undefined): PlacementRow => {
      const known = row ?? refuse('a lost copy was never recorded');
      if ('memberId' in holder) return withoutMember(known, holder.memberId, reason);
      return withoutNode(known, holder.nodeId, reason !== 'released' && isGone(holder.nodeId) ? 'forfeited' : reason);
    };
    change(new Map(chunkIds.map((id) => [id, lose])));
  }

  /** Copies of nodes that are gone for good were recorded as missing once. */
  const isGone = (id: NodeId): boolean =>
    others.nodes.get(id)?.decommissioned === true || others.certificates.revocation('node', id) !== undefined;

  function want(uploadId: UploadId, extents: readonly Extent[]): void {
    if (extents.length === 0) return;
    const { copies, spread } = others.uploads.get(uploadId) ?? refuse('the upload was never opened');
    const changes = new Map<ChunkId, (row: PlacementRow | undefined) => PlacementRow>();
    for (const { chunkId, lengthBytes } of extents) {
      if (chunkId === undefined) continue;
      changes.set(chunkId, (row) => {
        const known = ofLength(row, lengthBytes);
        const wider: Spread = known.spread === 'members' ? 'members' : spread;
        if (known === row && known.wantedCopies >= copies && known.spread === wider) return known;
        return { ...known, wantedCopies: Math.max(copies, known.wantedCopies), spread: wider };
      });
    }
    change(changes);
  }

  return {
    info: INFO,
    read: {
      chunk: (id) => chunks.get(id),
      need: (ids) => chunks.need(ids),
      page: (after, limit) =>
        chunks.page({ prefix: '', after: after === undefined ? undefined : CHUNKS.key.encode(after), limit }),
    },
    apply(event) {
      switch (event.type) {
        case 'CopiesRecorded':
          recordCopies(event);
          return;
        case 'CopiesLost':
          loseCopies(event);
          return;
        case 'ExtentsRecorded':
        case 'FileCommitted':
          want(event.uploadId, event.extents);
          return;
        default:
      }
    },
  };
}

type LossReason = CopiesLost['reason'];

function ofLength(row: PlacementRow | undefined, lengthBytes: number): PlacementRow {
  if (row === undefined) return { ...NO_COPIES, lengthBytes };
  if (row.lengthBytes !== lengthBytes) refuse('a chunk has two lengths');
  return row;
}

const NO_COPIES: PlacementRow = {
  lengthBytes: 0,
  wantedCopies: 0,
  spread: 'nodes',
  holders: [],
  members: [],
  lost: [],
  lostMembers: [],
  forfeited: [],
  forfeitedMembers: [],
};

function withCopies(row: PlacementRow, nodes: readonly NodeId[], members: readonly MemberId[]): PlacementRow {
  const holders = [...new Set([...row.holders, ...nodes])];
  const holding = [...new Set([...row.members, ...members])];
  const all = { ...row, holders, members: holding };
  if (holders.length + holding.length >= row.wantedCopies) {
    return { ...all, lost: [], lostMembers: [], forfeited: [], forfeitedMembers: [] };
  }
  return {
    ...all,
    lost: row.lost.filter((id) => !nodes.includes(id)),
    lostMembers: row.lostMembers.filter((id) => !members.includes(id)),
    forfeited: row.forfeited.filter((id) => !nodes.includes(id)),
    forfeitedMembers: row.forfeitedMembers.filter((id) => !members.includes(id)),
  };
}

function withoutNode(row: PlacementRow, nodeId: NodeId, reason: LossReason): PlacementRow {
  if (!row.holders.includes(nodeId)) return row;
  const holders = row.holders.filter((id) => id !== nodeId);
  if (reason === 'released') return { ...row, holders };
  return reason === 'forfeited'
    ? { ...row, holders, forfeited: [...row.forfeited, nodeId] }
    : { ...row, holders, lost: [...row.lost, nodeId] };
}

function withoutMember(row: PlacementRow, memberId: MemberId, reason: LossReason): PlacementRow {
  if (!row.members.includes(memberId)) return row;
  const members = row.members.filter((id) => id !== memberId);
  if (reason === 'released') return { ...row, members };
  return reason === 'forfeited'
    ? { ...row, members, forfeitedMembers: [...row.forfeitedMembers, memberId] }
    : { ...row, members, lostMembers: [...row.lostMembers, memberId] };
}
