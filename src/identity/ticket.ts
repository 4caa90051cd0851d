import {
  assert,
  CollectiveError,
  concatBytes,
  equalBytes,
  fail,
  LIMITS,
  ok,
  toHex,
  uint64Bytes,
  type MemberId,
  type NodeId,
  type Result,
  type UploadId,
} from '../base/index.js';
import type { SignatureVerifier, Signer } from '../ports/index.js';
import { idBytes, LONG_ID_BYTES, MEMBER_ID_BYTES, memberIdFrom, nodeIdFrom, SHORT_ID_BYTES, uploadIdFrom } from './binary-ids.js';
import { KEY_ID_BYTES, type PublicKey } from './keys.js';
import { LayoutReader } from './layout.js';
import { isSignedBy, SIGNATURE_BYTES, signBody } from './signed.js';

interface TicketCommon {
  /** Whose chunks it is about. */
  readonly origin: MemberId;
  /** The only node it is good at. */
  readonly nodeId: NodeId;
  /** SHA-256 of the only client's public key (SPKI DER): 32 bytes. */
  readonly clientKeyHash: Uint8Array;
  readonly expiresAtMs: number;
  /** 16 random bytes. */
  readonly ticketId: Uint8Array;
  /** Position in the issuer's log that the node's knowledge of revocations must have reached; 0: any. */
  readonly revocationPosition: number;
}

export interface ReadTicket extends TicketCommon {
  readonly kind: 'read';
  /** `chunkListDigest` of the only chunks it opens: 32 bytes. */
  readonly listDigest: Uint8Array;
}

export interface PutTicket extends TicketCommon {
  readonly kind: 'put';
  readonly uploadId: UploadId;
  /** How many bytes of chunks it lets in at most. */
  readonly byteBudget: number;
  /**
   * Only what this upload sends is held for it, and not what the origin holds there already: for clients that may not read all
   * that the origin has, and must not come by it with a chunk's id.
   */
  readonly sentOnly?: boolean;
}

/** A short-lived right to use a node, signed by that node's coordinator. Layout: docs/security-model.md. */
export type Ticket = ReadTicket | PutTicket;

const DOMAIN = 'collective/ticket/v1\0';
const VERSION = 1;
const KIND_READ = 1;
const KIND_PUT = 2;
const KIND_PUT_SENT = 4;
const DIGEST_BYTES = 32;
const COMMON_BYTES = 2 + KEY_ID_BYTES + MEMBER_ID_BYTES + SHORT_ID_BYTES + DIGEST_BYTES + 8 + LONG_ID_BYTES + 8;
const READ_BYTES = COMMON_BYTES + DIGEST_BYTES + SIGNATURE_BYTES;
const PUT_BYTES = COMMON_BYTES + LONG_ID_BYTES + 8 + SIGNATURE_BYTES;

/** The signed ticket: 220 bytes for reading, 212 for putting. REQUEST_INVALID where an id is not canonical. */
export function issueTicket(ticket: Ticket, signer: Signer): Uint8Array {
  assert(
    ticket.clientKeyHash.length === DIGEST_BYTES && ticket.ticketId.length === LONG_ID_BYTES,
    'hashes have 32 bytes, ids 16',
  );
  const body = concatBytes([
    Uint8Array.of(VERSION, kindOf(ticket)),
    signer.keyId,
    idBytes(ticket.origin),
    idBytes(ticket.nodeId),
    ticket.clientKeyHash,
    uint64Bytes(ticket.expiresAtMs),
    ticket.ticketId,
    uint64Bytes(ticket.revocationPosition),
    ...(ticket.kind === 'read' ? [ticket.listDigest] : [idBytes(ticket.uploadId), uint64Bytes(ticket.byteBudget)]),
  ]);
  const signed = signBody(DOMAIN, body, signer);
  assert(signed.length === (ticket.kind === 'read' ? READ_BYTES : PUT_BYTES), 'a ticket has its fixed length');
  return signed;
}

