import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Cluster } from '../test/support/cluster/index.js';
import { benchCoordinatorMemory } from './coordinator-memory.js';
import { benchEvents } from './events.js';
import { benchMachineLimits } from './machine-limits.js';
import type { Figure } from './measure/statistics.js';
import { describeMachine, markdownOf, tableOf } from './report.js';
import { benchSmallFiles } from './small-files.js';
import { benchStartup } from './startup.js';
import { benchTransfers } from './transfers.js';
import { benchViews } from './views.js';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    /** Write all figures here as JSON. */
    json: { type: 'string' },
    /** Write the table here as Markdown. */
    markdown: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
});

const PARTS = ['startup', 'transfers', 'small-files', 'log', 'memory'] as const;
const wanted = new Set(values.only ?? PARTS);
const runs = Number(values.runs);
const LARGE_BYTES = 500_000_000;
const HUGE_BYTES = 5_000_000_000;
const root = await mkdtemp(join(tmpdir(), 'collective-bench-'));
const figures: Figure[] = [];
const progress = (text: string): void => console.error(text);

async function onCluster(part: string, run: (cluster: Cluster) => Promise<readonly Figure[]>): Promise<void> {
  if (!wanted.has(part)) return;
  progress(`${part} ...`);
  const directory = await mkdtemp(join(root, 'cluster-'));
  // Two nodes for two copies: every byte is received, hashed and written by both.
  const cluster = await Cluster.start({ root: directory, nodes: 2 });
  try {
    figures.push(...(await run(cluster)));
  } finally {
    await cluster.stop('SIGKILL');
    await rm(directory, { recursive: true });
  }
}

try {
  await onCluster('startup', (cluster) => benchStartup(cluster, runs));
  if (wanted.has('transfers')) figures.push(...(await benchMachineLimits(root, LARGE_BYTES, runs)));
  await onCluster('transfers', (cluster) => benchTransfers(cluster, LARGE_BYTES, runs));
  await onCluster('small-files', (cluster) => benchSmallFiles(cluster, 10_000, runs));
  if (wanted.has('log')) {
    progress('log ...');
    figures.push(...(await benchEvents(100_000, runs)), ...(await benchViews(20_000, runs)));
  }
  await onCluster('memory', (cluster) => benchCoordinatorMemory(cluster, [LARGE_BYTES, HUGE_BYTES], progress));
} finally {
  await rm(root, { recursive: true });
}

console.log(describeMachine());
console.log(tableOf(figures));
const when = new Date().toISOString();
if (values.json !== undefined)
  await writeFile(values.json, `${JSON.stringify({ when, machine: describeMachine(), figures }, undefined, 2)}\n`);
if (values.markdown !== undefined)
  await writeFile(values.markdown, `${when.slice(0, 10)}, ${describeMachine()}\n\n${markdownOf(figures)}\n`);
