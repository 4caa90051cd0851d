import type { ChunkId, ExtentListId } from '../../base/index.js';
import type { Extent } from '../../events/index.js';
import { record, unsigned } from '../rows/fields.js';
import { single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import type { ExtentsReader } from './extents.js';
import { chunkKey, listKey } from './fields.js';
import type { View } from './view.js';

/**
 * Why a chunk is kept. A list counts each of its chunks once, however many versions name the list: so a commit that reuses
 * two thousand lists changes two thousand rows, not a million. Collection goes the same two steps back.
 */
export interface ChunkReferencesRow {
  /** Recorded lists that name it. */
  readonly lists: number;
  /** Versions that name it themselves. */
  readonly versions: number;
}

export interface ListReferencesRow {
  /** Versions that name it. 0 rows: recorded under an upload, and not (yet) part of any version. */
  readonly versions: number;
}

export interface ReferencesReader {
  chunk(id: ChunkId): ChunkReferencesRow;
  list(id: ExtentListId): ListReferencesRow;
}

const INFO: ViewInfo = { name: 'references', id: 9, version: 1, derived: true };

const CHUNKS: TableDefinition<ChunkId, ChunkReferencesRow> = {
  view: INFO,
  name: 'chunks',
  id: 1,
  key: single(chunkKey),
  row: record<ChunkReferencesRow>({ lists: unsigned, versions: unsigned }),
};

const LISTS: TableDefinition<ExtentListId, ListReferencesRow> = {
  view: INFO,
  name: 'lists',
  id: 2,
  key: single(listKey),
  row: record<ListReferencesRow>({ versions: unsigned }),
};

const NO_CHUNK: ChunkReferencesRow = { lists: 0, versions: 0 };
const NO_LIST: ListReferencesRow = { versions: 0 };

/** Has to see an ExtentsRecorded before the extents view does: a list that is known has been counted. */
export function referencesView(bind: Bind, extents: ExtentsReader): View<ReferencesReader> {
  const chunks = bind(CHUNKS);
  const lists = bind(LISTS);
  const count = (ids: ReadonlySet<ChunkId>, kind: keyof ChunkReferencesRow): void => {
    chunks.need(ids);
    for (const id of ids) {
      const row = chunks.get(id) ?? NO_CHUNK;
      chunks.put(id, { ...row, [kind]: row[kind] + 1 });
    }
  };
  return {
    info: INFO,
    read: { chunk: (id) => chunks.get(id) ?? NO_CHUNK, list: (id) => lists.get(id) ?? NO_LIST },
    apply(event) {
      switch (event.type) {
        case 'ExtentsRecorded':
          if (extents.list(event.extentListId) === undefined) count(chunksOf(event.extents), 'lists');
          return;
        case 'FileCommitted': {
          const ids = new Set(event.extentListIds);
          lists.need(ids);
          for (const id of ids) lists.put(id, { versions: (lists.get(id)?.versions ?? 0) + 1 });
          count(chunksOf(event.extents), 'versions');
          return;
        }
        default:
      }
    },
  };
}

const chunksOf = (extents: readonly Extent[]): ReadonlySet<ChunkId> =>
  new Set(extents.map((extent) => extent.chunkId).filter((id) => id !== undefined));
