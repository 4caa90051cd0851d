import { holdersOf, type Names, noCopyLeft } from '../../domain/index.js';
import type { VersionRow } from '../../projections/index.js';
import type { ViewReader } from '../log/view-reader.js';
import { chunksOfVersion } from './version-chunks.js';

/** Refuses to make something of a version that cannot be read. Errors: CHUNK_UNAVAILABLE, CANCELLED. */
export async function requireCopies(views: ViewReader, names: Names, version: VersionRow, signal: AbortSignal): Promise<void> {
  for await (const chunks of chunksOfVersion(views, version)) {
    signal.throwIfAborted();
    for (const { extent, row } of chunks) {
      if (holdersOf(row).length === 0) throw noCopyLeft(names, extent.chunkId ?? '');
    }
  }
}
