import type { ExtentListId } from '../../base/index.js';
import type { Extent } from '../../events/index.js';
import { record, unsigned } from '../rows/fields.js';
import { single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { extents, listKey } from './fields.js';
import { refuse, type View } from './view.js';

/** A list without its extents: enough to check a commit, and to find the lists of a range. */
export interface ExtentListRow {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly extentCount: number;
  /** Without holes. */
  readonly chunkBytes: number;
}

export interface ExtentsReader {
  list(id: ExtentListId): ExtentListRow | undefined;
  needLists(ids: readonly ExtentListId[]): void;
  /** 1 to LIMITS.extentsPerList, ordered and adjacent. */
  extents(id: ExtentListId): readonly Extent[] | undefined;
  needExtents(ids: readonly ExtentListId[]): void;
}

const INFO: ViewInfo = { name: 'extents', id: 6, version: 2, derived: true };

const LISTS: TableDefinition<ExtentListId, ExtentListRow> = {
  view: INFO,
  name: 'lists',
  id: 1,
  key: single(listKey),
  row: record<ExtentListRow>({ offsetBytes: unsigned, lengthBytes: unsigned, extentCount: unsigned, chunkBytes: unsigned }),
};

/** Apart from the lists: a commit that names two thousand lists does not load their extents. */
const CONTENTS: TableDefinition<ExtentListId, readonly Extent[]> = {
  view: INFO,
  name: 'contents',
  id: 2,
  key: single(listKey),
  row: extents,
};

export function extentsView(bind: Bind): View<ExtentsReader> {
  const lists = bind(LISTS);
  const contents = bind(CONTENTS);
  return {
    info: INFO,
    read: {
      list: (id) => lists.get(id),
      needLists: (ids) => lists.need(ids),
      extents: (id) => contents.get(id),
      needExtents: (ids) => contents.need(ids),
    },
    apply(event) {
      if (event.type !== 'ExtentsRecorded' || lists.get(event.extentListId) !== undefined) return;
      const [first] = event.extents;
      const last = event.extents.at(-1);
      if (first === undefined || last === undefined) refuse('an extent list is empty');
      lists.put(event.extentListId, {
        offsetBytes: first.offsetBytes,
        lengthBytes: last.offsetBytes + last.lengthBytes - first.offsetBytes,
        extentCount: event.extents.length,
        chunkBytes: chunkBytesOf(event.extents),
      });
      contents.insert(event.extentListId, event.extents);
    },
  };
}

/** What extents take, holes left out. */
export const chunkBytesOf = (all: readonly Extent[]): number =>
  all.reduce((sum, { chunkId, lengthBytes }) => (chunkId === undefined ? sum : sum + lengthBytes), 0);
