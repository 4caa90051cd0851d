import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../test/support/cluster/index.js';
import { runCommand } from '../test/support/cluster/command.js';
import { figure, type Figure } from './measure/statistics.js';

/** A single start is at the mercy of whatever else the machine does. */
const RUNS_MIN = 10;

/** How long short commands take, beside a Node that does nothing: taken turn by turn, so that a busy machine slows all alike. */
export async function benchStartup(cluster: Cluster, runs: number): Promise<readonly Figure[]> {
  const executable = join(cluster.root, 'nothing.mjs');

  await writeFile(executable, '');
  const nothing = (): Promise<{ readonly wallMs: number }> => runCommand([], { executable, env: cluster.env });
  const times = { node: [] as number[], version: [] as number[], ls: [] as number[] };
  for (let run = 0; run < Math.max(runs, RUNS_MIN); run += 1) {
    times.node.push((await nothing()).wallMs);
    times.version.push((await cluster.ok(['version'])).wallMs);
    times.ls.push((await cluster.ok(['ls'])).wallMs);
  }
  const ratio = (values: readonly number[]): readonly number[] =>
    values.map((value, run) => value / (times.node[run] ?? Number.NaN));
  return [
    figure('start: plain node', 'ms', times.node),
    figure('start: collective version', 'ms', times.version),
    figure('start: collective ls', 'ms', times.ls),
    figure('start: collective version against plain node', 'times', ratio(times.version), 'below 2.5'),
    figure('start: collective ls against plain node', 'times', ratio(times.ls), 'below 5'),
  ];
}
