import { parseArgs } from 'node:util';
import type { SimulationReport } from '../../test/simulation/system/report.js';

export interface Simulation {
  readonly simulate: (seed: number, print?: (line: string) => void) => Promise<SimulationReport>;
  /** What runs it again, for people. */
  readonly command: string;
  readonly defaultSeeds: number;
}

const PROGRESS_SEEDS = 100;
const TOLD_LINES = 40;
/** Every so many seeds one is run again, and has to go the same way. */
const AGAIN_SEEDS = 50;

/** Runs the seeds that the command line asks for, up to the first that fails, and tells of all together. */
export async function runSeeds({ simulate, command, defaultSeeds }: Simulation): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: String(defaultSeeds) },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      'keep-going': { type: 'boolean', default: false },
    },
  });
  const print = values.trace ? (line: string): void => console.log(line) : undefined;
  const [first, count] = values.seed === undefined ? [Number(values.from), Number(values.seeds)] : [Number(values.seed), 1];
  const totals = new Totals();
  let stopped = false;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      stopped = true;
    });
  }
  const failures: number[] = [];
  for (let seed = first; seed < first + count && !stopped; seed += 1) {
    const report = await simulate(seed, print);
    totals.addReport(report);
    if (values.seed !== undefined) console.log(`seed ${seed}: trace ${report.traceHash}`);
    if ((seed - first + 1) % PROGRESS_SEEDS === 0) console.error(`${seed - first + 1} seeds, ${failures.length} fail`);
    let { failure } = report;
    if (failure === undefined && seed % AGAIN_SEEDS === 0) {
      totals.add('seeds run twice', 1);
      const again = await simulate(seed);
      if (again.traceHash !== report.traceHash) failure = 'it goes another way the second time';
    }
    if (failure === undefined) continue;
    failures.push(seed);
    console.log(`seed ${seed} FAILS: ${failure}`);
    console.log(`  replay it: ${command} -- --seed ${seed} --trace`);
    process.exitCode = 1;
    if (values['keep-going']) continue;
    if (!values.trace) for (const line of report.traceTail.slice(-TOLD_LINES)) console.log(`  ${line}`);
    break;
  }
  totals.tell();
  console.log(failures.length === 0 ? 'no seed fails' : `${failures.length} seeds fail: ${failures.join(', ')}`);
}

class Totals {
  readonly #totals = new Map<string, number>();

  add(what: string, by: number): void {
    this.#totals.set(what, (this.#totals.get(what) ?? 0) + by);
  }

  addReport({ steps, virtualMs, counts }: SimulationReport): void {
    this.add('seeds', 1);
    this.add('steps', steps);
    this.add('virtual seconds', Math.round(virtualMs / 1000));
    for (const [what, by] of counts) this.add(what, by);
  }

  tell(): void {
    const { user, system } = process.cpuUsage();
    this.add('seconds of CPU', Math.round((user + system) / 1e6));
    for (const what of [...this.#totals.keys()].sort()) {
      console.log(`${String(this.#totals.get(what)).padStart(10)}  ${what}`);
    }
  }
}
