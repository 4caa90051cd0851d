import { assert } from '../../base/index.js';
import { hexByte } from './hex.js';
import { Slab } from './slab.js';

const encoder = new TextEncoder();
const START_BYTES = 4096;

/** Builds the bytes of one row after another in a buffer that it reuses. */
export class RowWriter {
  #bytes = new Uint8Array(START_BYTES);
  #length = 0;
  readonly #slab = new Slab();

  /** What was written since the last call; owned by the caller. */
  take(): Uint8Array {
    const taken = this.#slab.take(this.#length);
    taken.set(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** LEB128: seven bits a byte, low ones first. Whole numbers of 0 to 2^53 - 1. */
  unsigned(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, `a row holds whole numbers, not ${value}`);
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) | 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  bytes(value: Uint8Array): void {
    this.unsigned(value.length);
    this.#append(value);
  }

  text(value: string): void {
    const length = value.length;
    this.#reserve(length + 8);
    const start = this.#length;
    this.unsigned(length);
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        this.#length = start;
        this.bytes(encoder.encode(value));
        return;
      }
      this.#bytes[this.#length] = code;
      this.#length += 1;
    }
  }

  /** The raw bytes of a hex text whose length the reader knows. */
  hex(value: string): void {
    this.#reserve(value.length / 2);
    for (let index = 0; index < value.length; index += 2) {
      this.#bytes[this.#length] = hexByte(value, index);
      this.#length += 1;
    }
  }

  #append(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
