import { CollectiveError, LIMITS } from '../../base/index.js';
import type { PeerIdentity, Ticket } from '../../identity/index.js';
import type { Clock } from '../../ports/index.js';

/** A ticket that was found good, with the one who showed it. */
export class TicketScope<Kind extends Ticket> {
  readonly ticket: Kind;
  readonly bearer: PeerIdentity;
  readonly #verify: (nowMs: number) => unknown;
  readonly #clock: Clock;

  constructor(options: {
    readonly ticket: Kind;
    readonly bearer: PeerIdentity;
    /** Throws where the bearer may not come any more. */
    readonly verify: (nowMs: number) => unknown;
    readonly clock: Clock;
  }) {
    this.ticket = options.ticket;
    this.bearer = options.bearer;
    this.#verify = options.verify;
    this.#clock = options.clock;
  }

  /** Connections outlive tickets, and certificates: so both are looked at again for each request. */
  assertGood(): void {
    const nowMs = this.#clock.nowMs();
    this.#verify(nowMs);
    if (nowMs < this.ticket.expiresAtMs + LIMITS.clockSkewMs) return;
    throw new CollectiveError('TICKET_EXPIRED', 'The ticket of this connection has expired.', {
      next: 'Ask the coordinator for a new one.',
    });
  }

  /** For what a ticket of this kind never allows. */
  refuse(what: string): CollectiveError {
    return new CollectiveError('PERMISSION_DENIED', `A ticket to ${this.ticket.kind} chunks does not allow to ${what}.`, {
      details: { ticket: this.ticket.kind },
    });
  }
}
