import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareBytes, fileIdAt, type FileId } from '../../../src/base/index.js';
import { crc32 } from '../../../src/projections/host/crc32.js';
import { mergePage } from '../../../src/projections/host/merge-page.js';
import { StateHash } from '../../../src/projections/host/state-hash.js';
import {
  bytes,
  decodeRow,
  encodeRow,
  flag,
  hex,
  list,
  oneOf,
  optional,
  record,
  signed,
  text,
  unsigned,
} from '../../../src/projections/rows/fields.js';
import {
  afterPrefix,
  fileIdPart,
  fromBinary,
  hexPart,
  lastTextPart,
  numberPart,
  pair,
  shortTextPart,
  toBinary,
} from '../../../src/projections/rows/keys.js';
import { hasher } from './support.js';

const number = fc.maxSafeNat();
const fileId = fc
  .tuple(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 2 ** 52 }))
  .map(([epoch, sequence]) => fileIdAt({ epoch, sequence }));
const anyText = fc
  .tuple(fc.constantFrom('', '\ufeff'), fc.string({ unit: 'grapheme', maxLength: 60 }))
  .map(([mark, text]) => mark + text);

interface Row {
  readonly size: number;
  readonly seconds: number;
  readonly name: string;
  readonly removed: boolean;
  readonly kind: 'file' | 'directory';
  readonly raw: Uint8Array;
  readonly chunk: string | undefined;
  readonly holders: readonly string[];
}

const ROW = record<Row>({
  size: unsigned,
  seconds: signed,
  name: text(),
  removed: flag,
  kind: oneOf<Row['kind']>('file', 'directory'),
  raw: bytes,
  chunk: optional(hex(33)),
  holders: list(text()),
});

const row: fc.Arbitrary<Row> = fc.record({
  size: number,
  seconds: fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
  name: anyText,
  removed: fc.boolean(),
  kind: fc.constantFrom('file', 'directory'),
  raw: fc.uint8Array({ maxLength: 300 }),
  chunk: fc.option(
    fc.uint8Array({ minLength: 33, maxLength: 33 }).map((raw) => Buffer.from(raw).toString('hex')),
    { nil: undefined },
  ),
  holders: fc.array(anyText, { maxLength: 4 }),
});

describe('a row', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(row, (value) => {
        expect(decodeRow(ROW, encodeRow(ROW, value))).toEqual(value);
      }),
    );
  });

  test('has one encoding, whatever was written before it', () => {
    fc.assert(
      fc.property(row, row, (value, other) => {
        const first = encodeRow(ROW, value);
        encodeRow(ROW, other);
        expect(encodeRow(ROW, decodeRow(ROW, first))).toEqual(first);
      }),
    );
  });

  test('with bytes too many or too few is a fault of the program', () => {
    const encoded = encodeRow(ROW, {
      size: 1,
      seconds: -1,
      name: 'a',
      removed: true,
      kind: 'file',
      raw: new Uint8Array(2),
      chunk: undefined,
      holders: [],
    });
    expect(() => decodeRow(ROW, encoded.subarray(0, -1))).toThrow('shorter');
    expect(() => decodeRow(ROW, Uint8Array.of(...encoded, 0))).toThrow('longer');
  });
});

