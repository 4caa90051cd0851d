import { assert, CollectiveError, type RequestId } from '../../base/index.js';
import { leavesCovering, proofHashCount, HASH_BYTES, verifyLeaves, type ChunkEntry } from '../../chunks/index.js';
import type { ByteStream, Clock, Hasher, Timers } from '../../ports/index.js';
import { type CallOptions, ConnectionCore } from './connection-core.js';
import { FRAME } from './frames.js';
import { type ChunkHead, decodeHeld, encodeGet, encodeList, encodePut, encodeTicket, type Hello, violation } from './messages.js';

export interface ChunkConnectionOptions {
  readonly stream: ByteStream;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A ticket shown on a connection, and used by its requests until it is released. */
export interface TicketSlot {
  readonly slot: number;
}

/**
 * A client's connection to a node. Requests may be made side by side; each fails alone, and all fail with the connection
 * (NODE_UNREACHABLE, PROTOCOL_ERROR, or what the node said). A buffer that was passed in is the connection's until the
 * promise settles.
 */
export class ChunkConnection {
  readonly #core: ConnectionCore;
  readonly #hasher: Hasher;
  readonly #freeSlots: number[];

  private constructor(core: ConnectionCore, hasher: Hasher, hello: Hello) {
    this.#core = core;
    this.#hasher = hasher;
    this.#freeSlots = Array.from({ length: hello.ticketSlots }, (_, slot) => hello.ticketSlots - 1 - slot);
  }

  /** Errors: PROTOCOL_ERROR, NODE_UNREACHABLE, DEADLINE_EXCEEDED, CANCELLED. */
  static async open(options: ChunkConnectionOptions, signal: AbortSignal): Promise<ChunkConnection> {
    const core = new ConnectionCore(options);
    return new ChunkConnection(core, options.hasher, await core.open(signal));
  }

  /** Resolves, once the connection is closed, with the reason. */
  get closed(): Promise<CollectiveError> {
    return this.#core.closed;
  }

  /** Whether new requests can be made. */
  get usable(): boolean {
    return this.#core.refusing === undefined;
  }

  get inFlight(): number {
    return this.#core.inFlight;
  }

  /**
   * Shows a ticket (for reading, with the list it covers), in a slot of its own or in place of an older one. Errors:
   * TICKET_INVALID, TICKET_EXPIRED, PERMISSION_DENIED; LIMIT_EXCEEDED when every slot is in use.
   */
  async presentTicket(
    shown: {
      readonly ticket: Uint8Array;
      readonly chunks: readonly ChunkEntry[];
      readonly label?: RequestId;
      readonly replaces?: TicketSlot;
    },
    options: CallOptions,
  ): Promise<TicketSlot> {
    const slot = shown.replaces?.slot ?? this.#freeSlots.pop();
    if (slot === undefined) throw new CollectiveError('LIMIT_EXCEEDED', 'Too many tickets are in use on one connection.');
    try {
      const body = encodeTicket({ slot, ticket: shown.ticket, label: shown.label ?? '', chunks: shown.chunks });
      await this.#core.call({ type: FRAME.ticket, body }, { answer: FRAME.done }, options);
    } catch (error) {
      if (shown.replaces === undefined) this.#freeSlots.push(slot);
      throw error;
    }
    return { slot };
  }

