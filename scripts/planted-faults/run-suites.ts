import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from './run-program.js';

export type SuiteResult =
  | { readonly kind: 'passed'; readonly tests: number }
  /** At least one test ran and failed. */
  | { readonly kind: 'failed'; readonly firstFailure: string }
  /** No verdict: nothing ran, a file could not be loaded, or the run was stopped. */
  | { readonly kind: 'broken'; readonly why: string };

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const RUN_LIMIT_MS = 10 * 60 * 1000;
const TOLD_CHARACTERS = 2000;

/** Runs test files or folders with vitest, up to the first failure. */
export async function runSuites(root: string, suites: readonly string[], signal: AbortSignal): Promise<SuiteResult> {
  const reportPath = join(root, 'planted-report.json');
  await rm(reportPath, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--bail', '1', '--reporter', 'json', '--outputFile', reportPath, ...suites];
  const { code, output } = await runProgram(process.execPath, args, { cwd: root, timeLimitMs: RUN_LIMIT_MS, signal });
  const told = output.trim().slice(-TOLD_CHARACTERS);
  if (code === undefined) return { kind: 'broken', why: `stopped after ${RUN_LIMIT_MS / 60_000} minutes\n${told}` };
  return judge(await readReport(reportPath), code, told);
}

function judge(report: Report | undefined, code: number, told: string): SuiteResult {
  if (report === undefined) return { kind: 'broken', why: told };
  const unloaded = report.testResults.find((file) => file.assertionResults.length === 0);
  if (unloaded !== undefined) return { kind: 'broken', why: `${unloaded.name}: ${unloaded.message ?? 'no test ran'}` };
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const failure = tests.find((test) => test.status === 'failed');
  if (failure !== undefined) return { kind: 'failed', firstFailure: failure.fullName };
  if (code !== 0) return { kind: 'broken', why: told };
  const passed = tests.filter((test) => test.status === 'passed').length;
  return passed > 0 ? { kind: 'passed', tests: passed } : { kind: 'broken', why: 'no test ran' };
}

async function readReport(path: string): Promise<Report | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const report: unknown = JSON.parse(text);
  return isReport(report) ? report : undefined;
}

const isReport = (value: unknown): value is Report =>
  typeof value === 'object' && value !== null && 'testResults' in value && Array.isArray(value.testResults);
