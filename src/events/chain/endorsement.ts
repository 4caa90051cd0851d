import { equalBytes, utf8, concatBytes, type MemberId } from '../../base/index.js';
import { WireProblem } from '../codec/index.js';
import type { LogPosition } from '../event.js';
import { ByteCursor } from './byte-cursor.js';
import { originBytes } from './header.js';
import type { ChainTools } from './verify.js';

const DOMAIN = utf8('collective/endorsement/v1\0');
const VERSION = 1;
const LOG_KEY = 2;
const BODY_BYTES = 110;
const SIGNATURE_BYTES = 64;

export const KEY_ID_BYTES = 16;

/** Whose word makes a log key good. */
export interface LogOwner {
  readonly origin: MemberId;
  /** SPKI DER. */
  readonly identityPublicKey: Uint8Array;
}

/**
 * Throws WireProblem unless the identity key endorsed this log key for a position at or before this one. The layout is in
 * docs/log-format.md; `endorse` of the identity folder makes it.
 */
export function checkLogKeyEndorsement(
  endorsement: Uint8Array,
  logPublicKey: Uint8Array,
  at: LogPosition,
  owner: LogOwner,
  tools: ChainTools,
): void {
  if (endorsement.length !== BODY_BYTES + SIGNATURE_BYTES)
    throw new WireProblem('the endorsement of the log key has a wrong length');
  const cursor = new ByteCursor(endorsement);
  if (cursor.uint8() !== VERSION || cursor.uint8() !== LOG_KEY) throw new WireProblem('the endorsement is not one of a log key');
  const keyId = tools.hasher.sha256(owner.identityPublicKey).subarray(0, KEY_ID_BYTES);
  if (!equalBytes(cursor.bytes(KEY_ID_BYTES), keyId)) throw new WireProblem('the endorsement names another identity key');
  if (!equalBytes(cursor.bytes(32), originBytes(owner.origin))) throw new WireProblem('the endorsement is of another member');
  const from: LogPosition = { epoch: cursor.uint64(), sequence: cursor.uint64() };
  if (!equalBytes(cursor.bytes(44), logPublicKey)) throw new WireProblem('the endorsement is of another log key');
  const signature = cursor.bytes(SIGNATURE_BYTES);
  if (!tools.verifier.verify(owner.identityPublicKey, concatBytes([DOMAIN, endorsement.subarray(0, BODY_BYTES)]), signature)) {
    throw new WireProblem('the endorsement of the log key is not signed with the identity key');
  }
  if (from.epoch > at.epoch || (from.epoch === at.epoch && from.sequence > at.sequence)) {
    throw new WireProblem('the endorsement of the log key holds only later');
  }
}
