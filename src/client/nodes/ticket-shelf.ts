import { LIMITS } from '../../base/index.js';
import type { ChunkConnection, TicketSlot } from '../../transport/chunk-protocol/index.js';
import type { NodeRight } from './node-channel.js';

interface Shown {
  readonly slot: Promise<TicketSlot>;
  users: number;
}

/** How many tickets stay shown on a connection; more only while more are in use at once. */
const KEPT_MAX = LIMITS.ticketsPerConnection / 2;

/** The tickets that were shown on one connection: each once, for as long as it is of use. */
export class TicketShelf {
  readonly #connection: ChunkConnection;
  readonly #shown = new Map<NodeRight, Shown>();

  constructor(connection: ChunkConnection) {
    this.#connection = connection;
  }

  /** Runs a request under the ticket. Errors: those of the ticket and of the request. */
  async with<Value>(right: NodeRight, signal: AbortSignal, request: (slot: TicketSlot) => Promise<Value>): Promise<Value> {
    const shown = this.#shown.get(right) ?? this.#show(right, signal);
    shown.users += 1;
    // The one used last is the last to go.
    this.#shown.delete(right);
    this.#shown.set(right, shown);
    try {
      return await request(await shown.slot);
    } finally {
      shown.users -= 1;
    }
  }

  #show(right: NodeRight, signal: AbortSignal): Shown {
    this.#tidy();
    const slot = this.#connection.presentTicket(right, { signal });
    const shown = { slot, users: 0 };
    // Whoever comes next shows it anew: this one may just have been cancelled.
    slot.catch(() => this.#shown.delete(right));
    return shown;
  }

  #tidy(): void {
    for (const [right, { slot, users }] of this.#shown) {
      if (this.#shown.size < KEPT_MAX) return;
      if (users > 0) continue;
      this.#shown.delete(right);
      slot.then(
        (granted) => this.#connection.releaseTicket(granted),
        () => undefined,
      );
    }
  }
}
