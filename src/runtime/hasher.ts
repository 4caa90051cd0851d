import { createHash, hash } from 'node:crypto';
import type { Hasher } from '../ports/index.js';

/** Up to here copying the parts together costs less than a streaming hash object. */
const JOINED_BYTES_MAX = 4096;

/** SHA-256 by OpenSSL. */
export class NodeHasher implements Hasher {
  readonly #joined = new Uint8Array(JOINED_BYTES_MAX);

  sha256(...parts: readonly Uint8Array[]): Uint8Array {
    const [first] = parts;
    if (first !== undefined && parts.length === 1) return plain(hash('sha256', first, 'buffer'));
    let length = 0;
    for (const part of parts) length += part.length;
    return length > JOINED_BYTES_MAX ? this.#streamed(parts) : this.#oneShot(parts, length);
  }

  #oneShot(parts: readonly Uint8Array[], length: number): Uint8Array {
    let offset = 0;
    for (const part of parts) {
      this.#joined.set(part, offset);
      offset += part.length;
    }
    return plain(hash('sha256', this.#joined.subarray(0, length), 'buffer'));
  }

  #streamed(parts: readonly Uint8Array[]): Uint8Array {
    const digest = createHash('sha256');
    for (const part of parts) digest.update(part);
    return plain(digest.digest());
  }
}

/** Buffer overrides `slice` to share memory: callers were promised a Uint8Array. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
