import { assert, CollectiveError, equalBytes, LIMITS, type NodeId } from '../../../src/base/index.js';
import type { ChunkEntry, ChunkStore } from '../../../src/chunks/index.js';
import {
  chunkListDigest,
  openTicket,
  signReceipt,
  type PublicKey,
  type PutTicket,
  type ReadTicket,
  type Ticket,
} from '../../../src/identity/index.js';
import type { Clock, Hasher, Logger, PeerCertificate, SignatureVerifier, Signer } from '../../../src/ports/index.js';
import type { ChunkServerHandler, PresentedTicket, TicketRights } from '../../../src/transport/chunk-protocol/index.js';

export interface StoreHandlerOptions {
  readonly store: Pick<ChunkStore, 'receive' | 'held' | 'commit' | 'read' | 'readRange'>;
  readonly nodeId: NodeId;
  /** With the key of the node's certificate: signs receipts. */
  readonly signer: Signer;
  readonly verifier: SignatureVerifier;
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Keys whose tickets are honoured now. */
  readonly ticketKeys: () => readonly PublicKey[];
  /** SHA-256 of the public key (SPKI DER) of a verified peer. Throws what refuses it (revoked, say). */
  readonly clientKeyHash: (peer: PeerCertificate) => Uint8Array;
  /** How long a receipt promises a chunk. Default: `LIMITS.uploadLifeMs`. */
  readonly holdMs?: number;
}

/** Serves a chunk store to whoever shows tickets for it: the protocol and the store, without the rest of a node. */
export function createStoreHandler(options: StoreHandlerOptions): ChunkServerHandler {
  return {
    openTicket: async (presented) => {
      const { logger } = options;
      const checked = checkTicket(options, presented);
      const { kind, origin } = checked.ticket;
      logger.debug('a ticket was shown', { kind, origin, label: presented.label, chunks: presented.chunks.length });
      return checked.ticket.kind === 'put'
        ? putRights(options, checked.ticket, checked.clientKeyHash, checked.recheck)
        : readRights(options, checked.ticket, presented.chunks, checked.recheck);
    },
  };
}

interface CheckedTicket {
  readonly ticket: Ticket;
  readonly clientKeyHash: Uint8Array;
  /** Throws once the ticket, its key or its bearer is no longer good. */
  readonly recheck: () => void;
}

function checkTicket(options: StoreHandlerOptions, { ticket: bytes, peer }: PresentedTicket): CheckedTicket {
  const { nodeId, verifier, clock, ticketKeys, clientKeyHash } = options;
  const hash = clientKeyHash(peer);
  const opened = openTicket(bytes, {
    ticketPublicKeys: ticketKeys(),
    verifier,
    nowMs: clock.nowMs(),
    nodeId,
    clientKeyHash: hash,
  });
  if (!opened.ok) throw opened.error;
  const ticket = opened.value;
  const recheck = (): void => {
    clientKeyHash(peer);
    if (clock.nowMs() >= ticket.expiresAtMs + LIMITS.clockSkewMs) {
      throw new CollectiveError('TICKET_EXPIRED', 'The ticket has expired.', { next: 'Ask the coordinator for a new ticket.' });
    }
  };
  return { ticket, clientKeyHash: hash, recheck };
}

function putRights(
  options: StoreHandlerOptions,
  ticket: PutTicket,
  clientKeyHash: Uint8Array,
  recheck: () => void,
): TicketRights {
  const { store, nodeId, signer, hasher, clock, holdMs = LIMITS.uploadLifeMs } = options;
  const { origin, uploadId } = ticket;
  let budgetBytes = ticket.byteBudget;
  const refuse = async (): Promise<never> => {
    throw notCovered('A ticket for putting does not open chunks for reading.');
  };
  return {
    receive: async (chunk, signal) => {
      recheck();
      if (chunk.lengthBytes > budgetBytes)
        throw notCovered(`The ticket lets in ${ticket.byteBudget} bytes, and they are used up.`);
      budgetBytes -= chunk.lengthBytes;
      try {
        return await store.receive({ origin, uploadId, ...chunk }, signal);
      } catch (error) {
        budgetBytes += chunk.lengthBytes;
        throw error;
      }
    },
    held: async (chunks) => {
      recheck();
      return store.held(origin, uploadId, chunks);
    },
    receipt: async (chunks, signal) => {
      recheck();
      const holdExpiresAtMs = clock.nowMs() + holdMs;
      await store.commit({ origin, uploadId, expiresAtMs: holdExpiresAtMs, chunks }, signal);
      return signReceipt(
        { nodeId, origin, clientKeyHash, uploadId, holdExpiresAtMs, listDigest: chunkListDigest(chunks, hasher) },
        signer,
      );
    },
    read: refuse,
    readRange: refuse,
  };
}

function readRights(
  options: StoreHandlerOptions,
  ticket: ReadTicket,
  chunks: readonly ChunkEntry[],
  recheck: () => void,
): TicketRights {
  const { store, hasher } = options;
  const { origin } = ticket;
  if (!equalBytes(chunkListDigest(chunks, hasher), ticket.listDigest)) {
    throw new CollectiveError('TICKET_INVALID', 'The list of chunks is not the one that the ticket is about.', {
      next: 'Ask the coordinator for a new ticket.',
    });
  }
  const lengths = new Map(chunks.map(({ chunkId, lengthBytes }) => [chunkId, lengthBytes]));
  const check = ({ chunkId, lengthBytes }: ChunkEntry): void => {
    recheck();
    if (lengths.get(chunkId) !== lengthBytes) throw notCovered(`The ticket does not open chunk ${chunkId}.`);
  };
  const refuse = async (): Promise<never> => {
    throw notCovered('A ticket for reading does not let chunks in.');
  };
  return {
    receive: refuse,
    held: refuse,
    receipt: refuse,
    read: async (chunk, signal) => {
      check(chunk);
      const found = await store.read(origin, chunk.chunkId, signal);
      assert(found.bytes.length === chunk.lengthBytes, 'an id goes with one length');
      return found;
    },
    readRange: async (chunk, { offset, bytes }, signal) => {
      check(chunk);
      return store.readRange(origin, chunk.chunkId, offset, bytes, signal);
    },
  };
}

const notCovered = (message: string): CollectiveError =>
  new CollectiveError('PERMISSION_DENIED', message, { next: 'Ask the coordinator for a ticket for this.' });
