import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { chunkBytesAfter, chunkBytesFor, isAllZero, splitFile } from '../../../src/chunks/index.js';

const MiB = 1024 * 1024;

describe('chunk sizes', () => {
  it('follow the size of the file', () => {
    expect(chunkBytesFor(1)).toBe(64 * 1024);
    expect(chunkBytesFor(MiB - 1)).toBe(64 * 1024);
    expect(chunkBytesFor(MiB)).toBe(MiB);
    expect(chunkBytesFor(100 * MiB)).toBe(MiB);
    expect(chunkBytesFor(100 * MiB + 1)).toBe(4 * MiB);
  });

  it('grow with what has passed where the size is unknown', () => {
    expect(chunkBytesAfter(0)).toBe(64 * 1024);
    expect(chunkBytesAfter(MiB)).toBe(MiB);
    expect(chunkBytesAfter(100 * MiB)).toBe(4 * MiB);
  });

  it('cover a file without gap or overlap', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat({ max: 300 * MiB }),
          fc.nat({ max: 300 }).map((count) => count * MiB),
        ),
        (bytes) => {
          let end = 0;
          for (const run of splitFile(bytes)) {
            expect(run.offset).toBe(end);
            expect(run.length).toBeGreaterThan(0);
            expect(run.length).toBeLessThanOrEqual(LIMITS.chunkBytesLarge);
            end += run.length;
          }
          expect(end).toBe(bytes);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('a run of zeros', () => {
  it('is told from one with a single other byte, wherever it stands', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), fc.nat(), (length, place) => {
        const bytes = new Uint8Array(length);
        expect(isAllZero(bytes)).toBe(true);
        bytes[place % length] = 1;
        expect(isAllZero(bytes)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });
});
