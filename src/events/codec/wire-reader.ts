import { fromUtf8, LIMITS } from '../../base/index.js';
import { WireProblem, type WireValue } from './wire-value.js';

/**
 * Reads one msgpack value that fills `bytes`. Strict: only what `writeWire` writes is accepted (nil, whole numbers within
 * 2^53, valid UTF-8, bytes, arrays, each in its shortest form, at most LIMITS.decodeDepth deep), so that a value has one
 * encoding and every machine reads the same. Results are copies. Throws WireProblem.
 */
export function readWire(bytes: Uint8Array): WireValue {
  const reader = new WireReader(bytes);
  const value = reader.value(0);
  reader.end();
  return value;
}

/** Up to here a loop copies faster than a view is made. */
const SHORT_BYTES = 64;

class WireReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) throw new WireProblem('bytes follow the value');
  }

  value(depth: number): WireValue {
    if (depth > LIMITS.decodeDepth) throw new WireProblem(`nested deeper than ${LIMITS.decodeDepth}`);
    const tag = this.#bytes[this.#skip(1)] ?? 0;
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 0x100;
    if (tag >= 0xa0 && tag < 0xc0) return this.#text(tag - 0xa0);
    if (tag >= 0x90 && tag < 0xa0) return this.#array(tag - 0x90, depth);
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc4:
        return this.#binary(this.#uint8(0));
      case 0xc5:
        return this.#binary(this.#uint16(0x100));
      case 0xc6:
        return this.#binary(this.#uint32(0x1_0000));
      case 0xcc:
        return this.#uint8(0x80);
      case 0xcd:
        return this.#uint16(0x100);
      case 0xce:
        return this.#uint32(0x1_0000);
      case 0xd0:
        return atMost((this.#uint8(0) << 24) >> 24, -0x21);
      case 0xd1:
        return atMost((this.#uint16(0) << 16) >> 16, -0x81);
      case 0xd2:
        return atMost(this.#uint32(0) | 0, -0x8001);
      case 0xd3:
        return this.#int64();
      case 0xd9:
        return this.#text(this.#uint8(0x20));
      case 0xda:
        return this.#text(this.#uint16(0x100));
      case 0xdb:
        return this.#text(this.#uint32(0x1_0000));
      case 0xdc:
        return this.#array(this.#uint16(0x10), depth);
      case 0xdd:
        return this.#array(this.#uint32(0x1_0000), depth);
      default:
        throw new WireProblem(`the type byte 0x${tag.toString(16)} is not used in a log`);
    }
  }

  #skip(count: number): number {
    const start = this.#offset;
    if (count > this.#bytes.length - start) throw new WireProblem('it ends too early');
    this.#offset = start + count;
    return start;
  }

  #uint8(least: number): number {
    return atLeast(this.#bytes[this.#skip(1)] ?? 0, least);
  }

  #uint16(least: number): number {
    return atLeast(this.#uint8(0) * 0x100 + this.#uint8(0), least);
  }

  #uint32(least: number): number {
    return atLeast(this.#uint16(0) * 0x1_0000 + this.#uint16(0), least);
  }

  #int64(): number {
    const value = (this.#uint32(0) | 0) * 0x1_0000_0000 + this.#uint32(0);
    if (!Number.isSafeInteger(value)) throw new WireProblem('a number is beyond 2^53');
    if (value >= -0x8000_0000 && value <= 0xffff_ffff) throw new WireProblem('a number is not in its shortest form');
    return value;
  }

  #binary(length: number): Uint8Array {
    const start = this.#skip(length);
    // Not slice(): a Buffer's shares its memory.
    const copy = new Uint8Array(length);
    if (length > SHORT_BYTES) copy.set(this.#bytes.subarray(start, start + length));
    else for (let index = 0; index < length; index += 1) copy[index] = this.#bytes[start + index] ?? 0;
    return copy;
  }

  #text(length: number): string {
    const start = this.#skip(length);
    let text = '';
    for (let index = start; index < this.#offset; index += 1) {
      const byte = this.#bytes[index] ?? 0;
      if (byte >= 0x80) return decodeText(this.#bytes.subarray(start, this.#offset));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  #array(length: number, depth: number): readonly WireValue[] {
    if (length > this.#bytes.length - this.#offset) throw new WireProblem('it ends too early');
    const values: WireValue[] = [];
    for (let index = 0; index < length; index += 1) values.push(this.value(depth + 1));
    return values;
  }
}

function decodeText(bytes: Uint8Array): string {
  const text = fromUtf8(bytes);
  if (text === undefined) throw new WireProblem('a text is not valid UTF-8');
  return text;
}

function atLeast(value: number, least: number): number {
  if (value < least) throw new WireProblem('a number or length is not in its shortest form');
  return value;
}

function atMost(value: number, most: number): number {
  if (value > most) throw new WireProblem('a number or length is not in its shortest form');
  return value;
}
