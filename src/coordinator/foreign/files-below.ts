import { isMemberId, LIMITS } from '../../base/index.js';
import { countsAsHolder, type HolderId, holdersOf, memberCounts, type Names } from '../../domain/index.js';
import type { PlacementRow, ViewHost } from '../../projections/index.js';
import { type Walked, walkTree } from '../files/tree-walk.js';
import { chunksOfVersion } from '../files/version-chunks.js';

export interface FilesBelow {
  /** With fewer copies on record than asked about. */
  readonly files: number;
  /** With fewer than an earlier upload wanted, and that more than asked about: they go on wanting them. */
  readonly wantingMore: number;
  /** Not all were looked at. */
  readonly more: boolean;
}

interface Look {
  below: boolean;
  wantingMore: boolean;
}

/**
 * Files in a folder by the chunk that has fewest copies on record. Folders with a policy of their own are passed over. Looks at
 * LIMITS.policyEntriesLooked entries and LIMITS.policyChunksLooked chunks at most. Error: CANCELLED.
 */
export async function filesBelow(views: ViewHost, folder: Names, copies: number, signal: AbortSignal): Promise<FilesBelow> {
  const found = { files: 0, wantingMore: 0 };
  const looked = { chunks: 0 };
  let entries = 0;
  /** Below a folder with a policy of its own: how deep that is. */
  let otherDepth = Number.POSITIVE_INFINITY;
  for await (const walked of walkTree(views, folder, signal)) {
    entries += 1;
    if (entries > LIMITS.policyEntriesLooked || looked.chunks > LIMITS.policyChunksLooked) return { ...found, more: true };
    const depth = walked.names.length;
    if (depth > otherDepth) continue;
    const other =
      depth > folder.length &&
      walked.row.kind === 'directory' &&
      (await views.run(({ policies }) => policies.get(walked.fileId) !== undefined));
    otherDepth = other ? depth : Number.POSITIVE_INFINITY;
    const { below, wantingMore } = await look(views, walked, copies, looked);
    if (below) found.files += 1;
    if (wantingMore) found.wantingMore += 1;
  }
  return { ...found, more: false };
}

async function look(views: ViewHost, { row, fileId }: Walked, copies: number, looked: { chunks: number }): Promise<Look> {
  const seen: Look = { below: false, wantingMore: false };
  if (row.kind !== 'file' || row.version === 0) return seen;
  const version = await views.run(({ namespace }) => namespace.version(fileId, row.version));
  if (version === undefined) return seen;
  for await (const chunks of chunksOfVersion(views, version)) {
    looked.chunks += chunks.length;
    await views.run((all) => {
      for (const { row: placement } of chunks) {
        const held = copiesOf(placement, all);
        if (held < copies) seen.below = true;
        if (placement !== undefined && placement.wantedCopies > copies && held < placement.wantedCopies) seen.wantingMore = true;
      }
    });
    if (looked.chunks > LIMITS.policyChunksLooked) break;
  }
  return seen;
}

function copiesOf(
  row: PlacementRow | undefined,
  all: Parameters<typeof countsAsHolder>[1] & Parameters<typeof memberCounts>[1],
): number {
  return holdersOf(row).filter((id: HolderId) => (isMemberId(id) ? memberCounts(id, all) : countsAsHolder(id, all))).length;
}
