import { LIMITS, type NodeId } from '../../base/index.js';
import type { ChunkBytes, ChunkEntry, ChunkRange, ChunkStore } from '../../chunks/index.js';
import { chunkListDigest, signReceipt, type PutTicket } from '../../identity/index.js';
import type { Clock, Hasher, Logger, Signer } from '../../ports/index.js';
import type { ReceivingChunk, TicketRights } from '../../transport/index.js';
import { tellingTrouble } from './store-trouble.js';
import type { TicketBudgets } from './ticket-budgets.js';
import type { TicketScope } from './ticket-scope.js';

export interface PutRightsOptions {
  readonly scope: TicketScope<PutTicket>;
  readonly nodeId: NodeId;
  readonly store: ChunkStore;
  readonly budgets: TicketBudgets;
  readonly signer: Signer;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onStoreTrouble: () => void;
}

/** Storing chunks of one upload for one origin. Whatever a request names, it is looked for under the ticket's origin alone. */
export class PutRights implements TicketRights {
  readonly #options: PutRightsOptions;

  constructor(options: PutRightsOptions) {
    this.#options = options;
  }

  async receive(chunk: ChunkEntry, signal: AbortSignal): Promise<ReceivingChunk> {
    const { scope, budgets, store, clock, onStoreTrouble } = this.#options;
    scope.assertGood();
    const { ticket } = scope;
    budgets.spend(ticket, chunk.lengthBytes, clock.nowMs());
    try {
      const arrival = { ...chunk, origin: ticket.origin, uploadId: ticket.uploadId };
      const incoming = await tellingTrouble(() => store.receive(arrival, signal), onStoreTrouble);
      return {
        append: (bytes) => {
          incoming.append(bytes);
        },
        store: () => tellingTrouble(() => incoming.store(), onStoreTrouble),
        discard: () => {
          incoming.discard();
        },
      };
    } catch (error) {
      budgets.refund(ticket, chunk.lengthBytes);
      throw error;
    }
  }

  async held(chunks: readonly ChunkEntry[], _signal: AbortSignal): Promise<readonly boolean[]> {
    const { scope, store } = this.#options;
    scope.assertGood();
    const { origin, uploadId, sentOnly } = scope.ticket;
    return store.held(origin, uploadId, chunks, sentOnly);
  }

  /** Signs only what the store has made durable before. */
  async receipt(chunks: readonly ChunkEntry[], signal: AbortSignal): Promise<Uint8Array> {
    const { scope, store, clock, hasher, signer, nodeId, logger, onStoreTrouble } = this.#options;
    scope.assertGood();
    const { origin, uploadId, clientKeyHash, sentOnly = false } = scope.ticket;
    const holdExpiresAtMs = clock.nowMs() + LIMITS.uploadLifeMs;
    const request = { origin, uploadId, expiresAtMs: holdExpiresAtMs, chunks, sentOnly };
    await tellingTrouble(() => store.commit(request, signal), onStoreTrouble);
    logger.debug('chunks held', { uploadId, chunks: chunks.length });
    return signReceipt(
      { nodeId, origin, clientKeyHash, uploadId, holdExpiresAtMs, listDigest: chunkListDigest(chunks, hasher) },
      signer,
    );
  }

  async read(_chunk: ChunkEntry, _signal: AbortSignal): Promise<ChunkBytes> {
    throw this.#options.scope.refuse('read them');
  }

  async readRange(): Promise<ChunkRange> {
    throw this.#options.scope.refuse('read them');
  }
}
