import { hash } from 'node:crypto';
import type { SignatureVerifier } from '../../../src/ports/index.js';

const KNOWN_MAX = 20_000;

/** Checks signatures, and remembers by all three parts of a check what came of it: everybody checks the same blocks. */
export class KnownSignatures implements SignatureVerifier {
  readonly #verifier: SignatureVerifier;
  readonly #known = new Map<string, boolean>();

  constructor(verifier: SignatureVerifier) {
    this.#verifier = verifier;
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const name = [publicKey, message, signature].map((part) => hash('sha256', part, 'base64')).join();
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#verifier.verify(publicKey, message, signature);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(name, found);
    return found;
  }
}
