import { parseArgs } from 'node:util';
import { simulateMesh } from '../test/simulation/mesh/run.js';

/**
 * Runs seeds of the simulation of several members, up to the first that fails: npm run sim:mesh -- --seeds N [--from S]
 * [--keep-going]. One of them with everything that happens in it: npm run sim:mesh -- --seed S --trace
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

const PROGRESS_SEEDS = 100;
const TOLD_LINES = 40;
/** Every so many seeds one is run again, and has to go the same way. */
const AGAIN_SEEDS = 50;
const print = values.trace ? (line: string): void => console.log(line) : undefined;
const [first, count] = values.seed === undefined ? [Number(values.from), Number(values.seeds)] : [Number(values.seed), 1];
const totals = new Map<string, number>();
const add = (what: string, by: number): void => {
  totals.set(what, (totals.get(what) ?? 0) + by);
};

function tell(failures: readonly number[]): void {
  const { user, system } = process.cpuUsage();
  add('seconds of CPU', Math.round((user + system) / 1e6));
  for (const what of [...totals.keys()].sort()) console.log(`${String(totals.get(what)).padStart(10)}  ${what}`);
  console.log(failures.length === 0 ? 'no seed fails' : `${failures.length} seeds fail: ${failures.join(', ')}`);
}

let stopped = false;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    stopped = true;
  });
}

const failures: number[] = [];
for (let seed = first; seed < first + count && !stopped; seed += 1) {
  const report = await simulateMesh(seed, print);
  add('seeds', 1);
  add('steps', report.steps);
  add('virtual seconds', Math.round(report.virtualMs / 1000));
  for (const [what, by] of report.counts) add(what, by);
  if (values.seed !== undefined) console.log(`seed ${seed}: trace ${report.traceHash}`);
  if ((seed - first + 1) % PROGRESS_SEEDS === 0) console.error(`${seed - first + 1} seeds, ${failures.length} fail`);
  let { failure } = report;
  if (failure === undefined && seed % AGAIN_SEEDS === 0) {
    add('seeds run twice', 1);
    const again = await simulateMesh(seed);
    if (again.traceHash !== report.traceHash) failure = 'it goes another way the second time';
  }
  if (failure === undefined) continue;
  failures.push(seed);
  console.log(`seed ${seed} FAILS: ${failure}`);
  console.log(`  replay it: npm run sim:mesh -- --seed ${seed} --trace`);
  if (values['keep-going']) continue;
  if (!values.trace) for (const line of report.traceTail.slice(-TOLD_LINES)) console.log(`  ${line}`);
  break;
}
tell(failures);
process.exitCode = failures.length === 0 ? 0 : 1;
