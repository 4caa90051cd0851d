import { runProgram } from './run-program.js';
import type { SuiteResult } from './run-suites.js';

const RUN_LIMIT_MS = 20 * 60 * 1000;
const TOLD_CHARACTERS = 2000;

/** One member with its nodes and clients, or several members. */
export type Simulation = 'sim' | 'sim-mesh';

/** Runs seeds of a simulation from the first on, up to the first that fails. */
export async function runSimulation(
  root: string,
  simulation: Simulation,
  seeds: number,
  signal: AbortSignal,
): Promise<SuiteResult> {
  const args = ['--import', 'tsx', `scripts/${simulation}.ts`, '--seeds', String(seeds)];
  const { code, output } = await runProgram(process.execPath, args, { cwd: root, timeLimitMs: RUN_LIMIT_MS, signal });
  const failure = /^seed (\d+) FAILS: (.*)$/m.exec(output);
  if (failure !== null) return { kind: 'failed', firstFailure: `seed ${failure[1]} of ${simulation}: ${failure[2]}` };
  if (code === 0) return { kind: 'passed', tests: seeds };
  return { kind: 'broken', why: output.trim().slice(-TOLD_CHARACTERS) };
}