describe('keys', () => {
  const binaryOrder = (left: string, right: string): number => compareBytes(fromBinary(left), fromBinary(right));

  test('sort as their numbers do', () => {
    fc.assert(
      fc.property(number, number, (left, right) => {
        expect(Math.sign(binaryOrder(numberPart.encode(left), numberPart.encode(right)))).toBe(Math.sign(left - right));
      }),
    );
  });

  test('of a directory sort by the bytes of the names', () => {
    const key = pair(fileIdPart, lastTextPart);
    fc.assert(
      fc.property(fileId, anyText, anyText, (id, left, right) => {
        const order = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(binaryOrder(key.encode([id, left]), key.encode([id, right])))).toBe(order);
      }),
    );
  });

  test('compare as characters in the order of their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (left, right) => {
        const [one, two] = [toBinary(left), toBinary(right)];
        expect(one < two ? -1 : one > two ? 1 : 0).toBe(Math.sign(compareBytes(left, right)));
      }),
    );
  });

  test('say their parts again', () => {
    const named = pair(shortTextPart<string>(), fileIdPart);
    const numbered = pair(hexPart<string>(4), numberPart);
    fc.assert(
      fc.property(anyText, fileId, number, fc.uint8Array({ minLength: 4, maxLength: 4 }), (name, id: FileId, count, raw) => {
        expect(named.decode(named.encode([name, id]))).toEqual([name, id]);
        const digits = Buffer.from(raw).toString('hex');
        expect(numbered.decode(numbered.encode([digits, count]))).toEqual([digits, count]);
      }),
    );
  });

  test('with a prefix come before the key after that prefix, and no others do', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 4 }),
        fc.uint8Array({ maxLength: 4 }),
        fc.uint8Array({ maxLength: 6 }),
        (prefix, rest, other) => {
          fc.pre(prefix.some((byte) => byte !== 0xff));
          const start = toBinary(prefix);
          const end = afterPrefix(start);
          expect(start + toBinary(rest) < end).toBe(true);
          const key = toBinary(other);
          expect(key >= start && key < end).toBe(key.startsWith(start));
        },
      ),
    );
  });
});

test('the CRC is the one of zlib, in one piece or in several', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (first, second) => {
      expect(crc32(first)).toBe(zlibCrc32(first));
      expect(crc32(second, crc32(first))).toBe(zlibCrc32(Buffer.concat([first, second])));
    }),
  );
});

describe('a state hash', () => {
  const rows = fc.uniqueArray(fc.tuple(fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 5 })), {
    selector: ([key]) => key.join(),
    maxLength: 12,
  });

  test('does not depend on the order of rows, nor on rows that came and went', () => {
    fc.assert(
      fc.property(rows, rows, (kept, gone) => {
        const straight = new StateHash(hasher);
        for (const [key, value] of kept) straight.add(key, value);
        const other = new StateHash(hasher);
        for (const [key, value] of gone) other.add(key, value);
        for (const [key, value] of [...kept].reverse()) other.add(key, value);
        for (const [key, value] of gone) other.remove(key, value);
        expect(other.hex()).toBe(straight.hex());
        expect(new StateHash(hasher, straight.bytes()).hex()).toBe(straight.hex());
      }),
    );
  });

  test('differs when a byte moves from key to row', () => {
    const one = new StateHash(hasher);
    one.add(Uint8Array.of(97, 98), Uint8Array.of(99));
    const two = new StateHash(hasher);
    two.add(Uint8Array.of(97), Uint8Array.of(98, 99));
    expect(one.hex()).not.toBe(two.hex());
  });
});

test('a page is the first rows of what is stored with the changes over it', () => {
  const key = fc.constantFrom(...'abcdefghijkl');
  const stored = fc.uniqueArray(key).map((keys) => keys.sort());
  const changes = fc.uniqueArray(fc.tuple(key, fc.boolean()), { selector: ([name]) => name });
  fc.assert(
    fc.property(stored, changes, fc.integer({ min: 1, max: 14 }), (names, changed, limit) => {
      const overlay = new Map(changed.map(([name, there]) => [name, there ? `new ${name}` : null]));
      const hidden = changed.filter(([, there]) => !there).length;
      const loaded = names.slice(0, limit + hidden + 1);
      const page = mergePage(
        loaded.map((name) => [name, () => `old ${name}`] as const),
        overlay,
        loaded.length === names.length,
        limit,
      );
      const all = new Map<string, string | null>([...names.map((name) => [name, `old ${name}`] as const), ...overlay]);
      const expected = [...all].filter((entry) => entry[1] !== null).sort(([left], [right]) => (left < right ? -1 : 1));
      expect(page.rows).toEqual(expected.slice(0, limit));
      expect(page.more).toBe(expected.length > limit);
    }),
  );
});
