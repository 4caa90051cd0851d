import { describe, expect, it } from 'vitest';
import { SeededRandom, SimTime } from '../../simulation/ports/index.js';
import { never } from './fixture.js';
import { Trial, STEP_COUNT } from './workload.js';

async function operationsOfOneRun(): Promise<number> {
  const { trial, store } = await Trial.start();
  const before = trial.disk.faults.count();
  await trial.run(store);
  expect(trial.acknowledged).toHaveLength(STEP_COUNT);
  return trial.disk.faults.count() - before;
}

const idsOf = (held: readonly { readonly chunkId: string }[]): readonly string[] => held.map((one) => one.chunkId);

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
        expect(await trial.problems(recovered)).toEqual([]);
        expect(await recovered.status()).toMatchObject({ journalDamage: [], damaged: [], readOnlyReason: undefined });
        await trial.run(recovered);
        expect(trial.acknowledged.length).toBeGreaterThanOrEqual(STEP_COUNT);
        expect(await trial.problems(await trial.crash('nothing'))).toEqual([]);
      }
    },
  );

  it('keeps what it acknowledged when only the process dies', async () => {
    const operations = await operationsOfOneRun();
    for (let nth = 1; nth <= operations; nth += 1) {
      const { trial, store } = await Trial.start();
      trial.disk.faults.cutPowerAt(nth);
      await trial.run(store);
      const again = await trial.kill();
      const held = await trial.held(again);
      expect(await trial.problems(again)).toEqual([]);
      const afterwards = await trial.crash('nothing');
      expect(idsOf(await trial.held(afterwards))).toEqual(idsOf(held));
      expect((await afterwards.status()).journalDamage).toEqual([]);
      await trial.run(afterwards);
      expect(await trial.problems(await trial.crash('nothing'))).toEqual([]);
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
      expect(await trial.problems(await trial.crash('random'))).toEqual([]);
    }
  });

  it('keeps what it acknowledged to many at once, whatever overtakes what, and after whatever failure', async () => {
    for (let seed = 1; seed <= 24; seed += 1) {
      const random = new SeededRandom(seed);
      const time = new SimTime();
      await time.run(async () => {
        const { trial, store } = await Trial.start({ random, latencyMs: 5 }, time);
        trial.disk.faults.plan({ nth: 1 + random.integer(100), errno: random.fraction() < 0.3 ? 'ENOSPC' : 'EIO' });
        await trial.runSideBySide(store, 2);
        // The index is on the same machine: what the store finds on a disk without power does not reach it.
        trial.disk.faults.cutPowerAt(1 + random.integer(100), () => trial.rows.powerLoss('random'));
        await store.check(never);
        await trial.runSideBySide(store, 2);
        const recovered = await trial.crash('random');
        expect(await trial.problems(recovered)).toEqual([]);
        await trial.runSideBySide(recovered, 1);
        expect(trial.acknowledged.length).toBeGreaterThanOrEqual(STEP_COUNT);
        expect(await trial.problems(await trial.crash('nothing'))).toEqual([]);
      });
    }
  });
});