export interface TicketCheck {
  /** Keys whose tickets this node honours. */
  readonly ticketPublicKeys: readonly PublicKey[];
  readonly verifier: SignatureVerifier;
  readonly nowMs: number;
  /** The node that was given the ticket. */
  readonly nodeId: NodeId;
  /** SHA-256 of the public key (SPKI DER) of whoever shows it, from its certificate. */
  readonly clientKeyHash: Uint8Array;
}

/** The ticket, if it is good here, now and for this client. Errors: TICKET_INVALID, TICKET_EXPIRED. */
export function openTicket(bytes: Uint8Array, check: TicketCheck): Result<Ticket, CollectiveError> {
  const decoded = decodeTicket(bytes);
  if (decoded === undefined) return invalid('The ticket is malformed or of an unknown version.');
  const { keyId, ticket } = decoded;
  const key = check.ticketPublicKeys.find((candidate) => equalBytes(candidate.keyId, keyId));
  if (key === undefined) {
    return invalid(`The ticket is signed by a key that this node does not know (${toHex(keyId)}).`);
  }
  if (!isSignedBy(DOMAIN, bytes, key.publicKey, check.verifier))
    return invalid("The ticket's signature is wrong: it was altered.");
  if (ticket.nodeId !== check.nodeId) return invalid(`The ticket is for another node (${ticket.nodeId}).`);
  if (!equalBytes(ticket.clientKeyHash, check.clientKeyHash)) return invalid('The ticket was given to another client.');
  // The two clocks may differ; a ticket that lives minutes longer does no harm, one that never works does.
  if (check.nowMs >= ticket.expiresAtMs + LIMITS.clockSkewMs) {
    return fail(
      new CollectiveError('TICKET_EXPIRED', `The ticket expired ${instant(ticket.expiresAtMs)}.`, {
        next: 'Ask the coordinator for a new one; if that one is refused too, compare the clocks of coordinator and node.',
      }),
    );
  }
  return ok(ticket);
}

function decodeTicket(bytes: Uint8Array): { readonly keyId: Uint8Array; readonly ticket: Ticket } | undefined {
  const reader = new LayoutReader(bytes);
  const version = reader.uint8();
  const kind = reader.uint8();
  if (version !== VERSION) return undefined;
  const keyId = reader.bytes(KEY_ID_BYTES);
  const common: TicketCommon = {
    origin: memberIdFrom(reader.bytes(MEMBER_ID_BYTES)),
    nodeId: nodeIdFrom(reader.bytes(SHORT_ID_BYTES)),
    clientKeyHash: reader.bytes(DIGEST_BYTES),
    expiresAtMs: reader.uint64(),
    ticketId: reader.bytes(LONG_ID_BYTES),
    revocationPosition: reader.uint64(),
  };
  const ticket = decodeRight(reader, kind, common);
  reader.bytes(SIGNATURE_BYTES);
  return ticket !== undefined && reader.complete ? { keyId, ticket } : undefined;
}

function decodeRight(reader: LayoutReader, kind: number, common: TicketCommon): Ticket | undefined {
  if (kind === KIND_READ) return { ...common, kind: 'read', listDigest: reader.bytes(DIGEST_BYTES) };
  if (kind !== KIND_PUT && kind !== KIND_PUT_SENT) return undefined;
  const put = {
    ...common,
    kind: 'put',
    uploadId: uploadIdFrom(reader.bytes(LONG_ID_BYTES)),
    byteBudget: reader.uint64(),
  } as const;
  return kind === KIND_PUT_SENT ? { ...put, sentOnly: true } : put;
}

function kindOf(ticket: Ticket): number {
  if (ticket.kind === 'read') return KIND_READ;
  return ticket.sentOnly === true ? KIND_PUT_SENT : KIND_PUT;
}

const instant = (timeMs: number): string => {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `at ${timeMs} ms` : `at ${date.toISOString()}`;
};

const invalid = (message: string): Result<never, CollectiveError> =>
  fail(new CollectiveError('TICKET_INVALID', message, { next: 'Ask the coordinator for a new ticket.' }));
