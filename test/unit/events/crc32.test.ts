import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { crc32 } from '../../../src/base/index.js';

it('CRC-32 is the one of zlib, for any bytes in any parts', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, cut) => {
      const middle = cut % (bytes.length + 1);
      expect(crc32(bytes)).toBe(zlibCrc32(bytes));
      expect(crc32(bytes.subarray(middle), crc32(bytes.subarray(0, middle)))).toBe(zlibCrc32(bytes));
    }),
  );
});
