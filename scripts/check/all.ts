import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { layers } from './layers.js';
import { bin, programPart, type Part } from './parts.js';
import { plantedFaultsApply } from './planted.js';
import { referenceIsCurrent } from './reference.js';
import { tidy } from './tidy.js';
import { wireBreaking, wireGenerated, wireLint } from './wire.js';

const PARTS: readonly Part[] = [
  programPart('types', bin('tsc'), ['-p', 'tsconfig.json']),
  programPart('lint (type-aware)', bin('oxlint'), ['--type-aware', '--deny-warnings']),
  layers,
  wireGenerated,
  wireLint,
  wireBreaking,
  programPart('format and basic lint', bin('biome'), ['check', '--error-on-warnings']),
  programPart('lock file', process.execPath, ['scripts/complete-lock.mjs', '--check']),
  tidy,
  plantedFaultsApply,
  referenceIsCurrent,
];

/** Runs every part of the check, as many at a time as there are processors, and prints each as it ends. */
export async function checkAll(print: (line: string) => void): Promise<{ readonly passed: number; readonly failed: number }> {
  const limit = pLimit(availableParallelism());
  const outcomes = await Promise.all(
    PARTS.map((part) =>
      limit(async () => {
        const startedMs = performance.now();
        const problems = await part
          .run()
          .catch((error: unknown) => [error instanceof Error ? (error.stack ?? error.message) : String(error)]);
        const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
        print(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${part.name} (${seconds} s)`);
        for (const problem of problems) print(problem.replaceAll(/^/gm, '       '));
        return problems.length === 0;
      }),
    ),
  );
  const passed = outcomes.filter(Boolean).length;
  return { passed, failed: outcomes.length - passed };
}
