import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Figure } from '../measure/statistics.js';
import { describeMachine, markdownOf, tableOf } from '../report.js';
import { benchMesh } from './in-process.js';
import { benchJoin } from './join.js';
import { benchProcesses } from './processes.js';

const { values } = parseArgs({
  options: {
    /** Coordinators in one process, and nodes of each: one or more pairs such as 50x10. */
    mesh: { type: 'string', multiple: true },
    /** Of what is done with them, only so many parts from the first: meet, idle, changes, day, heal. */
    parts: { type: 'string', default: '5' },
    /** Real processes with certificates on loopback instead. */
    processes: { type: 'string' },
    nodes: { type: 'string', default: '100' },
    /** The first of them invites the others, one by one. */
    invited: { type: 'boolean', default: false },
    /** How many events one that joins has to fetch; instead. */
    join: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'string' },
  },
});

const CHANGES = 60;
const progress = (text: string): void => console.error(`${(performance.now() / 1000).toFixed(1)} s: ${text}`);
const figures: Figure[] = [];
if (values.join !== undefined) figures.push(...(await benchJoin(Number(values.join), progress)));
if (values.processes !== undefined) {
  const size = { coordinators: Number(values.processes), nodes: Number(values.nodes), invited: values.invited };
  figures.push(...(await benchProcesses(size, progress)));
}
if (values.processes === undefined && values.join === undefined) {
  for (const size of values.mesh ?? ['50x10', '100x10']) {
    const [coordinators = 50, nodesEach = 10] = size.split('x').map(Number);
    figures.push(...(await benchMesh({ coordinators, nodesEach, parts: Number(values.parts), changes: CHANGES }, progress)));
  }
}
console.log(describeMachine());
console.log(tableOf(figures));
const when = new Date().toISOString();
if (values.json !== undefined)
  await writeFile(values.json, `${JSON.stringify({ when, machine: describeMachine(), figures }, undefined, 2)}\n`);
if (values.markdown !== undefined)
  await writeFile(values.markdown, `${when.slice(0, 10)}, ${describeMachine()}\n\n${markdownOf(figures)}\n`);
