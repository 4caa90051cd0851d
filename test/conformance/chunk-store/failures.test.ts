import { describe, expect, it } from 'vitest';
import { isCollectiveError } from '../../../src/base/index.js';
import { never } from './fixture.js';
import { STEP_COUNT, Trial } from './workload.js';

const codes = (refusals: readonly unknown[]): readonly string[] =>
  refusals.map((refusal) => (isCollectiveError(refusal) ? refusal.code : String(refusal)));

async function operationsOfOneRun(): Promise<number> {
  const { trial, store } = await Trial.start();
  const before = trial.disk.faults.count();
  await trial.run(store);
  return trial.disk.faults.count() - before;
}

describe('a chunk store whose disk fails once', () => {
  it('refuses, keeps what it acknowledged, and takes chunks again once the disk was checked', async () => {
    const operations = await operationsOfOneRun();
    for (let nth = 1; nth <= operations; nth += 2) {
      const { trial, store } = await Trial.start();
      trial.disk.faults.plan({ nth, errno: 'EIO' });
      await trial.run(store);
      for (const code of codes(trial.refusals)) expect(['NODE_READ_ONLY', 'CHUNK_DAMAGED', 'IO_FAILED']).toContain(code);
      trial.disk.faults.clear();
      expect(await trial.problems(store)).toEqual([]);
      expect(await store.check(never)).toBe(true);
      await trial.run(store);
      expect(trial.acknowledged.length).toBeGreaterThanOrEqual(STEP_COUNT);
      expect(await trial.problems(store)).toEqual([]);
      expect(await trial.problems(await trial.crash('nothing'))).toEqual([]);
    }
  });

  it('stays read-only while the disk goes on failing, and goes on reading', async () => {
    for (const operation of ['write', 'sync', 'syncDirectory'] as const) {
      const { trial, store } = await Trial.start();
      await trial.run(store);
      trial.disk.faults.plan({ operation, errno: 'EIO', lasting: true });
      const before = trial.acknowledged.length;
      await trial.run(store);
      expect(trial.acknowledged.length).toBe(before);
      expect((await store.status()).readOnlyReason).toMatch(/EIO/);
      expect(await store.check(never)).toBe(false);
      expect(await trial.problems(store)).toEqual([]);
      trial.disk.faults.clear();
      expect(await store.check(never)).toBe(true);
      expect((await store.status()).readOnlyReason).toBeUndefined();
    }
  });
});

describe('a chunk store whose disk is full', () => {
  it.each([
    ['ENOSPC', 2],
    ['EDQUOT', 9],
  ])('refuses with NODE_FULL and goes on by itself (%s)', async (errno, stride) => {
    const operations = await operationsOfOneRun();
    for (let nth = 1; nth <= operations; nth += stride) {
      const { trial, store } = await Trial.start();
      trial.disk.faults.plan({ nth, errno });
      await trial.run(store);
      expect((await store.status()).readOnlyReason).toBeUndefined();
      for (const code of codes(trial.refusals)) expect(['NODE_FULL', 'CHUNK_DAMAGED', 'IO_FAILED']).toContain(code);
      await trial.run(store);
      expect(trial.acknowledged.length).toBeGreaterThanOrEqual(STEP_COUNT);
      expect(await trial.problems(store)).toEqual([]);
      expect(await trial.problems(await trial.crash('nothing'))).toEqual([]);
    }
  });
});
