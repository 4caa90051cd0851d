import { assert } from '../../base/index.js';
import type { Extent } from '../../events/index.js';
import type { PlacementRow, VersionRow } from '../../projections/index.js';
import type { ViewReader } from '../log/view-reader.js';

export interface PlacedChunk {
  readonly extent: Extent;
  /** Undefined: not on record. */
  readonly row: PlacementRow | undefined;
}

/** The chunks of a version with where they are, in order, list by list: a long file is never in memory as a whole. */
export async function* chunksOfVersion(views: ViewReader, version: VersionRow): AsyncGenerator<readonly PlacedChunk[]> {
  if (version.extents.length > 0) yield await placed(views, version.extents);
  for (const id of version.extentListIds) {
    const extents = await views.run((all) => all.extents.extents(id));
    assert(extents !== undefined, 'a committed version has its lists');
    yield await placed(views, extents);
  }
}

function placed(views: ViewReader, extents: readonly Extent[]): Promise<readonly PlacedChunk[]> {
  return views.run(({ placement }) => {
    const ids = extents.map(({ chunkId }) => chunkId).filter((id) => id !== undefined);
    placement.need(ids);
    return extents.flatMap((extent) => (extent.chunkId === undefined ? [] : [{ extent, row: placement.chunk(extent.chunkId) }]));
  });
}
