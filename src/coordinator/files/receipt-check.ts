import {
  accept,
  type ChunkId,
  CollectiveError,
  isChunkId,
  isNodeId,
  LIMITS,
  type MemberId,
  type NodeId,
  type Result,
  type UploadId,
} from '../../base/index.js';
import { countsAsHolder, noHolder, type ReceiptedChunks } from '../../domain/index.js';
import { chunkListDigest, openReceipt } from '../../identity/index.js';
import type { Clock, Hasher, SignatureVerifier } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { Receipt } from '../../transport/index.js';
import type { UnrecordedLeaves } from '../certificates/unrecorded-leaves.js';

const RECEIPTS_PER_CALL = 256;

interface ReceiptCheckOptions {
  readonly origin: MemberId;
  readonly views: ViewHost;
  readonly unrecorded: Pick<UnrecordedLeaves, 'settle' | 'returned'>;
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

interface SignedReceipt extends Omit<Parameters<typeof openReceipt>[1], 'verifier' | 'nodePublicKey' | 'nowMs'> {
  readonly signedReceipt: Uint8Array;
}

/** Finds out what the receipts that came with a call prove. */
export class ReceiptCheck {
  readonly #options: ReceiptCheckOptions;

  constructor(options: ReceiptCheckOptions) {
    this.#options = options;
  }

  /** By default of chunks of the own member. Errors: RECEIPT_INVALID, LIMIT_EXCEEDED, REQUEST_INVALID; those of the log. */
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

  async #verify(
    receipt: Receipt,
    nodeId: NodeId,
    uploadId: UploadId,
    caller: ReceiptBearer,
    listDigest: Uint8Array,
  ): Promise<void> {
    const { origin = this.#options.origin } = caller;
    const { signedReceipt } = receipt;
    const check = { signedReceipt, nodeId, origin, clientKeyHash: caller.keyHash, uploadId, listDigest };
    if ((await this.#openByKeys(check)).ok) return;
    await this.#options.unrecorded.returned(nodeId);
    accept(await this.#openByKeys(check));
  }

  /**
   * The node may have signed with the key of its certificate or of the one before. What it signs with goes on record first: whoever
   * reads the log finds no copies that rest on a certificate which comes later or never.
   */
  async #openByKeys({ signedReceipt, ...check }: SignedReceipt): Promise<Result<unknown, CollectiveError>> {
    const { views, unrecorded, verifier, clock } = this.#options;
    const { nodeId } = check;
    await unrecorded.settle(nodeId);
    const { keys, counts } = await views.run((all) => ({
      keys: all.certificates.of('node', nodeId).map((certificate) => certificate.publicKey),
      counts: countsAsHolder(nodeId, all),
    }));
    if (!counts) throw noHolder(nodeId);
    const nowMs = clock.nowMs();
    const results = keys.map((nodePublicKey) => openReceipt(signedReceipt, { ...check, verifier, nodePublicKey, nowMs }));
    const [first] = results;
    if (first === undefined) throw new CollectiveError('RECEIPT_INVALID', `There is no node ${nodeId} on record.`);
    return results.find((result) => result.ok) ?? first;
  }
}
