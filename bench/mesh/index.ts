import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Figure } from '../measure/statistics.js';
import { describeMachine, markdownOf, tableOf } from '../report.js';
import { benchMesh } from './in-process.js';
import { benchJoin } from './join.js';
import { benchProcesses } from './processes.js';

// With none of `mesh`, `processes` and `join` all of it is measured: 50 and 100 coordinators, 50 processes, a join of a million.
const { values } = parseArgs({
  options: {
    /** Coordinators in one process, and nodes of each: one or more pairs such as 50x10. */
    mesh: { type: 'string', multiple: true },
    /** Of what is done with them, only so many parts from the first: meet, idle, changes, day, heal. */
    parts: { type: 'string', default: '5' },
    /** Real processes with certificates on loopback: so many coordinators. */
    processes: { type: 'string' },
    nodes: { type: 'string', default: '100' },
    /** The first of them invites the others, one by one. */
    invited: { type: 'boolean', default: false },
    /** How many events one that joins has to fetch. */
    join: { type: 'string' },
    json: { type: 'string' },
    /** Written anew after each of the above. */
    markdown: { type: 'string' },
  },
});

const CHANGES = 60;
const progress = (text: string): void => console.error(`${(performance.now() / 1000).toFixed(1)} s: ${text}`);
const load = (): string => (loadavg()[0] ?? 0).toFixed(1);
const all = values.mesh === undefined && values.processes === undefined && values.join === undefined;

interface Part {
  readonly name: string;
  readonly run: () => Promise<readonly Figure[]>;
}

const parts: Part[] = [];
for (const size of values.mesh ?? (all ? ['50x10', '100x10'] : [])) {
  const [coordinators = 50, nodesEach = 10] = size.split('x').map(Number);
  const mesh = { coordinators, nodesEach, parts: Number(values.parts), changes: CHANGES };
  parts.push({ name: `${size} in one process`, run: () => benchMesh(mesh, progress) });
}
const processes = values.processes ?? (all ? '50' : undefined);
if (processes !== undefined) {
  const size = { coordinators: Number(processes), nodes: Number(values.nodes), invited: values.invited };
  parts.push({ name: `${processes} processes`, run: () => benchProcesses(size, progress) });
}
const join = values.join ?? (all ? '1000000' : undefined);
if (join !== undefined) parts.push({ name: `a join of ${join} events`, run: () => benchJoin(Number(join), progress) });

const figures: Figure[] = [];
const loads: string[] = [];
for (const { name, run } of parts) {
  const before = load();
  progress(`${name}; load ${before}`);
  figures.push(...(await run()));
  loads.push(`${name}: load ${before} to ${load()}`);
  const when = new Date().toISOString();
  const machine = `${describeMachine()}; ${loads.join(', ')}`;
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ when, machine, figures }, undefined, 2)}\n`);
  if (values.markdown !== undefined)
    await writeFile(values.markdown, `${when.slice(0, 10)}, ${machine}\n\n${markdownOf(figures)}\n`);
}
console.log(`${describeMachine()}; ${loads.join(', ')}`);
console.log(tableOf(figures));
