import { CollectiveError, fail, LIMITS, ok, type Result } from '../../base/index.js';
import type { Extent } from '../../events/index.js';

/** Extents of one list or version: ordered, adjacent, none empty, chunks no longer than allowed. Returns where they end. */
export function checkExtents(extents: readonly Extent[], startBytes: number, countMax: number): Result<number, CollectiveError> {
  const refuse = (why: string): Result<never, CollectiveError> =>
    fail(new CollectiveError('REQUEST_INVALID', `The extents ${why}.`));
  if (extents.length > countMax) return refuse(`are ${extents.length}, more than ${countMax}`);
  let offset = startBytes;
  for (const { offsetBytes, lengthBytes, chunkId } of extents) {
    if (!Number.isSafeInteger(offsetBytes) || !Number.isSafeInteger(lengthBytes)) return refuse('are not whole numbers');
    if (offsetBytes !== offset) return refuse(`are not adjacent at byte ${offset}`);
    if (lengthBytes <= 0) return refuse('contain an empty one');
    if (chunkId !== undefined && lengthBytes > LIMITS.chunkBytesLarge) return refuse('contain a chunk that is too long');
    offset += lengthBytes;
    if (offset > LIMITS.fileBytes) return refuse('go beyond the largest file');
  }
  return ok(offset);
}
