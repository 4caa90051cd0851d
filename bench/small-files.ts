import { randomFillSync } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../test/support/cluster/index.js';
import { type Figure, figure } from './measure/statistics.js';

const FILES_PER_FOLDER = 100;

/** Writes `count` files of 1 to 16 KiB in folders of 100. */
export async function writeSmallFiles(directory: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const folder = join(directory, String(Math.floor(index / FILES_PER_FOLDER)));
    if (index % FILES_PER_FOLDER === 0) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, String(index)), randomFillSync(Buffer.allocUnsafe(1024 + (index % 16) * 1000)));
  }
}

/** Put and get of a folder of many small files with two copies: files a second. */
export async function benchSmallFiles(cluster: Cluster, count: number, runs: number): Promise<readonly Figure[]> {
  const put: number[] = [];
  const get: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const source = join(cluster.root, 'bench-small');
    const target = join(cluster.root, 'bench-small-back');
    await writeSmallFiles(source, count);
    put.push(count / ((await cluster.ok(['put', source, `/bench-small-${run}`, '--quiet'])).wallMs / 1000));
    get.push(count / ((await cluster.ok(['get', `/bench-small-${run}`, target, '--quiet'])).wallMs / 1000));
    await rm(source, { recursive: true });
    await rm(target, { recursive: true });
  }
  return [figure(`put ${count} small files, 2 copies`, 'files/s', put), figure(`get ${count} small files`, 'files/s', get)];
}
