import type { ChunkId, NodeId, UploadId } from '../../base/index.js';
import type { CopiesLost, CopiesRecorded, Extent } from '../../events/index.js';
import { record, unsigned } from '../rows/fields.js';
import { single } from '../rows/keys.js';
import type { Bind, Page, TableDefinition, ViewInfo } from '../rows/table.js';
import { chunkKey, nodeIds } from './fields.js';
import type { NodesReader } from './nodes.js';
import type { UploadsReader } from './uploads.js';
import type { Usage } from './usage.js';
import { refuse, type View } from './view.js';

export interface PlacementRow {
  readonly lengthBytes: number;
  /** The most that an upload which named it asked for; 0 while none did. */
  readonly wantedCopies: number;
  readonly holders: readonly NodeId[];
  /**
   * Where a copy was found damaged or missing. Cleared by a new copy there, and all at once when copies recorded later
   * bring the chunk back to what is wanted.
   */
  readonly lost: readonly NodeId[];
}

export interface PlacementReader {
  chunk(id: ChunkId): PlacementRow | undefined;
  need(ids: Iterable<ChunkId>): void;
  /** In the order of ids, from the one after `after` on. */
  page(after: ChunkId | undefined, limit: number): Page<ChunkId, PlacementRow>;
}

const INFO: ViewInfo = { name: 'placement', id: 8, version: 1, derived: true };

const CHUNKS: TableDefinition<ChunkId, PlacementRow> = {
  view: INFO,
  name: 'chunks',
  id: 1,
  key: single(chunkKey),
  row: record<PlacementRow>({ lengthBytes: unsigned, wantedCopies: unsigned, holders: nodeIds, lost: nodeIds }),
};

export function placementView(
  bind: Bind,
  others: { readonly nodes: NodesReader; readonly uploads: UploadsReader; readonly usage: Usage },
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
    for (const id of event.nodeIds) if (others.nodes.get(id) === undefined) refuse('a holder is not registered');
    const changes = new Map<ChunkId, (row: PlacementRow | undefined) => PlacementRow>();
    for (const { chunkId, lengthBytes, holders } of event.chunks) {
      if (changes.has(chunkId)) refuse('a chunk stands twice in one event');
      changes.set(chunkId, (row) => {
        const known = ofLength(row, lengthBytes);
        const added = new Set(holders.map((index) => event.nodeIds[index] ?? refuse('a holder is not among the nodes')));
        const all = [...new Set([...known.holders, ...added])];
        const whole = all.length >= known.wantedCopies;
        return { ...known, holders: all, lost: whole ? [] : known.lost.filter((id) => !added.has(id)) };
      });
    }
    change(changes);
  }

  function loseCopies({ holder, chunkIds }: CopiesLost): void {
    if (!('nodeId' in holder)) return;
    const { nodeId } = holder;
    const lose = (row: PlacementRow | undefined): PlacementRow => {
      const known = row ?? refuse('a lost copy was never recorded');
      if (!known.holders.includes(nodeId)) return known;
      return { ...known, holders: known.holders.filter((id) => id !== nodeId), lost: [...known.lost, nodeId] };
    };
    change(new Map(chunkIds.map((id) => [id, lose])));
  }

  function want(uploadId: UploadId, extents: readonly Extent[]): void {
    if (extents.length === 0) return;
    const { copies } = others.uploads.get(uploadId) ?? refuse('the upload was never opened');
    const changes = new Map<ChunkId, (row: PlacementRow | undefined) => PlacementRow>();
    for (const { chunkId, lengthBytes } of extents) {
      if (chunkId === undefined) continue;
      changes.set(chunkId, (row) => {
        const known = ofLength(row, lengthBytes);
        return known === row && known.wantedCopies >= copies
          ? known
          : { ...known, wantedCopies: Math.max(copies, known.wantedCopies) };
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

function ofLength(row: PlacementRow | undefined, lengthBytes: number): PlacementRow {
  if (row === undefined) return { lengthBytes, wantedCopies: 0, holders: [], lost: [] };
  if (row.lengthBytes !== lengthBytes) refuse('a chunk has two lengths');
  return row;
}
