import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/index.js';
import type { Random } from '../../../src/ports/index.js';
import { SystemRandom } from '../../../src/runtime/index.js';
import { holdRules, type Rule } from '../../support/rules.js';
import { SeededRandom } from '../../simulation/ports/index.js';

const randomRules: readonly Rule<Random>[] = [
  [
    'bytes come in the number asked for, and never the same',
    async (random) => {
      expect([0, 1, 32, 70_000].map((count) => random.bytes(count).length)).toEqual([0, 1, 32, 70_000]);
      expect(new Set(Array.from({ length: 1000 }, () => toHex(random.bytes(16)))).size).toBe(1000);
    },
  ],
  [
    'every value of a byte comes about as often',
    async (random) => {
      const counts = new Map<number, number>();
      for (const byte of random.bytes(256_000)) counts.set(byte, (counts.get(byte) ?? 0) + 1);
      expect(counts.size).toBe(256);
      // Expected 1000 with a deviation of 32: these are ten of them.
      for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(320);
    },
  ],
  [
    'fractions spread over 0 to 1, 1 excluded',
    async (random) => {
      const fractions = Array.from({ length: 10_000 }, () => random.fraction());
      expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
      expect(Math.min(...fractions)).toBeLessThan(0.01);
      expect(Math.max(...fractions)).toBeGreaterThan(0.99);
      expect(Math.max(...fractions)).toBeLessThan(1);
      expect(Math.abs(fractions.reduce((sum, fraction) => sum + fraction, 0) / 10_000 - 0.5)).toBeLessThan(0.03);
    },
  ],
];

describe("this machine's randomness", () => {
  holdRules(randomRules, (body) => body(new SystemRandom()));
});

describe('seeded randomness', () => {
  holdRules(randomRules, (body) => body(new SeededRandom('seed')));

  it('the same seed gives the same sequence, another seed another', () => {
    const draw = (random: SeededRandom): string => `${toHex(random.bytes(8))} ${random.fraction()} ${random.integer(1000)}`;
    expect(draw(new SeededRandom(7))).toBe(draw(new SeededRandom('7')));
    expect(draw(new SeededRandom(7))).not.toBe(draw(new SeededRandom(8)));
    expect(draw(new SeededRandom('7'))).toBe('6dd543edc569f170 0.9019976573622063 413');
  });

  it('a fork does not depend on what was drawn before', () => {
    const [drawn, fresh] = [new SeededRandom(7), new SeededRandom(7)];
    drawn.bytes(100);
    expect(drawn.fork('disk').bytes(8)).toEqual(fresh.fork('disk').bytes(8));
    expect(drawn.fork('disk').bytes(8)).not.toEqual(fresh.fork('network').bytes(8));
  });

  it('integer, chance and pick stay in their ranges', () => {
    const random = new SeededRandom(1);
    expect(new Set(Array.from({ length: 200 }, () => random.integer(5)))).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(new Set(Array.from({ length: 200 }, () => random.pick(['a', 'b'])))).toEqual(new Set(['a', 'b']));
    expect(Array.from({ length: 50 }, () => random.chance(0) || !random.chance(1))).not.toContain(true);
  });
});
