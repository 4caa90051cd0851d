import { describe, expect, it } from 'vitest';
import { simulate } from './run.js';

const SEEDS = 200;
const SEEDS_A_TEST = 20;
const TWICE = [3, 17, 42];
const TIME_LIMIT_MS = 600_000;

const tellingOf = (seed: number, failure: string): string =>
  `seed ${seed}: ${failure}\n  replay it: npm run sim -- --seed ${seed} --trace`;

describe('the whole system, simulated', () => {
  it.each(Array.from({ length: SEEDS / SEEDS_A_TEST }, (_, index) => 1 + index * SEEDS_A_TEST))(
    'keeps what it acknowledged and tells nothing wrong, whatever fails: seeds from %i',
    async (first) => {
      const failures: string[] = [];
      for (let seed = first; seed < first + SEEDS_A_TEST; seed += 1) {
        const { failure } = await simulate(seed);
        if (failure !== undefined) failures.push(tellingOf(seed, failure));
      }
      expect(failures).toEqual([]);
    },
    TIME_LIMIT_MS,
  );

  it.each(TWICE)(
    'goes the same way for the same seed: %i',
    async (seed) => {
      const [first, second] = [await simulate(seed), await simulate(seed)];
      expect(second.traceHash).toBe(first.traceHash);
      expect((await simulate(seed + 1)).traceHash).not.toBe(first.traceHash);
    },
    TIME_LIMIT_MS,
  );
});
