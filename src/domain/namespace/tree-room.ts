import { CollectiveError, type ExtentListId, fail, formatSize, LIMITS, ok, type Result, ROOT_FILE_ID } from '../../base/index.js';
import type { Extent } from '../../events/index.js';
import { chunkBytesOf, type ExtentsReader, type NamespaceReader } from '../../projections/index.js';

/** A version that is to be made. */
export interface AddedVersion {
  readonly bytes: number;
  /** What its copies take. */
  readonly storedBytes: number;
  /** Of the version that it follows. */
  readonly replacedBytes: number;
}

/**
 * Sizes are summed up over the whole tree and over all versions, and holes cost nothing to make: the sums have to stay numbers.
 * Error: LIMIT_EXCEEDED.
 */
export function checkTreeRoom(added: AddedVersion, namespace: NamespaceReader): Result<undefined, CollectiveError> {
  const below = namespace.file(ROOT_FILE_ID)?.below;
  const purged = namespace.purged();
  const liveBytes = below?.bytes ?? 0;
  const addedBytes = added.bytes - added.replacedBytes;
  if (addedBytes > 0 && liveBytes + addedBytes > LIMITS.treeBytes) {
    return refuse(`The files of the tree have ${formatSize(liveBytes)} together`, LIMITS.treeBytes);
  }
  const allBytes = liveBytes + (below?.keptBytes ?? 0) + (below?.deletedBytes ?? 0) + purged.bytes;
  const stored =
    (below?.storedBytes ?? 0) + (below?.keptStoredBytes ?? 0) + (below?.deletedStoredBytes ?? 0) + purged.storedBytes;
  if (allBytes + added.bytes <= LIMITS.versionsBytes && stored + added.storedBytes <= LIMITS.versionsBytes) return ok(undefined);
  return refuse(`All versions of all files have ${formatSize(Math.max(allBytes, stored))} together`, LIMITS.versionsBytes);
}

/** What the copies of a version take. Lists that are not on record count nothing. */
export function storedBytesOf(
  content: { readonly extentListIds: readonly ExtentListId[]; readonly extents: readonly Extent[] },
  copies: number,
  extents: ExtentsReader,
): number {
  const inLists = content.extentListIds.reduce((sum, id) => sum + (extents.list(id)?.chunkBytes ?? 0), 0);
  return (chunkBytesOf(content.extents) + inLists) * copies;
}

/** Whether something that is put back, or moved, keeps every path short enough. Error: LIMIT_EXCEEDED. */
export function checkDepth(levels: number): Result<undefined, CollectiveError> {
  if (levels <= LIMITS.pathDepth) return ok(undefined);
  return fail(new CollectiveError('LIMIT_EXCEEDED', `Paths would get more than ${LIMITS.pathDepth} levels.`));
}

const refuse = (sum: string, most: number): Result<never, CollectiveError> =>
  fail(new CollectiveError('LIMIT_EXCEEDED', `${sum}; ${formatSize(most)} is the most.`));
