import { type ChunkId, CollectiveError, fail, LIMITS, type MemberId, type NodeId, ok, type Result } from '../../base/index.js';
import type { CopiesRecorded, Extent } from '../../events/index.js';
import type { CertificatesReader, NodesReader, PeersReader, PlacementReader } from '../../projections/index.js';
import { countsAsHolder } from '../certificate-decisions.js';

/** What verified receipts of one upload say: for each chunk its length, and the own nodes and the members that hold it. */
export type ReceiptedChunks = ReadonlyMap<ChunkId, ReceiptedChunk>;

export interface ReceiptedChunk {
  readonly lengthBytes: number;
  readonly nodeIds: ReadonlySet<NodeId>;
  /** They have said that the copies are on their record. */
  readonly memberIds?: ReadonlySet<MemberId>;
}

const copiesOf = (receipt: ReceiptedChunk | undefined): number => (receipt?.nodeIds.size ?? 0) + (receipt?.memberIds?.size ?? 0);

/** Every chunk of the extents must be receipted, with its length, by enough nodes. Error: RECEIPT_INVALID. */
export function checkReceipted(
  extents: readonly Extent[],
  receipted: ReceiptedChunks,
  copies: number,
): Result<undefined, CollectiveError> {
  for (const { chunkId, lengthBytes } of extents) {
    if (chunkId === undefined) continue;
    const receipt = receipted.get(chunkId);
    if (receipt === undefined || copiesOf(receipt) < copies) {
      return fail(
        new CollectiveError(
          'RECEIPT_INVALID',
          `Chunk ${chunkId} has ${copiesOf(receipt)} copies by its receipts; this upload needs ${copies}.`,
          {
            next: 'Send the chunk again, then commit.',
            details: { chunkId, copies },
          },
        ),
      );
    }
    if (receipt.lengthBytes !== lengthBytes) {
      return fail(
        new CollectiveError(
          'RECEIPT_INVALID',
          `Chunk ${chunkId} has ${receipt.lengthBytes} bytes by its receipts and ${lengthBytes} by its extent.`,
          { details: { chunkId } },
        ),
      );
    }
  }
  return ok(undefined);
}

export interface CopiesViews {
  readonly placement: PlacementReader;
  readonly certificates: CertificatesReader;
  readonly nodes: NodesReader;
  readonly peers: PeersReader;
}

/**
 * The copies that are not on record yet, in as many events as they take; none when all are. Error: RECEIPT_INVALID for a chunk
 * known with another length, and where a node was revoked since its receipt was checked.
 */
export function newCopies(receipted: ReceiptedChunks, views: CopiesViews): Result<readonly CopiesRecorded[], CollectiveError> {
  const { placement } = views;
  const holders = new Set<NodeId>();
  for (const { nodeIds } of receipted.values()) for (const nodeId of nodeIds) holders.add(nodeId);
  for (const nodeId of holders) if (!countsAsHolder(nodeId, views)) return fail(noHolder(nodeId));
  const members = new Set<MemberId>();
  for (const { memberIds = [] } of receipted.values()) for (const memberId of memberIds) members.add(memberId);
  for (const memberId of members) if (!memberCounts(memberId, views)) return fail(noMember(memberId));
  placement.need(receipted.keys());
  const added: AddedChunk[] = [];
  for (const [chunkId, { lengthBytes, nodeIds, memberIds = [] }] of receipted) {
    const row = placement.chunk(chunkId);
    if (row !== undefined && row.lengthBytes !== lengthBytes) {
      return fail(
        new CollectiveError('RECEIPT_INVALID', `Chunk ${chunkId} is on record with ${row.lengthBytes} bytes.`, {
          details: { chunkId },
        }),
      );
    }
    const missing = [...nodeIds].filter((nodeId) => row?.holders.includes(nodeId) !== true);
    const missingMembers = [...memberIds].filter((memberId) => row?.members.includes(memberId) !== true);
    if (missing.length + missingMembers.length > 0) {
      added.push({ chunkId, lengthBytes, nodeIds: missing, memberIds: missingMembers });
    }
  }
  const events: CopiesRecorded[] = [];
  for (let start = 0; start < added.length; start += LIMITS.chunksPerCall) {
    events.push(copiesRecorded(added.slice(start, start + LIMITS.chunksPerCall)));
  }
  return ok(events);
}

/** Whether copies at this member count: those of one that was suspended do, of one that was removed not. */
export const memberCounts = (memberId: MemberId, { peers }: { readonly peers: PeersReader }): boolean => {
  const state = peers.get(memberId)?.state;
  return state === 'admitted' || state === 'suspended';
};

const noMember = (memberId: MemberId): CollectiveError =>
  new CollectiveError('RECEIPT_INVALID', `Member ${memberId.slice(0, 8)} was removed: its word does not count any more.`, {
    next: 'Put the file again.',
  });

/** The word of a node that was revoked. */
export const noHolder = (nodeId: NodeId): CollectiveError =>
  new CollectiveError('RECEIPT_INVALID', `Node ${nodeId} was revoked: its word does not count any more.`, {
    next: 'Put the file again.',
  });

interface AddedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
  readonly nodeIds: readonly NodeId[];
  readonly memberIds: readonly MemberId[];
}

function copiesRecorded(added: readonly AddedChunk[]): CopiesRecorded {
  const nodeIds = [...new Set(added.flatMap((chunk) => chunk.nodeIds))];
  const memberIds = [...new Set(added.flatMap((chunk) => chunk.memberIds))];
  const chunks = added.map(({ chunkId, lengthBytes, ...holders }) => ({
    chunkId,
    lengthBytes,
    holders: [
      ...holders.nodeIds.map((id) => nodeIds.indexOf(id)),
      ...holders.memberIds.map((id) => nodeIds.length + memberIds.indexOf(id)),
    ],
  }));
  return { type: 'CopiesRecorded', nodeIds, memberIds, chunks };
}
