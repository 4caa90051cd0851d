import { type ChunkId, CollectiveError, fail, LIMITS, type NodeId, ok, type Result } from '../../base/index.js';
import type { CopiesRecorded, Extent } from '../../events/index.js';
import type { CertificatesReader, NodesReader, PlacementReader } from '../../projections/index.js';
import { countsAsHolder } from '../certificate-decisions.js';

/** What verified receipts of one upload say: for each chunk its length and the nodes that hold it. */
export type ReceiptedChunks = ReadonlyMap<ChunkId, { readonly lengthBytes: number; readonly nodeIds: ReadonlySet<NodeId> }>;

/** Every chunk of the extents must be receipted, with its length, by enough nodes. Error: RECEIPT_INVALID. */
export function checkReceipted(
  extents: readonly Extent[],
  receipted: ReceiptedChunks,
  copies: number,
): Result<undefined, CollectiveError> {
  for (const { chunkId, lengthBytes } of extents) {
    if (chunkId === undefined) continue;
    const receipt = receipted.get(chunkId);
    if (receipt === undefined || receipt.nodeIds.size < copies) {
      return fail(
        new CollectiveError(
          'RECEIPT_INVALID',
          `Chunk ${chunkId} has receipts of ${receipt?.nodeIds.size ?? 0} nodes; this upload needs ${copies}.`,
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
  placement.need(receipted.keys());
  const added: AddedChunk[] = [];
  for (const [chunkId, { lengthBytes, nodeIds }] of receipted) {
    const row = placement.chunk(chunkId);
    if (row !== undefined && row.lengthBytes !== lengthBytes) {
      return fail(
        new CollectiveError('RECEIPT_INVALID', `Chunk ${chunkId} is on record with ${row.lengthBytes} bytes.`, {
          details: { chunkId },
        }),
      );
    }
    const missing = [...nodeIds].filter((nodeId) => row?.holders.includes(nodeId) !== true);
    if (missing.length > 0) added.push({ chunkId, lengthBytes, holders: missing });
  }
  const events: CopiesRecorded[] = [];
  for (let start = 0; start < added.length; start += LIMITS.chunksPerCall) {
    events.push(copiesRecorded(added.slice(start, start + LIMITS.chunksPerCall)));
  }
  return ok(events);
}

/** The word of a node that was revoked. */
export const noHolder = (nodeId: NodeId): CollectiveError =>
  new CollectiveError('RECEIPT_INVALID', `Node ${nodeId} was revoked: its word does not count any more.`, {
    next: 'Put the file again.',
  });

interface AddedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
  readonly holders: readonly NodeId[];
}

function copiesRecorded(added: readonly AddedChunk[]): CopiesRecorded {
  const nodeIds: NodeId[] = [];
  const indexOf = (nodeId: NodeId): number => {
    const known = nodeIds.indexOf(nodeId);
    return known >= 0 ? known : nodeIds.push(nodeId) - 1;
  };
  const chunks = added.map(({ chunkId, lengthBytes, holders }) => ({ chunkId, lengthBytes, holders: holders.map(indexOf) }));
  return { type: 'CopiesRecorded', nodeIds, memberIds: [], chunks };
}
