import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { End } from './fixture.js';
import type { Fault } from './plan.js';
import type { Verdict } from './trial.js';

const FAULT = z.object({ kind: z.string(), fault: z.string(), path: z.string(), what: z.string() });
const BEGUN = z.object({ begun: z.number(), faults: z.array(FAULT) });

export interface Trial extends Verdict {
  readonly trial: number;
  readonly end: End | '';
  readonly faults: readonly Fault[];
  readonly wallMs: number;
  /** How often the process died before it came to this verdict. */
  readonly deaths: number;
}

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Somebody who watches over a daemon starts it again; this often it may die at the same data. */
const DEATHS_MAX = 3;
const SILENT_MS = 200_000;

export interface RunOptions {
  readonly root: string;
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  /** `root` is where the trial's data were. */
  readonly onTrial: (trial: Trial, root: string) => Promise<void>;
}

/** Makes the trials in as many lanes side by side as there are roots, each with data and ports of its own. */
export async function runLanes(roots: readonly string[], options: Omit<RunOptions, 'root'>): Promise<readonly Trial[]> {
  const { from, to } = options;
  const share = Math.ceil((to - from) / roots.length);
  const lanes = roots.map((root, lane) =>
    runTrials({ ...options, root, from: from + lane * share, to: Math.min(to, from + (lane + 1) * share) }),
  );
  return (await Promise.all(lanes)).flat();
}

/** Makes the trials in processes of their own, since damaged data may end one. */
export async function runTrials(options: RunOptions): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  let next = options.from;
  let resume: readonly Fault[] | undefined;
  let deaths = 0;
  while (next < options.to) {
    const { begun, ended } = await runWorker(options, next, resume, async (line) => {
      const trial: Trial = { ...line, deaths };
      deaths = 0;
      trials.push(trial);
      await options.onTrial(trial, options.root);
      next = trial.trial + 1;
    });
    if (next >= options.to) break;
    if (begun !== undefined && begun.begun < next) {
      // It gave up a trial that hung, and with it what still runs there.
      resume = undefined;
      continue;
    }
    if (begun?.begun !== next) throw new Error(`the worker ended before trial ${next}: ${ended}`);
    deaths += 1;
    if (deaths < DEATHS_MAX) {
      resume = begun.faults;
      continue;
    }
    const { faults } = begun;
    const trial: Trial = {
      trial: next,
      end: '',
      faults,
      outcome: 'died',
      complaints: [],
      findings: [ended],
      wrong: [],
      wallMs: 0,
      deaths,
    };
    trials.push(trial);
    await options.onTrial(trial, options.root);
    next += 1;
    deaths = 0;
    resume = undefined;
  }
  return trials;
}

type Line = Omit<Trial, 'deaths'>;

async function runWorker(
  { root, seed, to }: RunOptions,
  from: number,
  resume: readonly Fault[] | undefined,
  onTrial: (trial: Line) => Promise<void>,
): Promise<{ readonly begun: z.infer<typeof BEGUN> | undefined; readonly ended: string }> {
  const args = ['--root', root, '--seed', seed, '--from', String(from), '--to', String(to)];
  const resuming = resume === undefined ? [] : ['--resume', JSON.stringify(resume)];
  const child = spawn(process.execPath, ['--import', 'tsx', WORKER, ...args, ...resuming], { stdio: ['ignore', 'pipe', 'pipe'] });
  let begun: z.infer<typeof BEGUN> | undefined;
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString()).slice(-2000);
  });
  const closed = once(child, 'close');
  let timer = setTimeout(() => child.kill('SIGKILL'), SILENT_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(() => child.kill('SIGKILL'), SILENT_MS);
    const value: unknown = JSON.parse(line);
    const started = BEGUN.safeParse(value);
    if (started.success) begun = started.data;
    else {
      await onTrial(value as Line);
      resume = undefined;
    }
  }
  clearTimeout(timer);
  await closed;
  return { begun, ended: `${child.exitCode ?? child.signalCode}: ${stderr}` };
}
