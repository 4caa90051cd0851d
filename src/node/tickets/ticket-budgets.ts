import { CollectiveError, formatSize, LIMITS, toHex } from '../../base/index.js';
import type { PutTicket } from '../../identity/index.js';

interface Spent {
  readonly forgetAtMs: number;
  bytes: number;
}

/**
 * How many bytes each put ticket has let in, over all connections that show it. Forgotten when the ticket is over, and by a
 * restart: what a ticket can then let in twice is still bounded by the node's capacity.
 */
export class TicketBudgets {
  readonly #spent = new Map<string, Spent>();
  readonly #ticketsMax: number;

  constructor(ticketsMax: number = LIMITS.ticketBudgets) {
    this.#ticketsMax = ticketsMax;
  }

  /** Errors: TICKET_INVALID where the budget does not reach, UNAVAILABLE where too many tickets are in use. */
  spend(ticket: PutTicket, bytes: number, nowMs: number): void {
    const id = toHex(ticket.ticketId);
    const spent = this.#spent.get(id) ?? { bytes: 0, forgetAtMs: ticket.expiresAtMs + LIMITS.clockSkewMs };
    if (spent.bytes + bytes > ticket.byteBudget) {
      throw new CollectiveError(
        'TICKET_INVALID',
        `The ticket is for ${formatSize(ticket.byteBudget)}, of which ${formatSize(spent.bytes)} came in already.`,
        { next: 'Ask the coordinator for a new ticket.' },
      );
    }
    if (!this.#spent.has(id)) this.#makeRoom(nowMs);
    spent.bytes += bytes;
    this.#spent.set(id, spent);
  }

  /** For what was admitted and then not received. */
  refund(ticket: PutTicket, bytes: number): void {
    const spent = this.#spent.get(toHex(ticket.ticketId));
    if (spent !== undefined) spent.bytes -= bytes;
  }

  #makeRoom(nowMs: number): void {
    if (this.#spent.size < this.#ticketsMax) return;
    for (const [id, { forgetAtMs }] of this.#spent) {
      if (forgetAtMs <= nowMs) this.#spent.delete(id);
    }
    if (this.#spent.size >= this.#ticketsMax) {
      throw new CollectiveError('UNAVAILABLE', 'Too many tickets are in use at this node.', {
        next: 'Try again in a few minutes.',
      });
    }
  }
}