  /** The slot may be used for another ticket. No request is made with it any more. */
  releaseTicket({ slot }: TicketSlot): void {
    assert(!this.#freeSlots.includes(slot), 'a ticket is released once');
    this.#freeSlots.push(slot);
  }

  /** Sends a chunk. Errors: NODE_FULL, NODE_READ_ONLY, REQUEST_INVALID (bytes of another chunk), and those of tickets. */
  async put(ticket: TicketSlot, chunk: ChunkEntry, bytes: Uint8Array, options: CallOptions): Promise<void> {
    assert(bytes.length === chunk.lengthBytes, 'a chunk has the length it is listed with');
    const body = encodePut({ slot: ticket.slot, chunk });
    await this.#core.call({ type: FRAME.put, body, data: bytes }, { answer: FRAME.done }, options);
  }

  /** For each chunk (at most `LIMITS.chunksPerCall`), whether the ticket's upload need not send it. */
  async held(ticket: TicketSlot, chunks: readonly ChunkEntry[], options: CallOptions): Promise<readonly boolean[]> {
    const body = encodeList({ slot: ticket.slot, chunks });
    const reply = await this.#core.call({ type: FRAME.hold, body }, { answer: FRAME.held }, options);
    return decodeHeld(reply.body, chunks.length);
  }

  /** The node's signed receipt for a list (at most `LIMITS.chunksPerCall`), given when all of it is durable. CHUNK_UNKNOWN. */
  async receipt(ticket: TicketSlot, chunks: readonly ChunkEntry[], options: CallOptions): Promise<Uint8Array> {
    const body = encodeList({ slot: ticket.slot, chunks });
    return (await this.#core.call({ type: FRAME.receipt, body }, { answer: FRAME.receipted }, options)).body;
  }

  /**
   * A whole chunk, received into the start of `buffer` and verified. Errors: CHUNK_DAMAGED (also where the node does not know
   * it yet), CHUNK_UNKNOWN, and those of tickets.
   */
  async get(ticket: TicketSlot, chunk: ChunkEntry, buffer: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    assert(buffer.length >= chunk.lengthBytes, 'the buffer has room for the chunk');
    const check = (head: ChunkHead): void => {
      const whole = head.chunkLengthBytes === chunk.lengthBytes && head.bytes === chunk.lengthBytes && head.firstLeaf === 0;
      if (!whole || head.proof.length > 0) throw violation('Another chunk is being sent than was asked for.');
    };
    const body = encodeGet({ slot: ticket.slot, chunk, range: undefined });
    const reply = await this.#core.call(
      { type: FRAME.get, body },
      { answer: FRAME.chunk, into: { buffer, hasher: this.#hasher, check } },
      options,
    );
    if (reply.chunk?.leaves.chunkId() !== chunk.chunkId) throw altered(chunk);
    return reply.chunk.leaves.bytes;
  }

  /**
   * Exactly those bytes of a chunk (they lie within it), verified by proof. `buffer` has room for the whole leaves around
   * them: at most `bytes` and 128 KiB more. Errors: as `get`.
   */
  async getRange(
    ticket: TicketSlot,
    chunk: ChunkEntry,
    range: { readonly offset: number; readonly bytes: number },
    buffer: Uint8Array,
    options: CallOptions,
  ): Promise<Uint8Array> {
    const { offset, bytes } = range;
    assert(offset >= 0 && bytes > 0 && offset + bytes <= chunk.lengthBytes, 'a range lies within its chunk');
    const covered = leavesCovering(chunk.lengthBytes, offset, bytes);
    assert(buffer.length >= covered.bytes, 'the buffer has room for the leaves of the range');
    const proofBytes = proofHashCount(chunk.lengthBytes, covered.firstLeaf, covered.leaves) * HASH_BYTES;
    const check = (head: ChunkHead): void => {
      const same = head.chunkLengthBytes === chunk.lengthBytes && head.firstLeaf === covered.firstLeaf;
      if (!same || head.bytes !== covered.bytes || head.proof.length !== proofBytes) {
        throw violation('Another range is being sent than was asked for.');
      }
    };
    const body = encodeGet({ slot: ticket.slot, chunk, range });
    const reply = await this.#core.call(
      { type: FRAME.get, body },
      { answer: FRAME.chunk, into: { buffer, hasher: this.#hasher, check } },
      options,
    );
    if (reply.chunk === undefined) throw altered(chunk);
    const { head, leaves } = reply.chunk;
    const genuine = verifyLeaves(this.#hasher, {
      id: chunk.chunkId,
      chunkLength: chunk.lengthBytes,
      firstLeaf: covered.firstLeaf,
      proof: head.proof,
      leafHashes: leaves.leafHashes,
      byteCount: covered.bytes,
    });
    if (!genuine) throw altered(chunk);
    return leaves.bytes.subarray(offset - covered.offset, offset - covered.offset + bytes);
  }

  /** Resolves when the other end has answered. */
  async ping(options: CallOptions): Promise<void> {
    await this.#core.call({ type: FRAME.ping, body: new Uint8Array(0) }, { answer: FRAME.pong }, options);
  }

  /** Takes no new requests, and closes when those in flight are over. */
  close(): void {
    this.#core.close(new CollectiveError('CANCELLED', 'The connection was closed by this end.'));
  }

  /** Closes at once; requests in flight fail with the reason. */
  destroy(reason: CollectiveError): void {
    this.#core.destroy(reason);
  }
}

const altered = (chunk: ChunkEntry): CollectiveError =>
  new CollectiveError('CHUNK_DAMAGED', `The node sent other bytes than those of chunk ${chunk.chunkId}.`, {
    next: 'Read another copy, and report this one.',
    details: { chunkId: chunk.chunkId, reason: 'altered' },
  });
