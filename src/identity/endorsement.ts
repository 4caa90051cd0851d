import {
  assert,
  CollectiveError,
  concatBytes,
  equalBytes,
  fail,
  ok,
  uint64Bytes,
  type MemberId,
  type Result,
} from '../base/index.js';
import type { SignatureVerifier, Signer } from '../ports/index.js';
import { idBytes, MEMBER_ID_BYTES, memberIdFrom } from './binary-ids.js';
import { KEY_ID_BYTES, SPKI_BYTES, type PublicKey } from './keys.js';
import { LayoutReader } from './layout.js';
import { isSignedBy, SIGNATURE_BYTES, signBody } from './signed.js';

/** What an identity key vouches for: `subject` is SHA-256 of the CA certificate's DER, or the log key (SPKI DER). */
export interface Endorsement {
  readonly memberId: MemberId;
  readonly purpose: 'member-ca' | 'log-key';
  readonly subject: Uint8Array;
  /** The first position in the member's own log at which it holds. */
  readonly validFrom: { readonly epoch: number; readonly sequence: number };
}

const DOMAIN = 'collective/endorsement/v1\0';
const VERSION = 1;
const PURPOSES = { 'member-ca': { tag: 1, subjectBytes: 32 }, 'log-key': { tag: 2, subjectBytes: SPKI_BYTES } } as const;

/** The signed endorsement: 162 bytes for a CA, 174 for a log key. `signer` holds the identity key. */
export function endorse(endorsement: Endorsement, signer: Signer): Uint8Array {
  const { tag, subjectBytes } = PURPOSES[endorsement.purpose];
  assert(endorsement.subject.length === subjectBytes, 'the subject of an endorsement has its fixed length');
  const body = concatBytes([
    Uint8Array.of(VERSION, tag),
    signer.keyId,
    idBytes(endorsement.memberId),
    uint64Bytes(endorsement.validFrom.epoch),
    uint64Bytes(endorsement.validFrom.sequence),
    endorsement.subject,
  ]);
  return signBody(DOMAIN, body, signer);
}

/**
 * The endorsement, if this identity key of this member signed it for this purpose and subject. That the key is the member's is
 * for the caller to know (`memberIdOf` for the first one). Error: CERTIFICATE_INVALID.
 */
export function openEndorsement(
  bytes: Uint8Array,
  check: {
    readonly memberId: MemberId;
    readonly identityKey: PublicKey;
    readonly purpose: Endorsement['purpose'];
    readonly subject: Uint8Array;
    readonly verifier: SignatureVerifier;
  },
): Result<Endorsement, CollectiveError> {
  const decoded = decodeEndorsement(bytes);
  if (decoded === undefined) return invalid('The endorsement is malformed or of an unknown version.');
  const { keyId, endorsement } = decoded;
  if (endorsement.memberId !== check.memberId) return invalid(`The endorsement is of another member (${endorsement.memberId}).`);
  if (!equalBytes(keyId, check.identityKey.keyId)) return invalid('The endorsement names another identity key.');
  if (!isSignedBy(DOMAIN, bytes, check.identityKey.publicKey, check.verifier)) {
    return invalid("The endorsement is not signed by the member's identity key.");
  }
  if (endorsement.purpose !== check.purpose) {
    return invalid(`The endorsement is for a ${endorsement.purpose}, not for a ${check.purpose}.`);
  }
  if (!equalBytes(endorsement.subject, check.subject)) return invalid(`The endorsement is of another ${check.purpose}.`);
  return ok(endorsement);
}

function decodeEndorsement(bytes: Uint8Array): { readonly keyId: Uint8Array; readonly endorsement: Endorsement } | undefined {
  const reader = new LayoutReader(bytes);
  const version = reader.uint8();
  const tag = reader.uint8();
  const purpose = tag === PURPOSES['member-ca'].tag ? 'member-ca' : tag === PURPOSES['log-key'].tag ? 'log-key' : undefined;
  if (version !== VERSION || purpose === undefined) return undefined;
  const keyId = reader.bytes(KEY_ID_BYTES);
  const memberId = memberIdFrom(reader.bytes(MEMBER_ID_BYTES));
  const validFrom = { epoch: reader.uint64(), sequence: reader.uint64() };
  const subject = reader.bytes(PURPOSES[purpose].subjectBytes);
  reader.bytes(SIGNATURE_BYTES);
  return reader.complete ? { keyId, endorsement: { memberId, purpose, subject, validFrom } } : undefined;
}

const invalid = (message: string): Result<never, CollectiveError> => fail(new CollectiveError('CERTIFICATE_INVALID', message));
