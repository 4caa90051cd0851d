import type { ChunkBytes, ChunkEntry, ChunkRange, IncomingChunk } from '../../chunks/index.js';
import type { PeerCertificate } from '../../ports/index.js';

/** A chunk on its way in: the store's own, or one that a node watches. */
export type ReceivingChunk = Pick<IncomingChunk, 'append' | 'store' | 'discard'>;

/**
 * What a ticket lets its bearer do. Every method first checks that the ticket is still good (TICKET_EXPIRED, TICKET_INVALID)
 * and that it covers what is asked (PERMISSION_DENIED).
 */
export interface TicketRights {
  /** Admits a chunk of the ticket's upload and counts it against the ticket's budget. */
  receive(chunk: ChunkEntry, signal: AbortSignal): Promise<ReceivingChunk>;
  /** For each chunk, whether the upload need not send it. */
  held(chunks: readonly ChunkEntry[], signal: AbortSignal): Promise<readonly boolean[]>;
  /** Makes the holds durable, then signs for them. */
  receipt(chunks: readonly ChunkEntry[], signal: AbortSignal): Promise<Uint8Array>;
  read(chunk: ChunkEntry, signal: AbortSignal): Promise<ChunkBytes>;
  readRange(
    chunk: ChunkEntry,
    range: { readonly offset: number; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<ChunkRange>;
}

/** A ticket as a client shows it. */
export interface PresentedTicket {
  readonly ticket: Uint8Array;
  readonly chunks: readonly ChunkEntry[];
  /** What the client calls its work by (a RequestId), or empty. */
  readonly label: string;
  readonly peer: PeerCertificate;
}

/** What a server asks of the node behind it. */
export interface ChunkServerHandler {
  /** Errors: TICKET_INVALID, TICKET_EXPIRED, PERMISSION_DENIED. */
  openTicket(presented: PresentedTicket): Promise<TicketRights>;
}
