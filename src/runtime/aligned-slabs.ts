import { assert, LIMITS } from '../base/index.js';

/** Node's types leave it out; the engine has it. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number; readonly maximum: number }) => { readonly buffer: ArrayBuffer };
};

const WASM_PAGE_BYTES = 64 * 1024;
export const BLOCK_BYTES = 4096;

/**
 * Page-aligned memory: that of WebAssembly is, and needs no native code. One WebAssembly.Memory reserves some 10 GiB of
 * addresses whatever its size, so buffers are cut from slabs; a slab goes when its last buffer is collected. A cut is
 * never handed out twice.
 */
export class AlignedSlabs {
  #slab: ArrayBuffer | undefined;
  #used = 0;

  /** Zeroed. `bytes` is a positive multiple of 4096. Plain memory where the machine has no addresses left. */
  take(bytes: number): Uint8Array {
    assert(bytes > 0 && bytes % BLOCK_BYTES === 0, `aligned buffers come in multiples of ${BLOCK_BYTES}, not ${bytes}`);
    if (bytes > LIMITS.alignedSlabBytes) return new Uint8Array(newSlab(bytes), 0, bytes);
    if (this.#slab === undefined || this.#used + bytes > this.#slab.byteLength) {
      this.#slab = newSlab(LIMITS.alignedSlabBytes);
      this.#used = 0;
    }
    const buffer = new Uint8Array(this.#slab, this.#used, bytes);
    this.#used += bytes;
    return buffer;
  }
}

function newSlab(bytes: number): ArrayBuffer {
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new ArrayBuffer(bytes);
  }
}
