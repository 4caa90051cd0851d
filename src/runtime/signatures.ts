import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';
import { CollectiveError, equalBytes, fromHex, LIMITS } from '../base/index.js';
import type { SignatureVerifier, Signer } from '../ports/index.js';

const SIGNATURE_BYTES = 64;
const PUBLIC_KEY_BYTES = 44;
/** What stands before the 32 key bytes in every Ed25519 SPKI (RFC 8410). */
const PUBLIC_KEY_PREFIX = fromHex('302a300506032b6570032100') ?? new Uint8Array();

/** A signer over an Ed25519 private key, PEM of PKCS#8. Error: CONFIG_INVALID when it is anything else. */
export function createEd25519Signer(privateKeyPem: string): Signer {
  const key = readPrivateKey(privateKeyPem);
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }));
  const keyId = new Uint8Array(hash('sha256', publicKey, 'buffer').subarray(0, 16));
  return { keyId, publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) };
}

function readPrivateKey(privateKeyPem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: privateKeyPem, format: 'pem' });
  } catch (error) {
    throw new CollectiveError('CONFIG_INVALID', 'The private key is not readable PEM.', { cause: error });
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new CollectiveError('CONFIG_INVALID', `The private key is ${key.asymmetricKeyType ?? 'unknown'}, not Ed25519.`);
  }
  return key;
}

/** Checks Ed25519 signatures; keeps the parsed form of the keys seen last. */
export class NodeSignatureVerifier implements SignatureVerifier {
  readonly #keys = new Map<string, KeyObject>();

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== SIGNATURE_BYTES || publicKey.length !== PUBLIC_KEY_BYTES) return false;
    if (!equalBytes(publicKey.subarray(0, PUBLIC_KEY_PREFIX.length), PUBLIC_KEY_PREFIX)) return false;
    return verify(null, message, this.#key(publicKey), signature);
  }

  #key(publicKey: Uint8Array): KeyObject {
    const der = Buffer.from(publicKey);
    const name = der.toString('latin1');
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const [oldest] = this.#keys.keys();
    if (oldest !== undefined && this.#keys.size >= LIMITS.parsedKeys) this.#keys.delete(oldest);
    this.#keys.set(name, key);
    return key;
  }
}
