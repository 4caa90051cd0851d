import { CollectiveError, formatSize, LIMITS, type MemberId, toHex } from '../../base/index.js';
import type { PutTicket } from '../../identity/index.js';

/** Of all places, those that the tickets of one other member may take. */
const SHARE_OF_OTHERS = 1 / 4;

interface Spent {
  readonly origin: MemberId;
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

  readonly #own: MemberId;
  /** Tickets in use of each other member. */
  readonly #ofOthers = new Map<MemberId, number>();

  /** `own`: the member of the node. */
  constructor(own: MemberId, ticketsMax: number = LIMITS.ticketBudgets) {
    this.#own = own;
    this.#ticketsMax = ticketsMax;
  }

  /** Errors: TICKET_INVALID where the budget does not reach, UNAVAILABLE where too many tickets are in use. */
  spend(ticket: PutTicket, bytes: number, nowMs: number): void {
    const id = toHex(ticket.ticketId);
    const { origin, expiresAtMs } = ticket;
    const spent = this.#spent.get(id) ?? { origin, bytes: 0, forgetAtMs: expiresAtMs + LIMITS.clockSkewMs };
    if (spent.bytes + bytes > ticket.byteBudget) {
      throw new CollectiveError(
        'TICKET_INVALID',
        `The ticket is for ${formatSize(ticket.byteBudget)}, of which ${formatSize(spent.bytes)} came in already.`,
        { next: 'Ask the coordinator for a new ticket.' },
      );
    }
    if (!this.#spent.has(id)) {
      this.#makeRoom(origin, nowMs);
      if (origin !== this.#own) this.#ofOthers.set(origin, this.#inUse(origin) + 1);
    }
    spent.bytes += bytes;
    this.#spent.set(id, spent);
  }

  /** For what was admitted and then not received. */
  refund(ticket: PutTicket, bytes: number): void {
    const spent = this.#spent.get(toHex(ticket.ticketId));
    if (spent !== undefined) spent.bytes -= bytes;
  }

  #makeRoom(origin: MemberId, nowMs: number): void {
    if (this.#hasRoom(origin)) return;
    for (const [id, { forgetAtMs, origin: whose }] of this.#spent) {
      if (forgetAtMs > nowMs) continue;
      this.#spent.delete(id);
      const left = this.#inUse(whose) - 1;
      if (left > 0) this.#ofOthers.set(whose, left);
      else this.#ofOthers.delete(whose);
    }
    if (this.#hasRoom(origin)) return;
    throw new CollectiveError('UNAVAILABLE', 'Too many tickets are in use at this node.', {
      next: 'Try again in a few minutes.',
    });
  }

  #hasRoom(origin: MemberId): boolean {
    if (this.#spent.size >= this.#ticketsMax) return false;
    return origin === this.#own || this.#inUse(origin) < this.#ticketsMax * SHARE_OF_OTHERS;
  }

  #inUse(origin: MemberId): number {
    return this.#ofOthers.get(origin) ?? 0;
  }
}
