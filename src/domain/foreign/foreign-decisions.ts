import {
  type ChunkId,
  CollectiveError,
  fail,
  formatSize,
  LIMITS,
  type MemberId,
  type NodeId,
  ok,
  type Result,
  type UploadId,
} from '../../base/index.js';
import type { CollectiveEvent, ForeignCopiesAccepted, ForeignCopiesLost } from '../../events/index.js';
import type {
  CertificatesReader,
  ForeignCopiesReader,
  NodesReader,
  PeersReader,
  PledgesReader,
} from '../../projections/index.js';
import { countsAsHolder } from '../certificate-decisions.js';
import type { Decision } from '../decision.js';
import { noHolder, type ReceiptedChunks } from '../uploads/receipted-copies.js';

interface HolderViews {
  readonly foreignCopies: ForeignCopiesReader;
  readonly pledges: PledgesReader;
  readonly peers: PeersReader;
  readonly nodes: NodesReader;
  readonly certificates: CertificatesReader;
}

/** Whether copies are kept for this member at all. Error: PERMISSION_DENIED. */
export function checkKeptFor(origin: MemberId, peers: PeersReader): Result<undefined, CollectiveError> {
  if (peers.get(origin)?.state === 'admitted') return ok(undefined);
  return fail(new CollectiveError('PERMISSION_DENIED', 'This member keeps no copies for yours any more.'));
}

/** What is left of the pledge to a member, as the log stands. May be less than 0 where it was lowered. */
export const pledgeLeft = (origin: MemberId, views: Pick<HolderViews, 'foreignCopies' | 'pledges'>): number =>
  (views.pledges.get(origin)?.bytes ?? 0) - views.foreignCopies.totals(origin).bytes;

export const pledgeUsedUp = (leftBytes: number): CollectiveError =>
  new CollectiveError('NOT_ENOUGH_SPACE', `Of its pledge, ${formatSize(Math.max(0, leftBytes))} are left.`, {
    next: 'Ask that member to pledge more: collective pledge set MEMBER SIZE, on its side.',
  });

/**
 * Chunks of another member that own nodes hold by their receipts. What is on record already is not recorded again and takes
 * nothing of the pledge. Errors: NOT_ENOUGH_SPACE (the pledge), PERMISSION_DENIED, RECEIPT_INVALID.
 */
export function decideAcceptForeign(
  command: { readonly origin: MemberId; readonly uploadId: UploadId; readonly receipted: ReceiptedChunks },
  views: HolderViews,
): Decision {
  const { origin, uploadId, receipted } = command;
  const kept = checkKeptFor(origin, views.peers);
  if (!kept.ok) return kept;
  views.foreignCopies.need(origin, receipted.keys());
  let newBytes = 0;
  const added: { readonly chunkId: ChunkId; readonly lengthBytes: number; readonly holders: readonly NodeId[] }[] = [];
  for (const [chunkId, { lengthBytes, nodeIds }] of receipted) {
    const row = views.foreignCopies.get(origin, chunkId);
    if (row !== undefined && row.lengthBytes !== lengthBytes) return fail(otherLength(chunkId, row.lengthBytes));
    for (const nodeId of nodeIds) if (!countsAsHolder(nodeId, views)) return fail(noHolder(nodeId));
    const holders = [...nodeIds].filter((nodeId) => row?.holders.includes(nodeId) !== true);
    // One copy is enough here: what another node got as well, in a second try, is not put on record.
    if (holders.length === 0 || (row?.holders.length ?? 0) > 0) continue;
    newBytes += lengthBytes;
    added.push({ chunkId, lengthBytes, holders: holders.slice(0, 1) });
  }
  const left = pledgeLeft(origin, views);
  if (newBytes > left) return fail(pledgeUsedUp(left));
  const events: CollectiveEvent[] = [];
  for (let start = 0; start < added.length; start += LIMITS.chunksPerCall) {
    events.push(accepted(origin, uploadId, added.slice(start, start + LIMITS.chunksPerCall)));
  }
  return ok(events);
}

function accepted(
  origin: MemberId,
  uploadId: UploadId,
  added: readonly { readonly chunkId: ChunkId; readonly lengthBytes: number; readonly holders: readonly NodeId[] }[],
): ForeignCopiesAccepted {
  const nodeIds = [...new Set(added.flatMap(({ holders }) => holders))];
  const chunks = added.map(({ chunkId, lengthBytes, holders }) => ({
    chunkId,
    lengthBytes,
    holders: holders.map((id) => nodeIds.indexOf(id)),
  }));
  return { type: 'ForeignCopiesAccepted', origin, uploadId, nodeIds, chunks };
}

/** The owner needs them no more. Those not on record (any more) are passed over. */
export function decideReleaseForeign(
  { origin, chunkIds }: { readonly origin: MemberId; readonly chunkIds: readonly ChunkId[] },
  { foreignCopies }: Pick<HolderViews, 'foreignCopies'>,
): Decision {
  foreignCopies.need(origin, chunkIds);
  const known = [...new Set(chunkIds)].filter((id) => foreignCopies.get(origin, id) !== undefined);
  return ok(inParts(known).map((part) => ({ type: 'ForeignCopiesReleased' as const, origin, chunkIds: part })));
}

/** A node has confirmed that these copies are gone, whosever they are. */
export function decideForeignLost(
  found: {
    readonly origins: readonly MemberId[];
    readonly nodeId: NodeId;
    readonly reason: ForeignCopiesLost['reason'];
    readonly chunkIds: readonly ChunkId[];
  },
  { foreignCopies }: Pick<HolderViews, 'foreignCopies'>,
): Decision {
  const { nodeId, reason } = found;
  const events: CollectiveEvent[] = [];
  for (const origin of found.origins) {
    foreignCopies.need(origin, found.chunkIds);
    const lost = [...new Set(found.chunkIds)].filter((id) => foreignCopies.get(origin, id)?.holders.includes(nodeId) === true);
    for (const chunkIds of inParts(lost)) events.push({ type: 'ForeignCopiesLost', origin, nodeId, reason, chunkIds });
  }
  return ok(events);
}

/** Another own node holds them now. Only copies that are on record at the first, and not at the second. */
export function decideMoveForeign(
  moved: {
    readonly origin: MemberId;
    readonly fromNodeId: NodeId;
    readonly toNodeId: NodeId;
    readonly chunkIds: readonly ChunkId[];
  },
  views: Pick<HolderViews, 'foreignCopies' | 'nodes' | 'certificates'>,
): Decision {
  const { origin, fromNodeId, toNodeId } = moved;
  if (!countsAsHolder(toNodeId, views)) return fail(noHolder(toNodeId));
  views.foreignCopies.need(origin, moved.chunkIds);
  const there = [...new Set(moved.chunkIds)].filter((id) => {
    const holders = views.foreignCopies.get(origin, id)?.holders ?? [];
    return holders.includes(fromNodeId) && !holders.includes(toNodeId);
  });
  return ok(inParts(there).map((chunkIds) => ({ type: 'ForeignCopiesMoved' as const, origin, fromNodeId, toNodeId, chunkIds })));
}

function inParts<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const parts: (readonly Item[])[] = [];
  for (let start = 0; start < items.length; start += LIMITS.chunksPerCall)
    parts.push(items.slice(start, start + LIMITS.chunksPerCall));
  return parts;
}

const otherLength = (chunkId: ChunkId, lengthBytes: number): CollectiveError =>
  new CollectiveError('RECEIPT_INVALID', `Chunk ${chunkId} is on record with ${lengthBytes} bytes.`, { details: { chunkId } });
