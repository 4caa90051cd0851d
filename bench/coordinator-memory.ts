import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeRandomFile } from '../scripts/demo/fixtures.js';
import type { Cluster } from '../test/support/cluster/index.js';
import { residentBytesOf, resetPeak } from './measure/process.js';
import { type Figure, figure } from './measure/statistics.js';

const MEGABYTE = 1_000_000;
const FILLED = 0.95;
const FILES_PER_ROUND = 20_000;
const FILES_PER_FOLDER = 1000;
const ROUNDS_MAX = 20;

interface CacheState {
  readonly bytes: number;
  readonly limitBytes: number;
}

/** How much the coordinator's resident memory grows while files of these sizes go in and out, its caches full before. */
export async function benchCoordinatorMemory(
  cluster: Cluster,
  fileBytes: readonly number[],
  progress: (text: string) => void,
): Promise<readonly Figure[]> {
  const filled = await fillCaches(cluster, progress);
  const pid = cluster.coordinator.pid ?? 0;
  const idle = residentBytesOf(pid).now;
  const figures = [
    figure('coordinator: caches filled', '%', [(100 * filled.bytes) / filled.limitBytes], 'at least 95'),
    figure('coordinator: idle, caches full', 'MB', [idle / MEGABYTE]),
  ];
  for (const bytes of fileBytes) {
    const source = join(cluster.root, 'bench-memory');
    await writeRandomFile(source, bytes);
    const before = residentBytesOf(pid).now;
    resetPeak(pid);
    await cluster.ok(['put', source, `/bench-memory-${bytes}`, '--quiet']);
    await rm(source);
    await cluster.ok(['get', `/bench-memory-${bytes}`, source, '--quiet']);
    await rm(source);
    const { peak } = residentBytesOf(pid);
    const size = `${bytes / MEGABYTE} MB`;
    figures.push(
      figure(`coordinator: peak, ${size} in and out`, 'MB', [peak / MEGABYTE]),
      figure(`coordinator: growth, ${size} in and out`, 'MB', [(peak - before) / MEGABYTE], 'below 30'),
    );
  }
  return figures;
}

async function fillCaches(cluster: Cluster, progress: (text: string) => void): Promise<CacheState> {
  const source = join(cluster.root, 'bench-fill');
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    await writeEmptyFiles(source, FILES_PER_ROUND);
    await cluster.ok(['put', source, `/bench-fill-${round}`, '--quiet']);
    await rm(source, { recursive: true });
    const state = await cacheState(cluster);
    progress(`view caches at ${Math.round((100 * state.bytes) / state.limitBytes)} %`);
    if (state.bytes >= FILLED * state.limitBytes) return state;
  }
  return cacheState(cluster);
}

/** Rows are what fills the caches; bytes would only take time. */
async function writeEmptyFiles(directory: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const folder = join(directory, String(Math.floor(index / FILES_PER_FOLDER)));
    if (index % FILES_PER_FOLDER === 0) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, String(index)), '');
  }
}

async function cacheState(cluster: Cluster): Promise<CacheState> {
  const { stdout } = await cluster.ok(['status', '--json']);
  const { coordinator } = JSON.parse(stdout.toString('utf8')) as {
    coordinator: { viewCacheBytes: number; viewCacheLimitBytes: number };
  };
  return { bytes: coordinator.viewCacheBytes, limitBytes: coordinator.viewCacheLimitBytes };
}
