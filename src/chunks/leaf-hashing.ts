import { assert, LIMITS, type ChunkId } from '../base/index.js';
import type { Hasher } from '../ports/index.js';
import { chunkIdOfLeaves, HASH_BYTES, leafCount, leafHashInPlace } from './tree-hash.js';

/**
 * Takes the bytes of a run of leaves as they arrive: copies them into a buffer and hashes every leaf as soon as it is whole,
 * while it is still in the processor's cache. The buffer stays the caller's, and nobody else may use it until `complete`.
 */
export class LeafReceiver {
  readonly #hasher: Hasher;
  readonly #buffer: Uint8Array;
  readonly #length: number;
  readonly #hashes: Uint8Array;
  #received = 0;
  #hashed = 0;

  /** `length` bytes (at least 1) are to arrive, the first at the start of a leaf; they go to the start of `buffer`. */
  constructor(hasher: Hasher, buffer: Uint8Array, length: number) {
    assert(length > 0 && length <= buffer.length, 'the buffer is too small for the leaves');
    this.#hasher = hasher;
    this.#buffer = buffer;
    this.#length = length;
    this.#hashes = new Uint8Array(leafCount(length) * HASH_BYTES);
  }

  get received(): number {
    return this.#received;
  }

  get missing(): number {
    return this.#length - this.#received;
  }

  get complete(): boolean {
    return this.#received === this.#length;
  }

  /** At most `missing` bytes. Copies them. */
  append(bytes: Uint8Array): void {
    assert(bytes.length <= this.missing, 'more bytes than announced');
    this.#buffer.set(bytes, this.#received);
    this.#received += bytes.length;
    while (this.#received - this.#hashed >= LIMITS.leafBytes) this.#hashLeaf(this.#hashed + LIMITS.leafBytes);
    if (this.complete && this.#hashed < this.#length) this.#hashLeaf(this.#length);
  }

  #hashLeaf(end: number): void {
    const at = (this.#hashed / LIMITS.leafBytes) * HASH_BYTES;
    this.#hashes.set(leafHashInPlace(this.#hasher, this.#buffer, this.#hashed, end), at);
    this.#hashed = end;
  }

  /** 32 bytes a leaf; only once complete. */
  get leafHashes(): Uint8Array {
    assert(this.complete, 'leaf hashes asked before the last byte');
    return this.#hashes;
  }

  /** The bytes received; only once complete. */
  get bytes(): Uint8Array {
    assert(this.complete, 'bytes asked before the last one');
    return this.#buffer.subarray(0, this.#length);
  }

  /** The id, if the run is a whole chunk; only once complete. */
  chunkId(): ChunkId {
    return chunkIdOfLeaves(this.#hasher, this.leafHashes, this.#length);
  }
}
