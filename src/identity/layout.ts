/**
 * Reads a fixed binary layout, numbers big-endian. Total: a read past the end (or a number too large to be exact) gives zeros
 * and makes `complete` false, so a parser reads every field and asks once.
 */
export class LayoutReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #broken = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Every read so far was within the bytes. */
  get intact(): boolean {
    return !this.#broken;
  }

  /** Every read was within the bytes, and nothing is left over. */
  get complete(): boolean {
    return !this.#broken && this.#offset === this.#bytes.length;
  }

  /** A copy, owned by the caller. */
  bytes(count: number): Uint8Array {
    const start = this.#advance(count);
    return start === undefined ? new Uint8Array(count) : this.#bytes.slice(start, start + count);
  }

  uint8(): number {
    const start = this.#advance(1);
    return start === undefined ? 0 : this.#view.getUint8(start);
  }

  uint32(): number {
    const start = this.#advance(4);
    return start === undefined ? 0 : this.#view.getUint32(start);
  }

  uint64(): number {
    const start = this.#advance(8);
    if (start === undefined) return 0;
    const value = this.#view.getUint32(start) * 0x1_0000_0000 + this.#view.getUint32(start + 4);
    if (Number.isSafeInteger(value)) return value;
    this.#broken = true;
    return 0;
  }

  #advance(count: number): number | undefined {
    if (this.#broken || this.#offset + count > this.#bytes.length) {
      this.#broken = true;
      return undefined;
    }
    this.#offset += count;
    return this.#offset - count;
  }
}
