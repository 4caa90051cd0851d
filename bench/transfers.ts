import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRandomFile } from '../scripts/demo/fixtures.js';
import type { Cluster } from '../test/support/cluster/index.js';
import { cpuSecondsOf, cpuSecondsOfEndedChildren } from './measure/process.js';
import { type Figure, figure } from './measure/statistics.js';

const MEGABYTE = 1_000_000;
const GIGABYTE = 1_000_000_000;

interface Sample {
  readonly megabytesPerSecond: number;
  readonly clientCpu: number;
  readonly nodesCpu: number;
  readonly coordinatorCpu: number;
}

/** Put and get of one large file with two copies: user MB/s, and CPU seconds per user GB of each process. */
export async function benchTransfers(cluster: Cluster, bytes: number, runs: number): Promise<readonly Figure[]> {
  const source = join(cluster.root, 'bench-large');
  const target = join(cluster.root, 'bench-large-back');
  const puts: Sample[] = [];
  const gets: Sample[] = [];
  for (let run = 0; run < runs; run += 1) {
    // New bytes each time: what is held already would not be sent again.
    await writeRandomFile(source, bytes);
    puts.push(await sample(cluster, bytes, ['put', source, `/bench-large-${run}`, '--quiet']));
    gets.push(await sample(cluster, bytes, ['get', `/bench-large-${run}`, target, '--quiet']));
    await rm(target);
  }
  await rm(source);
  const size = `${Math.round(bytes / MEGABYTE)} MB`;
  return [...figures(`put ${size}, 2 copies`, puts, 9), ...figures(`get ${size}`, gets, 5)];
}

async function sample(cluster: Cluster, bytes: number, args: readonly string[]): Promise<Sample> {
  const nodesCpu = (): number => cluster.nodes.reduce((sum, node) => sum + cpuSecondsOf(node.pid ?? 0), 0);
  const coordinatorCpu = (): number => cpuSecondsOf(cluster.coordinator.pid ?? 0);
  const before = { client: cpuSecondsOfEndedChildren(), nodes: nodesCpu(), coordinator: coordinatorCpu() };
  const { wallMs } = await cluster.ok(args);
  const perGigabyte = (seconds: number): number => seconds / (bytes / GIGABYTE);
  return {
    megabytesPerSecond: bytes / MEGABYTE / (wallMs / 1000),
    clientCpu: perGigabyte(cpuSecondsOfEndedChildren() - before.client),
    nodesCpu: perGigabyte(nodesCpu() - before.nodes),
    coordinatorCpu: perGigabyte(coordinatorCpu() - before.coordinator),
  };
}

function figures(name: string, samples: readonly Sample[], cpuBar: number): readonly Figure[] {
  const of = (pick: (each: Sample) => number): readonly number[] => samples.map(pick);
  return [
    figure(
      name,
      'MB/s',
      of((each) => each.megabytesPerSecond),
    ),
    figure(
      `${name}: CPU of client and nodes`,
      's/GB',
      of((each) => each.clientCpu + each.nodesCpu),
      `at most ${cpuBar}`,
    ),
    figure(
      `${name}: CPU of the client`,
      's/GB',
      of((each) => each.clientCpu),
    ),
    figure(
      `${name}: CPU of the nodes`,
      's/GB',
      of((each) => each.nodesCpu),
    ),
    figure(
      `${name}: CPU of the coordinator`,
      's/GB',
      of((each) => each.coordinatorCpu),
    ),
  ];
}
