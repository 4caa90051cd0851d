/** SHA-256. Synchronous: callers hash at most one chunk at a time. */
export interface Hasher {
  /** The digest (32 bytes, owned by the caller) of the parts one after another. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
}

/** Signs with one Ed25519 key that it alone holds. */
export interface Signer {
  /** First 16 bytes of SHA-256 of the public key (SPKI DER). */
  readonly keyId: Uint8Array;
  /** SPKI DER, 44 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes. Callers prefix every message with a domain string of their own. */
  sign(message: Uint8Array): Uint8Array;
}

/** Checks Ed25519 signatures. */
export interface SignatureVerifier {
  /** False for a wrong signature and for a malformed key alike; never throws. `publicKey` is SPKI DER. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
