import { toBase32, utf8, type InviteId } from '../base/index.js';
import type { Hasher } from '../ports/index.js';
import { keyPairFromSeed, rawPublicKey, type KeyPair } from './keys.js';

export const INVITE_SECRET_BYTES = 16;

// The issuer's log is read by other members, so nothing it stores may be enough to redeem an invite. A keyed hash would need
// its key at the issuer; a signature does not: the secret makes a key pair, and the issuer keeps only a hash of its public half.
const KEY_DOMAIN = utf8('collective/invite-key/v1\0');
const ID_DOMAIN = utf8('collective/invite-id/v1\0');

/** The key pair that a secret stands for. */
export const inviteKeys = (secret: Uint8Array, hasher: Hasher): KeyPair =>
  keyPairFromSeed(hasher.sha256(KEY_DOMAIN, secret), hasher);

/** What the issuer stores of a secret (32 bytes): SHA-256 of the raw public key made from it. Safe to publish. */
export const inviteSecretHash = (rawInviteKey: Uint8Array, hasher: Hasher): Uint8Array => hasher.sha256(rawInviteKey);

/** How the joiner names its invite without showing the secret. */
export const inviteIdOf = (secretHash: Uint8Array, hasher: Hasher): InviteId =>
  toBase32(hasher.sha256(ID_DOMAIN, secretHash).subarray(0, 16)) as InviteId;

/** All that follows from a secret. */
export function inviteTracesOf(
  secret: Uint8Array,
  hasher: Hasher,
): { readonly secretHash: Uint8Array; readonly inviteId: InviteId } {
  const secretHash = inviteSecretHash(rawPublicKey(inviteKeys(secret, hasher).publicKey), hasher);
  return { secretHash, inviteId: inviteIdOf(secretHash, hasher) };
}
