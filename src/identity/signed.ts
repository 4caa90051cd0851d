import { concatBytes, utf8 } from '../base/index.js';
import type { SignatureVerifier, Signer } from '../ports/index.js';

export const SIGNATURE_BYTES = 64;

/** `body`, then the Ed25519 signature over `domain` (UTF-8, ending in NUL) and `body`. */
export function signBody(domain: string, body: Uint8Array, signer: Signer): Uint8Array {
  return concatBytes([body, signer.sign(concatBytes([utf8(domain), body]))]);
}

/** Whether the last 64 bytes of `signed` are `publicKey`'s (SPKI DER) signature over `domain` and the bytes before them. */
export function isSignedBy(domain: string, signed: Uint8Array, publicKey: Uint8Array, verifier: SignatureVerifier): boolean {
  if (signed.length < SIGNATURE_BYTES) return false;
  const split = signed.length - SIGNATURE_BYTES;
  return verifier.verify(publicKey, concatBytes([utf8(domain), signed.subarray(0, split)]), signed.subarray(split));
}
