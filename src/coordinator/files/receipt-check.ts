import {
  accept,
  type ChunkId,
  CollectiveError,
  isChunkId,
  isNodeId,
  LIMITS,
  type MemberId,
  type NodeId,
  type UploadId,
} from '../../base/index.js';
import { countsAsHolder, noHolder, type ReceiptedChunks } from '../../domain/index.js';
import { chunkListDigest, openReceipt } from '../../identity/index.js';
import type { Clock, Hasher, SignatureVerifier } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { Receipt } from '../../transport/index.js';

const RECEIPTS_PER_CALL = 256;

interface ReceiptCheckOptions {
  readonly origin: MemberId;
  readonly views: ViewHost;
  readonly clock: Clock;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** Whom the receipts were given to. */
interface ReceiptBearer {
  readonly keyHash: Uint8Array;
  /** Whose chunks they are about. */
  readonly origin?: MemberId;
}

/** Finds out what the receipts that came with a call prove. */
export class ReceiptCheck {
  readonly #options: ReceiptCheckOptions;

  constructor(options: ReceiptCheckOptions) {
    this.#options = options;
  }

  /** By default of chunks of the own member. Errors: RECEIPT_INVALID, LIMIT_EXCEEDED, REQUEST_INVALID. */
  async open(receipts: readonly Receipt[], uploadId: UploadId, caller: ReceiptBearer): Promise<ReceiptedChunks> {
    if (receipts.length > RECEIPTS_PER_CALL) {
      throw new CollectiveError('LIMIT_EXCEEDED', `One call carries at most ${RECEIPTS_PER_CALL} receipts.`);
    }
    const found = new Map<ChunkId, { readonly lengthBytes: number; readonly nodeIds: Set<NodeId> }>();
    for (const receipt of receipts) await this.#open(receipt, uploadId, caller, found);
    return found;
  }

  async #open(
    receipt: Receipt,
    uploadId: UploadId,
    caller: ReceiptBearer,
    found: Map<ChunkId, { readonly lengthBytes: number; readonly nodeIds: Set<NodeId> }>,
  ): Promise<void> {
    const { nodeId } = receipt;
    if (!isNodeId(nodeId)) throw new CollectiveError('REQUEST_INVALID', 'A receipt names no node.');
    if (receipt.chunks.length > LIMITS.chunksPerCall) {
      throw new CollectiveError('LIMIT_EXCEEDED', `A receipt covers at most ${LIMITS.chunksPerCall} chunks.`);
    }
    const chunks = receipt.chunks.map(({ chunkId, lengthBytes }) => {
      if (!isChunkId(chunkId)) throw new CollectiveError('REQUEST_INVALID', 'A receipt names something that is no chunk.');
      return { chunkId, lengthBytes };
    });
    await this.#verify(receipt, nodeId, uploadId, caller, chunkListDigest(chunks, this.#options.hasher));
    for (const { chunkId, lengthBytes } of chunks) {
      const known = found.get(chunkId) ?? { lengthBytes, nodeIds: new Set<NodeId>() };
      if (known.lengthBytes !== lengthBytes) {
        throw new CollectiveError('RECEIPT_INVALID', `Receipts disagree about the length of chunk ${chunkId}.`, {
          details: { chunkId },
        });
      }
      known.nodeIds.add(nodeId);
      found.set(chunkId, known);
    }
  }

  /** The node may have signed with the key of its certificate or of the one before. */
  async #verify(
    receipt: Receipt,
    nodeId: NodeId,
    uploadId: UploadId,
    caller: ReceiptBearer,
    listDigest: Uint8Array,
  ): Promise<void> {
    const { views, verifier, clock } = this.#options;
    const { origin = this.#options.origin } = caller;
    const { keys, counts } = await views.run((all) => ({
      keys: all.certificates.of('node', nodeId).map((certificate) => certificate.publicKey),
      counts: countsAsHolder(nodeId, all),
    }));
    if (!counts) throw noHolder(nodeId);
    const results = keys.map((nodePublicKey) =>
      openReceipt(receipt.signedReceipt, {
        verifier,
        nodePublicKey,
        nodeId,
        origin,
        clientKeyHash: caller.keyHash,
        uploadId,
        listDigest,
        nowMs: clock.nowMs(),
      }),
    );
    const [first] = results;
    if (first === undefined) throw new CollectiveError('RECEIPT_INVALID', `There is no node ${nodeId} on record.`);
    if (!results.some((result) => result.ok)) accept(first);
  }
}
