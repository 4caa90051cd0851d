import type { ChunkRef, NodeAccess } from '../../transport/index.js';

/** One connection to a node's data port. A failure of the connection fails all that is in flight on it. */
export interface NodeChannel {
  readonly open: boolean;
  /** Whether the node now holds each chunk for the upload; those it does not have yet are to be put. */
  hold(right: PutRight, chunks: readonly ChunkRef[], signal: AbortSignal): Promise<readonly boolean[]>;
  /** Resolves when the node has received and checked the bytes, which must not change before. */
  put(right: PutRight, chunk: ChunkRef, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The node's signed word that it durably holds all of these. */
  receipt(right: PutRight, chunks: readonly ChunkRef[], signal: AbortSignal): Promise<Uint8Array>;
  /** Fills `into` (as long as the chunk) with bytes that match the chunk's id. */
  get(right: ReadRight, chunk: ChunkRef, into: Uint8Array, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface PutRight {
  readonly ticket: Uint8Array;
  readonly uploadId: string;
}

export interface ReadRight {
  readonly ticket: Uint8Array;
  /** The chunks that the ticket covers, in its order. */
  readonly chunks: readonly ChunkRef[];
}

/** Connects to the first endpoint that answers as that very node. Errors: NODE_UNREACHABLE, CERTIFICATE_INVALID, CANCELLED. */
export type OpenNodeChannel = (access: NodeAccess, signal: AbortSignal) => Promise<NodeChannel>;
