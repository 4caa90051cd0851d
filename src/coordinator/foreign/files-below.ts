import { isMemberId, LIMITS } from '../../base/index.js';
import { countsAsHolder, type HolderId, holdersOf, memberCounts, type Names } from '../../domain/index.js';
import type { PlacementRow, ViewHost } from '../../projections/index.js';
import { type Walked, walkTree } from '../files/tree-walk.js';
import { chunksOfVersion } from '../files/version-chunks.js';

export interface FilesBelow {
  readonly files: number;
  /** Not all were looked at. */
  readonly more: boolean;
}

/**
 * Files in a folder of which some chunk has fewer copies on record than these. Folders with a policy of their own are passed over.
 * Looks at LIMITS.policyEntriesLooked entries and LIMITS.policyChunksLooked chunks at most. Error: CANCELLED.
 */
export async function filesBelow(views: ViewHost, folder: Names, copies: number, signal: AbortSignal): Promise<FilesBelow> {
  let files = 0;
  let entries = 0;
  const looked = { chunks: 0 };
  /** Below a folder with a policy of its own: how deep that is. */
  let otherDepth = Number.POSITIVE_INFINITY;
  for await (const walked of walkTree(views, folder, signal)) {
    entries += 1;
    if (entries > LIMITS.policyEntriesLooked || looked.chunks > LIMITS.policyChunksLooked) return { files, more: true };
    const depth = walked.names.length;
    if (depth > otherDepth) continue;
    const other =
      depth > folder.length &&
      walked.row.kind === 'directory' &&
      (await views.run(({ policies }) => policies.get(walked.fileId) !== undefined));
    otherDepth = other ? depth : Number.POSITIVE_INFINITY;
    if (!other && (await isBelow(views, walked, copies, looked))) files += 1;
  }
  return { files, more: false };
}

async function isBelow(views: ViewHost, { row, fileId }: Walked, copies: number, looked: { chunks: number }): Promise<boolean> {
  if (row.kind !== 'file' || row.version === 0) return false;
  const version = await views.run(({ namespace }) => namespace.version(fileId, row.version));
  if (version === undefined) return false;
  for await (const chunks of chunksOfVersion(views, version)) {
    looked.chunks += chunks.length;
    if (await views.run((all) => chunks.some(({ row: placement }) => copiesOf(placement, all) < copies))) return true;
    if (looked.chunks > LIMITS.policyChunksLooked) return false;
  }
  return false;
}

function copiesOf(
  row: PlacementRow | undefined,
  all: Parameters<typeof countsAsHolder>[1] & Parameters<typeof memberCounts>[1],
): number {
  return holdersOf(row).filter((id: HolderId) => (isMemberId(id) ? memberCounts(id, all) : countsAsHolder(id, all))).length;
}
