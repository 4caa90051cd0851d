import { describe, expect, it } from 'vitest';
import { simulateMesh } from './run.js';

const SEEDS = 60;
const SEEDS_A_TEST = 10;
const TWICE = [3, 21];
const TIME_LIMIT_MS = 600_000;

const tellingOf = (seed: number, failure: string): string =>
  `seed ${seed}: ${failure}\n  replay it: npm run sim:mesh -- --seed ${seed} --trace`;

describe('several members, simulated', () => {
  it.each(Array.from({ length: SEEDS / SEEDS_A_TEST }, (_, index) => 1 + index * SEEDS_A_TEST))(
    'hold the same logs and make the same of them, whatever fails and whoever lies: seeds from %i',
    async (first) => {
      const failures: string[] = [];
      for (let seed = first; seed < first + SEEDS_A_TEST; seed += 1) {
        const { failure } = await simulateMesh(seed);
        if (failure !== undefined) failures.push(tellingOf(seed, failure));
      }
      expect(failures).toEqual([]);
    },
    TIME_LIMIT_MS,
  );

  it.each(TWICE)(
    'go the same way for the same seed: %i',
    async (seed) => {
      const [first, second] = [await simulateMesh(seed), await simulateMesh(seed)];
      expect(second.traceHash).toBe(first.traceHash);
      expect((await simulateMesh(seed + 1)).traceHash).not.toBe(first.traceHash);
    },
    TIME_LIMIT_MS,
  );
});
