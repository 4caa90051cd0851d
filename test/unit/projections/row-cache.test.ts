import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RowCache } from '../../../src/projections/host/row-cache.js';
import { SeededRandom } from '../../simulation/ports/index.js';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('the row cache', () => {
  test('gives back what was set last, or nothing, and stays within its limit', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 60 }).map((number) => `key ${number}`),
      value: fc.option(fc.uint8Array({ maxLength: 400 })),
      reads: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 20_000 }), fc.array(step, { maxLength: 400 }), (limit, steps) => {
        const cache = new RowCache(limit);
        const truth = new Map<string, Uint8Array | null>();
        for (const { key, value, reads } of steps) {
          cache.set(key, value);
          truth.set(key, value);
          for (const number of reads) {
            const found = cache.get(`key ${number}`);
            if (found !== undefined) expect(found).toEqual(truth.get(`key ${number}`));
          }
          expect(cache.usedBytes).toBeLessThanOrEqual(Math.max(limit, 400));
        }
      }),
    );
  });

  test('keeps everything while it fits', () => {
    const cache = new RowCache(100_000);
    for (let index = 0; index < 500; index += 1) cache.set(`row ${index}`, index % 7 === 0 ? null : bytesOf(`value ${index}`));
    for (let index = 0; index < 500; index += 1) {
      expect(cache.get(`row ${index}`)).toEqual(index % 7 === 0 ? null : bytesOf(`value ${index}`));
    }
  });

  test('gets full, and then keeps what is used rather than what is not', () => {
    const cache = new RowCache(64 * 1024);
    const random = new SeededRandom(3);
    const hot = Array.from({ length: 50 }, (_, index) => `hot ${index}`);
    for (const key of hot) cache.set(key, random.bytes(100));
    for (let index = 0; index < 5000; index += 1) {
      cache.set(`cold ${index}`, random.bytes(100));
      cache.get(hot[index % hot.length] ?? '');
    }
    expect(cache.usedBytes).toBeGreaterThan(0.95 * cache.limitBytes);
    expect(hot.filter((key) => cache.get(key) !== undefined)).toHaveLength(hot.length);
  });

  test('forgets a row that is too large for it, also the smaller one that it replaces', () => {
    const cache = new RowCache(10_000);
    cache.set('row', bytesOf('small'));
    cache.set('row', new Uint8Array(9000));
    expect(cache.get('row')).toBeUndefined();
  });
});
