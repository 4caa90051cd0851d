import type { ChunkEntry } from '../../chunks/index.js';
import type { NodeAccess } from '../../transport/index.js';

/** One connection to a node's data port. A request that fails leaves the others alone; a lost connection fails them all. */
export interface NodeChannel {
  /** Whether work can be begun here; what has begun can go on in any case. */
  readonly usable: boolean;
  /** For each chunk, whether the node holds it for the upload from now on; the others are to be put. */
  hold(right: NodeRight, chunks: readonly ChunkEntry[], signal: AbortSignal): Promise<readonly boolean[]>;
  /** Resolves when the node has received and checked the bytes. Until it settles they are the channel's. */
  put(right: NodeRight, chunk: ChunkEntry, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The node's signed word that it durably holds all of these. */
  receipt(right: NodeRight, chunks: readonly ChunkEntry[], signal: AbortSignal): Promise<Uint8Array>;
  /** Fills `into` (as long as the chunk) with bytes that match the chunk's id. Until it settles the buffer is the channel's. */
  get(right: NodeRight, chunk: ChunkEntry, into: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** What a ticket allows. The same object for all requests that use the ticket. */
export interface NodeRight {
  readonly ticket: Uint8Array;
  /** The chunks that a read ticket covers, in its order; none for a put ticket, which names its upload itself. */
  readonly chunks: readonly ChunkEntry[];
}

/** Connects to the first endpoint that answers as that very node. Errors: NODE_UNREACHABLE, CERTIFICATE_INVALID, CANCELLED. */
export type OpenNodeChannel = (access: NodeAccess, signal: AbortSignal) => Promise<NodeChannel>;
