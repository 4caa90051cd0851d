import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runKillLoop } from '../../scripts/kill-loop/run.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-kill-loop-'));
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

it('loses and falsifies nothing that was acknowledged when coordinator, nodes and clients are killed under load', async () => {
  const report = await runKillLoop({ root, kills: 15, seed: 7, workers: 2 });
  expect(report.complaints).toEqual([]);
  expect(report).toMatchObject({ lost: 0, wrong: 0, replayEqual: true });
  expect(report.acknowledged).toBeGreaterThan(0);
}, 480_000);
