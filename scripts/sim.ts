import { parseArgs } from 'node:util';
import { simulate } from '../test/simulation/system/run.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});

const print = values.trace ? (line: string): void => console.log(line) : undefined;
const options = print === undefined ? {} : { print };
const [first, count] = values.seed === undefined ? [Number(values.from), Number(values.seeds)] : [Number(values.seed), 1];
const totals = new Map<string, number>();
const add = (what: string, by: number): void => void totals.set(what, (totals.get(what) ?? 0) + by);
let failures = 0;
for (let seed = first; seed < first + count; seed += 1) {
  const report = await simulate(seed, options);
  add('seeds', 1);
  add('steps', report.steps);
  add('virtual seconds', Math.round(report.virtualMs / 1000));
  for (const [what, by] of report.counts) add(what, by);
  if (values.seed !== undefined) console.log(`seed ${seed}: trace ${report.traceHash}`);
  if (report.failure === undefined) continue;
  failures += 1;
  console.log(`seed ${seed} FAILS: ${report.failure}`);
  console.log(`  replay it: npm run sim -- --seed ${seed} --trace`);
  if (!values['keep-going']) {
    if (!values.trace) for (const line of report.traceTail.slice(-40)) console.log(`  ${line}`);
    break;
  }
}
const { user, system } = process.cpuUsage();
for (const [what, total] of [...totals].sort(([left], [right]) => (left < right ? -1 : 1)))
  console.log(`${String(total).padStart(10)}  ${what}`);
console.log(`${((user + system) / 1e6).toFixed(1).padStart(10)}  seconds of CPU`);
console.log(failures === 0 ? 'no seed fails' : `${failures} seeds fail`);
process.exitCode = failures === 0 ? 0 : 1;
