import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import {
  accept,
  assert,
  CollectiveError,
  concatBytes,
  fail,
  fromHex,
  ok,
  toBase32,
  type MemberId,
  type Result,
} from '../base/index.js';
import type { Hasher, Random, Signer } from '../ports/index.js';

/** An Ed25519 key pair. The private half never leaves the machine it was made on. */
export interface KeyPair {
  /** PKCS#8. */
  readonly privateKeyPem: string;
  /** SPKI DER, 44 bytes. */
  readonly publicKey: Uint8Array;
  /** First 16 bytes of SHA-256 of `publicKey`. */
  readonly keyId: Uint8Array;
}

/** A public key that is trusted for something, with the id that signatures name it by. */
export interface PublicKey {
  readonly publicKey: Uint8Array;
  readonly keyId: Uint8Array;
}

export const KEY_ID_BYTES = 16;
export const SPKI_BYTES = 44;

const SEED_BYTES = 32;
// RFC 8410: everything before the 32 raw bytes is the same in every Ed25519 key.
const PKCS8_PREFIX = constant('302e020100300506032b657004220420');
const SPKI_PREFIX = constant('302a300506032b6570032100');

function constant(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  assert(bytes !== undefined, 'a constant is hex');
  return bytes;
}

export function generateKeyPair(random: Random, hasher: Hasher): KeyPair {
  return keyPairFromSeed(random.bytes(SEED_BYTES), hasher);
}

/** `seed` is the RFC 8032 private key: 32 bytes. */
export function keyPairFromSeed(seed: Uint8Array, hasher: Hasher): KeyPair {
  assert(seed.length === SEED_BYTES, 'a seed has 32 bytes');
  const pkcs8 = concatBytes([PKCS8_PREFIX, seed]);
  return keyPairOf(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' }), hasher);
}

/** Reads an unencrypted PKCS#8 PEM. Error: DATA_FORMAT_UNSUPPORTED. */
export function openKeyPair(privateKeyPem: string, hasher: Hasher): Result<KeyPair, CollectiveError> {
  try {
    const key = createPrivateKey({ key: privateKeyPem, format: 'pem' });
    if (key.asymmetricKeyType === 'ed25519') return ok(keyPairOf(key, hasher));
    return fail(new CollectiveError('DATA_FORMAT_UNSUPPORTED', 'The private key is not an Ed25519 key.'));
  } catch (error) {
    return fail(
      new CollectiveError('DATA_FORMAT_UNSUPPORTED', 'The private key cannot be read: it is not a PKCS#8 PEM.', {
        next: 'Restore the key file from a backup, or join again with a new invite.',
        cause: error,
      }),
    );
  }
}

function keyPairOf(key: KeyObject, hasher: Hasher): KeyPair {
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  const privateKeyPem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { privateKeyPem, publicKey, keyId: keyIdOf(publicKey, hasher) };
}

/** Signs with the key pair, which must be one that this module made or read. */
export function createSigner(pair: KeyPair): Signer {
  const key = createPrivateKey({ key: pair.privateKeyPem, format: 'pem' });
  return {
    keyId: pair.keyId,
    publicKey: pair.publicKey,
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** Signs with the key that `holder` has at each moment. */
export function followingSigner(holder: { readonly privateKeyPem: string }, hasher: Hasher): Signer {
  let known = { privateKeyPem: '', signer: undefined as Signer | undefined };
  const present = (): Signer => {
    const { privateKeyPem } = holder;
    if (known.signer === undefined || known.privateKeyPem !== privateKeyPem) {
      known = { privateKeyPem, signer: createSigner(accept(openKeyPair(privateKeyPem, hasher))) };
    }
    assert(known.signer !== undefined, 'it was just made');
    return known.signer;
  };
  return {
    get keyId() {
      return present().keyId;
    },
    get publicKey() {
      return present().publicKey;
    },
    sign: (message) => present().sign(message),
  };
}

/** First 16 bytes of SHA-256 of the SPKI DER. */
export const keyIdOf = (publicKey: Uint8Array, hasher: Hasher): Uint8Array => hasher.sha256(publicKey).slice(0, KEY_ID_BYTES);

export const publicKeyOf = (publicKey: Uint8Array, hasher: Hasher): PublicKey => ({
  publicKey,
  keyId: keyIdOf(publicKey, hasher),
});

/** Whether these are the bytes of an Ed25519 public key, SPKI DER. */
export const isEd25519PublicKey = (publicKey: Uint8Array): boolean =>
  publicKey.length === SPKI_BYTES && SPKI_PREFIX.every((byte, index) => publicKey[index] === byte);

/** The 32 raw bytes of an Ed25519 public key, and back. */
export const rawPublicKey = (publicKey: Uint8Array): Uint8Array => publicKey.slice(SPKI_PREFIX.length);
export const spkiOfRaw = (raw: Uint8Array): Uint8Array => concatBytes([SPKI_PREFIX, raw]);

/** The id of the member whose first identity key this is (SPKI DER). */
export const memberIdOf = (identityPublicKey: Uint8Array, hasher: Hasher): MemberId =>
  toBase32(hasher.sha256(identityPublicKey)) as MemberId;

/** Six groups of four characters (120 bits of the id) for people to compare by eye or voice: `k3vq-7nda-...`. */
export const memberCheckText = (memberId: MemberId): string => memberId.slice(0, 24).replace(/(.{4})(?=.)/g, '$1-');
