import { createHash, randomFillSync } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Figure, figure } from './measure/statistics.js';

const MEGABYTE = 1_000_000;

/** What this machine can do at most in the same minutes: hashing on one core, and writing two synced copies of the bytes. */
export async function benchMachineLimits(directory: string, bytes: number, runs: number): Promise<readonly Figure[]> {
  const piece = randomFillSync(Buffer.allocUnsafe(4 * 1024 * 1024));
  const hashing: number[] = [];
  const writing: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    let begin = performance.now();
    for (let done = 0; done < bytes; done += piece.length) createHash('sha256').update(piece).digest();
    hashing.push(bytes / MEGABYTE / ((performance.now() - begin) / 1000));
    begin = performance.now();
    await Promise.all(['a', 'b'].map((name) => writeSynced(join(directory, `limit-${name}`), piece, bytes)));
    writing.push(bytes / MEGABYTE / ((performance.now() - begin) / 1000));
  }
  return [
    figure('limit: SHA-256 on one core', 'MB/s', hashing),
    figure('limit: two plain files written and synced', 'MB/s', writing),
  ];
}

async function writeSynced(path: string, piece: Uint8Array, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (let done = 0; done < bytes; done += piece.length) await file.write(piece);
    await file.datasync();
  } finally {
    await file.close();
    await rm(path);
  }
}
