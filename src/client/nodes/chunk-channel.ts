import type { ChunkEntry } from '../../chunks/index.js';
import type { ChunkConnection } from '../../transport/chunk-protocol/index.js';
import type { NodeChannel, NodeRight } from './node-channel.js';
import { TicketShelf } from './ticket-shelf.js';

/** A node's data port, spoken to by the chunk protocol. */
export class ChunkChannel implements NodeChannel {
  readonly #connection: ChunkConnection;
  readonly #tickets: TicketShelf;
  readonly #isCurrent: () => boolean;

  /** `isCurrent`: whether this end would still connect with the same certificate. */
  constructor(connection: ChunkConnection, isCurrent: () => boolean) {
    this.#connection = connection;
    this.#isCurrent = isCurrent;
    this.#tickets = new TicketShelf(connection);
  }

  get usable(): boolean {
    return this.#connection.usable && this.#isCurrent();
  }

  hold(right: NodeRight, chunks: readonly ChunkEntry[], signal: AbortSignal): Promise<readonly boolean[]> {
    return this.#tickets.with(right, signal, (slot) => this.#connection.held(slot, chunks, { signal }));
  }

  put(right: NodeRight, chunk: ChunkEntry, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#tickets.with(right, signal, (slot) => this.#connection.put(slot, chunk, bytes, { signal }));
  }

  receipt(right: NodeRight, chunks: readonly ChunkEntry[], signal: AbortSignal): Promise<Uint8Array> {
    return this.#tickets.with(right, signal, (slot) => this.#connection.receipt(slot, chunks, { signal }));
  }

  async get(right: NodeRight, chunk: ChunkEntry, into: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#tickets.with(right, signal, (slot) => this.#connection.get(slot, chunk, into, { signal }));
  }

  close(): void {
    this.#connection.close();
  }
}
