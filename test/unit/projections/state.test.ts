import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemberId } from '../../../src/base/index.js';
import type { RecordedEvent } from '../../../src/events/index.js';
import { compareViews, ViewHost } from '../../../src/projections/index.js';
import { SeededRandom, SimKeyValueStores } from '../../simulation/ports/index.js';
import { randomLog } from './random-log.js';
import { ALICE, BOB, hasher, openHost, stateHashes } from './support.js';

const SMALL = { cacheBytes: 20_000, dirtyBytes: 20_000 };
interface Log {
  readonly origin: MemberId;
  readonly left: RecordedEvent[];
}

const seeds = fc.integer({ min: 1, max: 1_000_000 });

async function replay(host: ViewHost, events: readonly RecordedEvent[], origin: MemberId = ALICE): Promise<void> {
  for (let start = 0; start < events.length; start += 32) {
    const applied = await host.apply(events.slice(start, start + 32), origin);
    expect(applied).toMatchObject({ ok: true });
    if (host.flushDue) await host.flush();
  }
}

async function fresh(events: readonly RecordedEvent[], origin: MemberId = ALICE): Promise<ViewHost> {
  const host = await openHost({ origins: [origin] });
  await replay(host, events, origin);
  return host;
}

describe('the state of views', () => {
  test('follows from the log alone: decided and recorded in blocks, or replayed, or replayed with hardly any memory', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const events = await randomLog(seed, 60);
        const straight = await stateHashes(await fresh(events));
        const tight = await openHost(SMALL);
        await replay(tight, events);
        expect(await stateHashes(tight)).toEqual(straight);
        expect(tight.cache.usedBytes).toBeLessThanOrEqual(SMALL.cacheBytes);
      }),
      { numRuns: 8 },
    );
  });

  test('is the same for every interleaving of two origins', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, seeds, async (first, second) => {
        const alice = await randomLog(first, 30, ALICE);
        const bob = await randomLog(second, 30, BOB);
        const both = await openHost({ ...SMALL, origins: [ALICE, BOB] });
        const random = new SeededRandom(first);
        const logs: [Log, Log] = [
          { origin: ALICE, left: [...alice] },
          { origin: BOB, left: [...bob] },
        ];
        while (logs.some(({ left }) => left.length > 0)) {
          const { origin, left } = random.pick(logs);
          expect(await both.apply(left.splice(0, random.integer(9)), origin)).toMatchObject({ ok: true });
          if (random.chance(0.2)) await both.flush();
        }
        expect(await stateHashes(both, ALICE)).toEqual(await stateHashes(await fresh(alice)));
        expect(await stateHashes(both, BOB)).toEqual(await stateHashes(await fresh(bob, BOB), BOB));
      }),
      { numRuns: 5 },
    );
  });

  test('is the same after crashes, each followed by a replay from the cursor', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const events = await randomLog(seed, 60);
        const random = new SeededRandom(seed);
        const stores = new SimKeyValueStores(random.fork('stores'));
        let store = await stores.open('/views', 'create');
        let host = await ViewHost.open(store, { ...SMALL, origins: [ALICE], hasher });
        while (host.position().sequence < events.length) {
          const from = host.position().sequence;
          await replay(host, events.slice(from, from + 1 + random.integer(40)));
          if (random.chance(0.5)) await host.flush();
          if (!random.chance(0.4)) continue;
          if (random.chance(0.5)) stores.killProcess();
          else stores.powerLoss();
          store = await stores.open('/views', 'open');
          host = await ViewHost.open(store, { ...SMALL, origins: [ALICE], hasher });
          expect(host.dropped).toEqual([]);
          expect(host.position().sequence).toBeLessThanOrEqual(events.length);
        }
        expect(await stateHashes(host)).toEqual(await stateHashes(await fresh(events)));
        const [live, replayed] = [await host.snapshot(), await (await fresh(events)).snapshot()];
        const comparison = await compareViews(live, replayed);
        expect(comparison.map(({ equal, differingRows }) => ({ equal, differingRows }))).toEqual(
          comparison.map(() => ({ equal: true, differingRows: [] })),
        );
        expect((await host.verify()).every(({ whole }) => whole)).toBe(true);
      }),
      { numRuns: 8 },
    );
  });
});
