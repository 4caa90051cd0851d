const SLAB_BYTES = 64 * 1024;

const NO_BLOCK = new Uint8Array(0);

/**
 * Hands out small pieces of large blocks of memory: an array buffer of its own for each of a hundred thousand keys costs more
 * than all the rest. A piece keeps its whole block alive, so this is for bytes that are soon given up together.
 */
export class Slab {
  #block = NO_BLOCK;
  #used = SLAB_BYTES;

  /** Zeros. */
  take(bytes: number): Uint8Array {
    if (bytes > SLAB_BYTES / 4) return new Uint8Array(bytes);
    if (this.#used + bytes > SLAB_BYTES) {
      this.#block = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    this.#used += bytes;
    return this.#block.subarray(this.#used - bytes, this.#used);
  }
}
