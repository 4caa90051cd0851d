import { CollectiveError, fromUtf8 } from '../../base/index.js';

/** Reads the body of a frame, numbers big-endian. Every step throws PROTOCOL_ERROR past the end. */
export class BodyReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

  /** A copy, owned by the caller. */
  bytes(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#bytes.slice(start, start + count);
  }

  /** Length (u16) and that many bytes of UTF-8. */
  text(): string {
    const text = fromUtf8(this.bytes(this.uint16()));
    if (text === undefined) throw new CollectiveError('PROTOCOL_ERROR', 'A text in a frame is not valid UTF-8.');
    return text;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Nothing may be left over. */
  end(): void {
    if (this.remaining > 0) throw new CollectiveError('PROTOCOL_ERROR', 'A frame is longer than its content.');
  }

  #advance(count: number): number {
    if (count > this.remaining) throw new CollectiveError('PROTOCOL_ERROR', 'A frame is shorter than its content.');
    this.#offset += count;
    return this.#offset - count;
  }
}

/** Builds the body of a frame. */
export class BodyWriter {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  uint8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  uint16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }

  uint32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** At most 64 KiB of it: what is longer is cut at a character. */
  text(value: string): this {
    let bytes = new TextEncoder().encode(value);
    if (bytes.length > TEXT_BYTES_MAX) bytes = new TextEncoder().encode(value.slice(0, TEXT_BYTES_MAX / 4));
    return this.uint16(bytes.length).bytes(bytes);
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}

const TEXT_BYTES_MAX = 4096;
