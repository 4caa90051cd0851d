import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { fromHex, LIMITS } from '../../../src/base/index.js';
import { readWire } from '../../../src/events/codec/wire-reader.js';
import { WireProblem, type WireValue } from '../../../src/events/codec/wire-value.js';
import { writeWire } from '../../../src/events/codec/wire-writer.js';

const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });
const scalar = fc.oneof(
  fc.constant(null),
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.constantFrom(2 ** 32, 2 ** 32 - 1, -(2 ** 31), -(2 ** 31) - 1, -33, -129, 255, 256),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.uint8Array({ maxLength: 300 }),
);
const { value: anyWire } = fc.letrec<{ value: WireValue }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', maxDepth: 8 }, scalar, fc.array(tie('value'), { maxLength: 20 })),
}));
const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) ?? new Uint8Array();

describe('msgpack of the log', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(anyWire, (value) => {
        expect(readWire(writeWire(value))).toEqual(value);
      }),
    );
  });

  it('is read by an ordinary msgpack reader alike', () => {
    fc.assert(
      fc.property(anyWire, (value) => {
        const bytes = writeWire(value);
        expect(JSON.stringify(unpackr.unpack(bytes))).toBe(JSON.stringify(readWire(bytes)));
      }),
    );
  });

  it('keeps a byte order mark at the start of a text of any length', () => {
    for (const length of [1, 31, 70, 3000]) {
      const text = `\u{feff}${'a'.repeat(length)}`;
      expect(readWire(writeWire([text]))).toEqual([text]);
    }
  });

  it('has one encoding for each value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let value: WireValue;
        try {
          value = readWire(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireProblem);
          return;
        }
        expect(writeWire(value)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses changed bytes or reads other values, and never fails otherwise', () => {
    fc.assert(
      fc.property(anyWire, fc.nat(), fc.nat({ max: 255 }), (value, place, byte) => {
        const bytes = writeWire(value);
        bytes[place % bytes.length] = byte;
        try {
          readWire(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireProblem);
        }
      }),
    );
  });

  it.each([
    ['a number that fits a shorter form', 'cc 7f'],
    ['a negative number that fits a shorter form', 'd0 e0'],
    ['a wide number that fits 32 bits', 'd3 00 00 00 00 ff ff ff ff'],
    ['an unsigned 64-bit number', 'cf 00 00 00 01 00 00 00 00'],
    ['a number beyond 2^53', 'd3 00 20 00 00 00 00 00 00'],
    ['a text with a length in a longer form', 'd9 01 61'],
    ['bytes with a length in a longer form', 'c5 00 01 61'],
    ['an array with a length in a longer form', 'dc 00 01 c0'],
    ['a text that is not UTF-8', 'a2 c3 28'],
    ['a surrogate in UTF-8', 'a3 ed a0 80'],
    ['a float', 'cb 3f f0 00 00 00 00 00 00'],
    ['a boolean', 'c3'],
    ['a map', '81 a1 61 01'],
    ['an extension', 'd4 00 00'],
    ['the unused type byte', 'c1'],
    ['nothing', ''],
    ['bytes after the value', '01 01'],
    ['a text that ends too early', 'a5 61'],
    ['an array longer than the bytes', 'dd ff ff ff ff c0'],
  ])('refuses %s', (_what, text) => {
    expect(() => readWire(hex(text))).toThrow(WireProblem);
  });

  it('refuses what is nested deeper than the limit, however deep', () => {
    const nested = (depth: number): Uint8Array => new Uint8Array([...new Array<number>(depth).fill(0x91), 0xc0]);
    expect(() => readWire(nested(LIMITS.decodeDepth))).not.toThrow();
    expect(() => readWire(nested(LIMITS.decodeDepth + 1))).toThrow(/deeper/);
    expect(() => readWire(nested(100_000))).toThrow(WireProblem);
  });

  it('gives copies, so that a value does not hold on to the bytes it came from', () => {
    const bytes = Buffer.from(writeWire([new Uint8Array([1, 2, 3])]));
    const [value] = readWire(bytes) as readonly [Uint8Array];
    bytes.fill(0);
    expect(value).toEqual(new Uint8Array([1, 2, 3]));
  });
});
