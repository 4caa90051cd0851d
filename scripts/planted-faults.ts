import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { readPlantedFaults, type PlantedFault } from './planted-faults/patch-file.js';
import { runSimulation } from './planted-faults/run-simulation.js';
import { runSuites } from './planted-faults/run-suites.js';
import { ScratchCopy } from './planted-faults/scratch-copy.js';

/**
 * Plants the faults of `test/planted`, one at a time, in a copy of the sources, and demands that the suites each names find
 * it. Arguments: parts of the names of faults, to try only those.
 */
interface Verdict {
  readonly fault: PlantedFault;
  readonly found: boolean;
  readonly how: string;
}

const SEEDS_WITHOUT_FAULTS = 30;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

async function tryFault(copy: ScratchCopy, fault: PlantedFault, signal: AbortSignal): Promise<Verdict> {
  const problem = await copy.plant(fault);
  if (problem !== undefined) return { fault, found: false, how: `does not apply any more: ${problem}` };
  const { seeds, meshSeeds, suites } = fault;
  const simulated = seeds + meshSeeds;
  const simulation = meshSeeds > 0 ? 'sim-mesh' : 'sim';
  const result =
    simulated > 0 ? await runSimulation(copy.path, simulation, simulated, signal) : await runSuites(copy.path, suites, signal);
  await copy.uproot(fault);
  switch (result.kind) {
    case 'failed':
      return { fault, found: true, how: result.firstFailure };
    case 'passed':
      return { fault, found: false, how: `all ${result.tests} ${simulated > 0 ? 'seeds' : 'tests'} passed` };
    case 'broken':
      return { fault, found: false, how: `no verdict: ${result.why}` };
  }
}

/** Faults are found only by what passes without them. */
async function checkWithoutFaults(copy: ScratchCopy, faults: readonly PlantedFault[], signal: AbortSignal): Promise<void> {
  const suites = [...new Set(faults.flatMap((fault) => fault.suites))];
  const simulations = [
    ...(faults.some(({ seeds }) => seeds > 0) ? (['sim'] as const) : []),
    ...(faults.some(({ meshSeeds }) => meshSeeds > 0) ? (['sim-mesh'] as const) : []),
  ];
  const results = suites.length > 0 ? [await runSuites(copy.path, suites, signal)] : [];
  for (const simulation of simulations) {
    results.push(await runSimulation(copy.path, simulation, SEEDS_WITHOUT_FAULTS, signal));
  }
  for (const result of results) {
    if (result.kind === 'passed') continue;
    throw new Error(`the suites fail without any fault: ${result.kind === 'failed' ? result.firstFailure : result.why}`);
  }
}

async function main(signal: AbortSignal): Promise<number> {
  const wanted = process.argv.slice(2);
  const all = await readPlantedFaults(join(ROOT, 'test', 'planted'));
  const faults = wanted.length === 0 ? all : all.filter(({ name }) => wanted.some((part) => name.includes(part)));
  if (faults.length === 0) throw new Error('there is no such fault in test/planted');
  const copy = await ScratchCopy.make(ROOT, signal);
  try {
    await checkWithoutFaults(copy, faults, signal);
    const table = new Table({
      head: ['planted fault', 'found', 'by'],
      colWidths: [46, 7, 70],
      wordWrap: true,
      style: { head: [], border: [] },
    });
    const missed: PlantedFault[] = [];
    for (const fault of faults) {
      const verdict = await tryFault(copy, fault, signal);
      if (!verdict.found) missed.push(fault);
      console.error(`${verdict.found ? 'found ' : 'MISSED'}  ${fault.name}`);
      table.push([fault.title, verdict.found ? 'yes' : 'NO', verdict.how]);
    }
    console.log(table.toString());
    console.log(`${faults.length - missed.length} found, ${missed.length} missed`);
    return missed.length === 0 ? 0 : 1;
  } finally {
    await copy.remove();
  }
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
process.exitCode = await main(stop.signal);
