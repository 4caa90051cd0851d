import { WireProblem } from '../codec/index.js';

/** Reads big-endian fields one after another. Byte fields are views. Throws WireProblem at the end of the bytes. */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  bytes(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2));
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  /** At most 2^53 - 1. */
  uint64(): number {
    const start = this.#advance(8);
    const value = this.#view.getUint32(start) * 0x1_0000_0000 + this.#view.getUint32(start + 4);
    if (!Number.isSafeInteger(value)) throw new WireProblem('a number is beyond 2^53');
    return value;
  }

  #advance(count: number): number {
    const start = this.#offset;
    if (count > this.#bytes.length - start) throw new WireProblem('it ends too early');
    this.#offset = start + count;
    return start;
  }
}
