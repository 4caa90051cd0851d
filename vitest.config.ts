import { defineConfig } from 'vitest/config';

const SLOW_MS = 120_000;

/** Two processes at once suit the smallest machine that the whole suite has to run on. */
const parallel = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { groupOrder: 0 },
  },
});

export default defineConfig({
  test: {
    projects: [
      parallel('unit'),
      parallel('conformance'),
      parallel('simulation'),
      parallel('integration'),
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: SLOW_MS,
          hookTimeout: SLOW_MS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
