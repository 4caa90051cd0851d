import { type CollectiveError, isMemberId, isUploadId, LIMITS, type NodeId, toCollectiveError } from '../../base/index.js';
import type { ChunkEntry, ChunkStore } from '../../chunks/index.js';
import { chunkListDigest, type OwnCredentials, signReceipt } from '../../identity/index.js';
import type { Clock, Hasher, Logger, Network, SignatureVerifier, Signer, Timers } from '../../ports/index.js';
import type { FetchedChunks, FetchOrder } from '../../transport/index.js';
import { entryOf, getFrom, malformed, OWN_FAULTS } from './get-from.js';

export interface FetchOptions {
  readonly nodeId: NodeId;
  readonly own: OwnCredentials;
  readonly store: ChunkStore;
  readonly signer: Signer;
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** In place of a client's key: the receipt is for the own coordinator. */
const NO_CLIENT = new Uint8Array(32);

/**
 * Gets the chunks of an order from whoever has them, a few at once from one after another, and holds them durably. What cannot be had from one source
 * is tried at the next; what cannot be had at all is not among the chunks of the answer. Errors: REQUEST_INVALID, NODE_FULL,
 * NODE_READ_ONLY, CANCELLED.
 */
export async function fetchChunks(
  options: FetchOptions,
  order: FetchOrder,
  signal: AbortSignal,
): Promise<{ readonly fetched: FetchedChunks; readonly failure: CollectiveError | undefined }> {
  const { store, clock, hasher, signer, nodeId } = options;
  const { origin, uploadId } = order;
  if (!isMemberId(origin) || !isUploadId(uploadId)) throw malformed('names no member or upload');
  if (order.chunks.length > LIMITS.chunksPerFetch || order.sources.length > LIMITS.fetchSources) throw malformed('is too long');
  const chunks = order.chunks.map(entryOf);
  const held = await store.held(origin, uploadId, chunks);
  const got = new Set(chunks.filter((_, at) => held[at] === true));
  let failure: CollectiveError | undefined;
  for (const source of order.sources) {
    const wanted = chunks.filter((chunk) => !got.has(chunk));
    if (wanted.length === 0) break;
    const arrival = (chunk: ChunkEntry) => ({ ...chunk, origin, uploadId });
    try {
      await getFrom(options, source, wanted, signal, async (chunk, bytes) => {
        const incoming = await store.receive(arrival(chunk), signal);
        try {
          incoming.append(bytes);
        } catch (error) {
          incoming.discard();
          throw error;
        }
        await incoming.store();
        got.add(chunk);
      });
    } catch (error) {
      failure = toCollectiveError(error);
      if (signal.aborted || OWN_FAULTS.has(failure.code)) throw failure;
      options.logger.info('chunks could not be fetched from a node', { node: source.access?.name ?? '', error: failure });
    }
  }
  const list = chunks.filter((chunk) => got.has(chunk));
  if (list.length === 0) return { fetched: { chunks: [], signedReceipt: new Uint8Array(0) }, failure };
  const holdExpiresAtMs = clock.nowMs() + LIMITS.uploadLifeMs;
  await store.commit({ origin, uploadId, expiresAtMs: holdExpiresAtMs, chunks: list }, signal);
  const listDigest = chunkListDigest(list, hasher);
  const receipt = { nodeId, origin, clientKeyHash: NO_CLIENT, uploadId, holdExpiresAtMs, listDigest };
  return {
    fetched: { chunks: list, signedReceipt: signReceipt(receipt, signer) },
    failure: list.length === chunks.length ? undefined : failure,
  };
}
