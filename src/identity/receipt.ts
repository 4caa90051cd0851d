import {
  assert,
  CollectiveError,
  concatBytes,
  equalBytes,
  fail,
  ok,
  uint64Bytes,
  type MemberId,
  type NodeId,
  type Result,
  type UploadId,
} from '../base/index.js';
import type { SignatureVerifier, Signer } from '../ports/index.js';
import { idBytes, LONG_ID_BYTES, MEMBER_ID_BYTES, memberIdFrom, nodeIdFrom, SHORT_ID_BYTES, uploadIdFrom } from './binary-ids.js';
import { LayoutReader } from './layout.js';
import { isSignedBy, SIGNATURE_BYTES, signBody } from './signed.js';

/** A node's word that it durably holds every chunk of a list for one upload. Layout: docs/security-model.md. */
export interface Receipt {
  readonly nodeId: NodeId;
  readonly origin: MemberId;
  /** SHA-256 of the client's public key (SPKI DER): 32 bytes. */
  readonly clientKeyHash: Uint8Array;
  readonly uploadId: UploadId;
  /** Until when the node holds the chunks without being asked again. */
  readonly holdExpiresAtMs: number;
  /** `chunkListDigest` of the chunks: 32 bytes. */
  readonly listDigest: Uint8Array;
}

const DOMAIN = 'collective/receipt/v1\0';
const VERSION = 1;
const DIGEST_BYTES = 32;
const RECEIPT_BYTES = 1 + SHORT_ID_BYTES + MEMBER_ID_BYTES + DIGEST_BYTES + LONG_ID_BYTES + 8 + DIGEST_BYTES + SIGNATURE_BYTES;

/** The signed receipt, 195 bytes. `signer` holds the key of the node's certificate. REQUEST_INVALID for an id not canonical. */
export function signReceipt(receipt: Receipt, signer: Signer): Uint8Array {
  const body = concatBytes([
    Uint8Array.of(VERSION),
    idBytes(receipt.nodeId),
    idBytes(receipt.origin),
    receipt.clientKeyHash,
    idBytes(receipt.uploadId),
    uint64Bytes(receipt.holdExpiresAtMs),
    receipt.listDigest,
  ]);
  const signed = signBody(DOMAIN, body, signer);
  assert(signed.length === RECEIPT_BYTES, 'a receipt has its fixed length');
  return signed;
}

/** What the commit that shows the receipt is about; all of it must be what the node signed. */
export interface ReceiptCheck {
  readonly verifier: SignatureVerifier;
  /** SPKI DER, from the node's certificate. */
  readonly nodePublicKey: Uint8Array;
  readonly nodeId: NodeId;
  readonly origin: MemberId;
  readonly clientKeyHash: Uint8Array;
  readonly uploadId: UploadId;
  readonly listDigest: Uint8Array;
  readonly nowMs: number;
}

/** The receipt, if the node signed it for exactly this. Error: RECEIPT_INVALID. */
export function openReceipt(bytes: Uint8Array, check: ReceiptCheck): Result<Receipt, CollectiveError> {
  const receipt = decodeReceipt(bytes);
  if (receipt === undefined) return invalid('The receipt is malformed or of an unknown version.');
  if (receipt.nodeId !== check.nodeId) return invalid(`The receipt is of another node (${receipt.nodeId}).`);
  if (!isSignedBy(DOMAIN, bytes, check.nodePublicKey, check.verifier)) {
    return invalid(`The receipt is not signed by the key of node ${check.nodeId}.`);
  }
  if (receipt.origin !== check.origin) return invalid(`The receipt is for another member's chunks (${receipt.origin}).`);
  if (!equalBytes(receipt.clientKeyHash, check.clientKeyHash)) return invalid('The receipt was given to another client.');
  if (receipt.uploadId !== check.uploadId) return invalid(`The receipt is of another upload (${receipt.uploadId}).`);
  if (!equalBytes(receipt.listDigest, check.listDigest)) return invalid('The receipt covers another list of chunks.');
  if (check.nowMs >= receipt.holdExpiresAtMs) return invalid('The receipt is too old: the node no longer promises the chunks.');
  return ok(receipt);
}

function decodeReceipt(bytes: Uint8Array): Receipt | undefined {
  const reader = new LayoutReader(bytes);
  const version = reader.uint8();
  const receipt: Receipt = {
    nodeId: nodeIdFrom(reader.bytes(SHORT_ID_BYTES)),
    origin: memberIdFrom(reader.bytes(MEMBER_ID_BYTES)),
    clientKeyHash: reader.bytes(DIGEST_BYTES),
    uploadId: uploadIdFrom(reader.bytes(LONG_ID_BYTES)),
    holdExpiresAtMs: reader.uint64(),
    listDigest: reader.bytes(DIGEST_BYTES),
  };
  reader.bytes(SIGNATURE_BYTES);
  return version === VERSION && reader.complete ? receipt : undefined;
}

const invalid = (message: string): Result<never, CollectiveError> =>
  fail(new CollectiveError('RECEIPT_INVALID', message, { next: 'Put the file again.' }));
