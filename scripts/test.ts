// npm test: the check and every test; the last line is `N passed, N failed`, where a part of the check counts as one.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checkAll } from './check/all.js';
import { bin, ROOT } from './check/parts.js';

const REPORT_FILE = join(ROOT, '.cache', 'vitest.json');
const REPORT = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

function runVitest(): Promise<number> {
  return new Promise((resolve) => {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${REPORT_FILE}`];
    const child = spawn(bin('vitest'), ['run', ...reporters, ...process.argv.slice(2)], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', (error) => {
      console.error(error.message);
      resolve(127);
    });
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}

/** A skipped test, a file that could not be loaded, and an error outside of any test count as failed too. */
async function test(): Promise<Tally> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  rmSync(REPORT_FILE, { force: true });
  const code = await runVitest();
  let report: z.infer<typeof REPORT>;
  try {
    report = REPORT.parse(JSON.parse(readFileSync(REPORT_FILE, 'utf8')));
  } catch (error) {
    console.error(`vitest left no readable report (exit code ${code}): ${String(error)}`);
    return { passed: 0, failed: 1 };
  }
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = report.numFailedTests + report.numPendingTests + report.numTodoTests + unloaded.length;
  return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

const checked = await checkAll(console.log);
const tested = await test();
const failed = checked.failed + tested.failed;
console.log(`${checked.passed + tested.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
