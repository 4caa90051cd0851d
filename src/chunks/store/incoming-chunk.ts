import type { ChunkId, MemberId, UploadId } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';
import { LeafReceiver } from '../leaf-hashing.js';
import type { BufferLease } from './buffer-pool.js';

/** What a sender announces. */
export interface Arrival {
  readonly origin: MemberId;
  readonly uploadId: UploadId;
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
}

/** A chunk on its way into the store: append its bytes, then `store` it; or `discard` it. */
export class IncomingChunk {
  readonly arrival: Arrival;
  readonly #receiver: LeafReceiver;
  readonly #lease: BufferLease;
  readonly #room: { release(): void };
  readonly #store: (arrival: Arrival, receiver: LeafReceiver, buffer: Uint8Array) => Promise<void>;

  constructor(
    arrival: Arrival,
    hasher: Hasher,
    lease: BufferLease,
    room: { release(): void },
    store: (arrival: Arrival, receiver: LeafReceiver, buffer: Uint8Array) => Promise<void>,
  ) {
    this.arrival = arrival;
    this.#receiver = new LeafReceiver(hasher, lease.buffer, arrival.lengthBytes);
    this.#lease = lease;
    this.#room = room;
    this.#store = store;
  }

  /** Bytes still to come. */
  get missing(): number {
    return this.#receiver.missing;
  }

  /** Copies and hashes the bytes; at most `missing`. */
  append(bytes: Uint8Array): void {
    this.#receiver.append(bytes);
  }

  /**
   * Once nothing is missing: checks the bytes against the id and writes them; a receipt may cover the chunk afterwards.
   * Gives the buffer back in any case. Errors: REQUEST_INVALID (other bytes), NODE_FULL, NODE_READ_ONLY, UNAVAILABLE.
   */
  async store(): Promise<void> {
    try {
      await this.#store(this.arrival, this.#receiver, this.#lease.buffer);
    } finally {
      this.discard();
    }
  }

  /** Gives the buffer back without storing anything. Not while `store` runs. */
  discard(): void {
    this.#lease.release();
    this.#room.release();
  }
}
