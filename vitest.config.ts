import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.js';

const SLOW_MS = 480_000;

/** Two processes at once suit the smallest machine that the whole suite has to run on. */
const parallel = (name: string, timeoutMs = 60_000) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    maxWorkers: 2,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    sequence: { groupOrder: 0 },
  },
});

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      parallel('unit'),
      parallel('conformance'),
      parallel('simulation'),
      // Processes that start beside others on two busy cores, and members who wait for each other as long as in life.
      parallel('integration', SLOW_MS),
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // Each waits for its daemons, disks and clocks for most of its time.
          maxWorkers: 2,
          testTimeout: SLOW_MS,
          hookTimeout: SLOW_MS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
