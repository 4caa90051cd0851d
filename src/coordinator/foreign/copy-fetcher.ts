import { type ChunkId, CollectiveError, isChunkId, LIMITS, type MemberId, type NodeId, type UploadId } from '../../base/index.js';
import type { Hasher, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import { errorOfFailure, type Failure, type FetchSource, type SessionAnswer } from '../../transport/index.js';
import type { UnrecordedLeaves } from '../certificates/unrecorded-leaves.js';
import type { ReceiptCheck } from '../files/receipt-check.js';
import type { NodeOrder } from '../nodes/node-session.js';
import type { NodeRegistry } from '../nodes/node-registry.js';

export interface CopyFetcherOptions {
  readonly views: ViewHost;
  readonly registry: NodeRegistry;
  readonly receipts: ReceiptCheck;
  readonly unrecorded: Pick<UnrecordedLeaves, 'of'>;
  readonly hasher: Hasher;
  readonly timers: Timers;
}

export interface FetchWish {
  readonly nodeId: NodeId;
  readonly origin: MemberId;
  readonly uploadId: UploadId;
  /** At most LIMITS.chunksPerFetch. */
  readonly chunks: readonly { readonly chunkId: ChunkId; readonly lengthBytes: number }[];
  /** With read tickets bound to the node's key. */
  readonly sources: readonly FetchSource[];
}

/** In place of a client's key, in receipts that a node signs for its own coordinator. */
export const FETCHED_KEY_HASH = new Uint8Array(32);

/** Has own nodes get chunks from other nodes. */
export class CopyFetcher {
  readonly #options: CopyFetcherOptions;

  constructor(options: CopyFetcherOptions) {
    this.#options = options;
  }

  /** SHA-256 of the key of each node's newest certificate, on record or not yet; empty where there is none. */
  async keyHashesOf(nodeIds: readonly NodeId[]): Promise<readonly Uint8Array[]> {
    const { views, unrecorded, hasher } = this.#options;
    const keys = await views.run(({ certificates }) =>
      nodeIds.map((id) => {
        const [recorded] = certificates.of('node', id);
        const waiting = unrecorded.of('node', id).at(-1);
        return (waiting !== undefined && waiting.notBeforeMs > (recorded?.notBeforeMs ?? 0) ? waiting : recorded)?.publicKey;
      }),
    );
    return keys.map((key) => (key === undefined ? new Uint8Array(0) : hasher.sha256(key)));
  }

  /**
   * What the node holds durably afterwards, by its receipt, and why that is not all. Errors: NODE_UNREACHABLE, LIMIT_EXCEEDED,
   * RECEIPT_INVALID, CANCELLED.
   */
  async fetch(
    wish: FetchWish,
    signal: AbortSignal,
  ): Promise<{
    readonly chunks: readonly { readonly chunkId: ChunkId; readonly lengthBytes: number }[];
    readonly failure: Failure | undefined;
  }> {
    const { nodeId, origin, uploadId, chunks, sources } = wish;
    const order = { $case: 'fetch', value: { origin, uploadId, chunks: [...chunks], sources: [...sources] } } as const;
    const { fetched, failure } = await this.#order(nodeId, order, signal);
    if (fetched === undefined || fetched.chunks.length === 0) return { chunks: [], failure };
    const { signedReceipt } = fetched;
    const receipt = { nodeId, signedReceipt, chunks: fetched.chunks };
    const proven = await this.#options.receipts.open([receipt], uploadId, { keyHash: FETCHED_KEY_HASH, origin });
    const wanted = new Map(chunks.map(({ chunkId, lengthBytes }) => [chunkId, lengthBytes]));
    const got = [...proven].filter(([chunkId, { lengthBytes }]) => isChunkId(chunkId) && wanted.get(chunkId) === lengthBytes);
    return { chunks: got.map(([chunkId, { lengthBytes }]) => ({ chunkId, lengthBytes })), failure };
  }

  /**
   * Which of the chunks the node could read whole at these sources; it keeps nothing of them. Errors: NODE_UNREACHABLE, LIMIT_EXCEEDED,
   * UNSUPPORTED (a node of before), CANCELLED.
   */
  async read(
    { nodeId, chunks, sources }: Pick<FetchWish, 'nodeId' | 'chunks' | 'sources'>,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const order = { $case: 'read', value: { chunks: [...chunks], sources: [...sources] } } as const;
    const { read, failure } = await this.#order(nodeId, order, signal);
    if (read !== undefined) return new Set(read.chunkIds);
    if (failure === undefined) throw new CollectiveError('PROTOCOL_ERROR', 'The node answered another order.');
    throw errorOfFailure(failure);
  }

  async #order(nodeId: NodeId, order: NodeOrder, signal: AbortSignal): Promise<SessionAnswer> {
    const { registry, timers } = this.#options;
    const session = registry.session(nodeId);
    if (session === undefined) {
      throw new CollectiveError('NODE_UNREACHABLE', `Node ${nodeId} has no session with the coordinator.`);
    }
    const deadline = new AbortController();
    const timer = timers.after(LIMITS.memberFetchMs, () => deadline.abort());
    try {
      const reply = await session.order(order, AbortSignal.any([signal, deadline.signal]));
      if (reply.kind !== 'answer') throw new CollectiveError('PROTOCOL_ERROR', 'The node answered another order.');
      return reply.answer;
    } finally {
      timer.cancel();
    }
  }
}
