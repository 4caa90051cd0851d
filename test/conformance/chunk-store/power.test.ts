import { describe, expect, it } from 'vitest';
import { Trial, STEP_COUNT } from './workload.js';

async function operationsOfOneRun(): Promise<number> {
  const { trial, store } = await Trial.start();
  const before = trial.disk.faults.count();
  await trial.run(store);
  expect(trial.acknowledged).toHaveLength(STEP_COUNT);
  return trial.disk.faults.count() - before;
}

describe('a chunk store whose power fails', () => {
  it.each([
    ['nothing', 1],
    ['random', 2],
    ['everything', 5],
  ] as const)(
    'keeps what it acknowledged, whenever that happens and however much of the unsynced survives (%s)',
    async (survival, stride) => {
      const operations = await operationsOfOneRun();
      expect(operations).toBeGreaterThan(50);
      for (let nth = 1; nth <= operations; nth += stride) {
        const { trial, store } = await Trial.start();
        trial.disk.faults.cutPowerAt(nth);
        await trial.run(store);
        const recovered = await trial.crash(survival);
        await trial.check(recovered);
        expect(await recovered.status()).toMatchObject({ journalDamage: [], damaged: [], readOnlyReason: undefined });
        await trial.run(recovered);
        expect(trial.acknowledged.length).toBeGreaterThanOrEqual(STEP_COUNT);
        await trial.check(await trial.crash('nothing'));
      }
    },
  );

  it('keeps what it acknowledged when only the process dies', async () => {
    const operations = await operationsOfOneRun();
    for (let nth = 1; nth <= operations; nth += 5) {
      const { trial, store } = await Trial.start();
      trial.disk.faults.cutPowerAt(nth);
      await trial.run(store);
      const again = await trial.kill();
      await trial.check(again);
      await trial.run(again);
      await trial.check(await trial.crash('nothing'));
    }
  });

  it('stands a second failure while it recovers from the first', async () => {
    for (let nth = 1; nth <= 60; nth += 7) {
      const { trial, store } = await Trial.start();
      trial.disk.faults.cutPowerAt(nth);
      await trial.run(store);
      for (let again = 1; again <= 12; again += 1) {
        trial.disk = trial.disk.crash('random');
        trial.rows.powerLoss('random');
        trial.fixture.fileSystem = trial.disk;
        trial.disk.faults.cutPowerAt(again);
        const [opened] = await Promise.allSettled([trial.fixture.open()]);
        if (opened.status === 'fulfilled') await trial.run(opened.value);
      }
      await trial.check(await trial.crash('random'));
    }
  });
});
