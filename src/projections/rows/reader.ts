import { assert, fromUtf8 } from '../../base/index.js';

const HEX_CODES: readonly number[] = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** Below this a loop is quicker than a decoder. */
const SHORT_TEXT = 24;

/** Takes apart what RowWriter made. The bytes were checked by their CRC: what does not fit is a fault of the program. */
export class RowReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  end(): void {
    assert(this.#offset === this.#bytes.length, 'a row is longer than its shape');
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    assert(value !== undefined, 'a row is shorter than its shape');
    this.#offset += 1;
    return value;
  }

  unsigned(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
  }

  /** A copy. */
  bytes(): Uint8Array {
    return this.#take(this.unsigned()).slice();
  }

  text(): string {
    const raw = this.#take(this.unsigned());
    if (raw.length <= SHORT_TEXT && raw.every((byte) => byte < 0x80)) return String.fromCharCode(...raw);
    const value = fromUtf8(raw);
    assert(value !== undefined, 'a text in a row is not UTF-8');
    return value;
  }

  hex(byteLength: number): string {
    const codes: number[] = [];
    for (const byte of this.#take(byteLength)) codes.push(HEX_CODES[byte >>> 4] ?? 0, HEX_CODES[byte & 15] ?? 0);
    return String.fromCharCode(...codes);
  }

  #take(count: number): Uint8Array {
    assert(this.#offset + count <= this.#bytes.length, 'a row is shorter than its shape');
    const start = this.#offset;
    this.#offset += count;
    return this.#bytes.subarray(start, this.#offset);
  }
}
