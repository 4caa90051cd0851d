import { accept, CollectiveError, equalBytes, LIMITS, type NodeId } from '../../base/index.js';
import type { ChunkStore } from '../../chunks/index.js';
import { chunkListDigest, describePeer, openTicket, type OwnCredentials, type Ticket } from '../../identity/index.js';
import type { Clock, Hasher, Logger, SignatureVerifier, Signer } from '../../ports/index.js';
import type { ChunkServerHandler, PresentedTicket, TicketRights } from '../../transport/index.js';
import type { CoordinatorKnowledge } from '../coordinator-knowledge.js';
import { PutRights } from './put-rights.js';
import { ReadRights } from './read-rights.js';
import { TicketBudgets } from './ticket-budgets.js';
import { TicketScope } from './ticket-scope.js';

export interface TicketGateOptions {
  readonly own: OwnCredentials;
  readonly nodeId: NodeId;
  readonly store: ChunkStore;
  readonly knowledge: CoordinatorKnowledge;
  /** Holds the key of the node's certificate: signs receipts. */
  readonly signer: Signer;
  readonly verifier: SignatureVerifier;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The store has refused something for its own state: full, read-only, damaged. */
  readonly onStoreTrouble: () => void;
}

/** Lets in who shows a ticket of the own coordinator, for what that ticket says and nothing else. */
export class TicketGate implements ChunkServerHandler {
  readonly #options: TicketGateOptions;
  readonly #budgets: TicketBudgets;

  constructor(options: TicketGateOptions) {
    this.#options = options;
    this.#budgets = new TicketBudgets(options.own.memberId);
  }

  async openTicket(presented: PresentedTicket): Promise<TicketRights> {
    const { own, clock, knowledge, verifier, nodeId } = this.#options;
    const { leaf } = presented.peer;
    const nowMs = clock.nowMs();
    const verify = (atMs: number) => accept(knowledge.verifyClient(leaf, own, atMs));
    const bearer = verify(nowMs);
    if (knowledge.ticketKeys.length === 0) {
      throw new CollectiveError('UNAVAILABLE', 'This node has not met its coordinator yet, so it can judge no tickets.', {
        next: 'Check that the coordinator runs; the node connects to it by itself.',
      });
    }
    const ticket = accept(
      openTicket(presented.ticket, {
        ticketPublicKeys: knowledge.ticketKeys,
        verifier,
        nowMs,
        nodeId,
        clientKeyHash: bearer.publicKeyHash,
      }),
    );
    if (ticket.revocationPosition > knowledge.revocationPosition) {
      throw new CollectiveError('UNAVAILABLE', 'This node has not heard of the latest revocations yet.', {
        next: 'Try again in a moment.',
      });
    }
    if (bearer.role !== 'client' && ticket.kind !== 'read') {
      throw new CollectiveError('PERMISSION_DENIED', 'A node reads from others, and puts nothing into them.');
    }
    const label = presented.label === '' ? {} : { requestId: presented.label };
    const logger = this.#options.logger.child({ ...label, client: describePeer(bearer), origin: ticket.origin });
    logger.debug('a ticket was shown', { kind: ticket.kind, chunks: presented.chunks.length });
    return this.#rights(ticket, presented, { bearer, verify, clock }, logger);
  }

  #rights(
    ticket: Ticket,
    presented: PresentedTicket,
    common: Omit<ConstructorParameters<typeof TicketScope>[0], 'ticket'>,
    logger: Logger,
  ): TicketRights {
    const { hasher, store, onStoreTrouble } = this.#options;
    if (ticket.kind === 'put') {
      const { nodeId, signer, clock } = this.#options;
      const scope = new TicketScope({ ...common, ticket });
      return new PutRights({ scope, nodeId, store, budgets: this.#budgets, signer, hasher, clock, logger, onStoreTrouble });
    }
    const { chunks } = presented;
    if (chunks.length > LIMITS.chunksPerTicket || !equalBytes(chunkListDigest(chunks, hasher), ticket.listDigest)) {
      throw new CollectiveError('TICKET_INVALID', 'The list of chunks is not the one that the ticket is for.', {
        next: 'Ask the coordinator for a new ticket.',
      });
    }
    return new ReadRights(new TicketScope({ ...common, ticket }), store, chunks, onStoreTrouble);
  }
}
