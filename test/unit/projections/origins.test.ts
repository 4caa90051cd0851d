import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equalBytes, type MemberId } from '../../../src/base/index.js';
import type { CollectiveEvent, RecordedEvent } from '../../../src/events/index.js';
import type { StateMark, ViewHost } from '../../../src/projections/index.js';
import { RowCache } from '../../../src/projections/host/row-cache.js';
import { SeededRandom, SimKeyValueStores } from '../../simulation/ports/index.js';
import { randomLog } from './random-log.js';
import { randomSharing } from './random-sharing.js';
import { ALICE, BOB, Chronicle, founded, memberId, nodeId, openHost, stateHashes } from './support.js';

const CAROL = memberId('carol');
const TIGHT = { cacheBytes: 20_000, dirtyBytes: 20_000 };

/** As the origin wrote them: its blocks are the same for everybody. */
function blocksOf(events: readonly RecordedEvent[], seed: number): readonly (readonly RecordedEvent[])[] {
  const random = new SeededRandom(seed);
  const blocks: (readonly RecordedEvent[])[] = [];
  for (let start = 0; start < events.length; ) {
    const end = start + 1 + random.integer(40);
    blocks.push(events.slice(start, end));
    start = end;
  }
  return blocks;
}

const registered = (name: string): CollectiveEvent => ({ type: 'NodeRegistered', nodeId: nodeId(name), name });

describe('the marks of views', () => {
  test('are the same wherever a log was applied, whatever came between, after flushes and with hardly any memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
        const logs = [
          { origin: ALICE, blocks: blocksOf(await randomSharing(seed, 560), seed) },
          { origin: BOB, blocks: blocksOf(await randomSharing(seed + 1, 280, BOB), seed + 1) },
          { origin: CAROL, blocks: blocksOf(await randomLog(seed + 2, 20, CAROL), seed + 2) },
        ] as const;
        const alone = new Map<MemberId, { readonly marks: readonly StateMark[]; readonly now: StateMark | undefined }>();
        for (const { origin, blocks } of logs) {
          const host = await openHost({ origins: [origin] });
          for (const block of blocks) expect(await host.apply(block, origin)).toMatchObject({ ok: true });
          alone.set(origin, { marks: host.stateMarks(origin), now: host.stateNow(origin) });
        }
        expect(alone.get(ALICE)?.marks.length).toBeGreaterThanOrEqual(2);
        const random = new SeededRandom(seed);
        const together = await openHost({ ...TIGHT, origins: [CAROL] });
        const waiting = logs.map(({ origin, blocks }) => ({ origin, blocks: [...blocks] }));
        for (let left = waiting; left.length > 0; left = left.filter(({ blocks }) => blocks.length > 0)) {
          const { origin, blocks } = left[random.integer(left.length)] ?? { origin: CAROL, blocks: [] };
          await together.addOrigin(origin);
          expect(await together.apply(blocks.shift() ?? [], origin)).toMatchObject({ ok: true });
          if (random.chance(0.2)) await together.flush();
        }
        for (const { origin } of logs) {
          expect(together.stateMarks(origin)).toEqual(alone.get(origin)?.marks);
          expect(together.stateNow(origin)).toEqual(alone.get(origin)?.now);
        }
      }),
      { numRuns: 2 },
    );
  });

  test('stand at the ends of the blocks that reach or pass a multiple of 256 events, the last eight', async () => {
    const chronicle = new Chronicle(BOB);
    const host = await openHost({ origins: [ALICE, BOB] });
    await host.apply(chronicle.add([founded(BOB)]), BOB);
    const block = (count: number) =>
      host.apply(
        chronicle.add(Array.from({ length: count }, (_, index) => registered(`${chronicle.events.length + index}`))),
        BOB,
      );
    await block(254);
    expect(host.stateMarks(BOB)).toEqual([]);
    await block(1);
    await block(300);
    await block(100);
    expect(host.stateMarks(BOB).map(({ position }) => position.sequence)).toEqual([256, 556]);
    expect(host.stateNow(BOB)?.position.sequence).toBe(656);
    for (let count = 0; count < 10; count += 1) await block(256);
    expect(host.stateMarks(BOB)).toHaveLength(8);
    expect(host.stateMarks(ALICE)).toEqual([]);
  });

  test('say what is stored once it is flushed, and what a start finds', async () => {
    const stores = new SimKeyValueStores();
    const host = await openHost({ store: await stores.open('/views', 'create'), origins: [ALICE] });
    for (const block of blocksOf(await randomSharing(5, 300), 5)) await host.apply(block);
    const now = host.stateNow();
    await host.flush();
    expect(host.stateNow()).toEqual(now);
    const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
    const stored = host.states().filter(({ name }) => name !== 'requests');
    expect(now?.views.map(({ name, stateHash }) => [name, hex(stateHash)])).toEqual(
      stored.map(({ name, stateHash }) => [name, stateHash]),
    );
    await host.close();
    const again = await openHost({ store: await stores.open('/views', 'open'), origins: [ALICE] });
    expect(again.stateNow()).toEqual(now);
    expect(again.stateMarks()).toEqual([]);
  });

  test('of doubtful views and of views that are being rebuilt are not told', async () => {
    const host = await openHost({ origins: [ALICE] });
    const events = await randomSharing(6, 300);
    for (const block of blocksOf(events, 6)) await host.apply(block);
    const marks = host.stateMarks();
    expect(marks.length).toBeGreaterThan(0);
    await host.reset();
    for (const block of blocksOf(events, 6)) await host.apply(block);
    expect([host.stateMarks(), host.stateNow()]).toEqual([[], undefined]);
    host.resume();
    expect(host.stateMarks()).toEqual(marks);
  });
});

describe('origins that are added while a host runs', () => {
  test('start empty, and are flushed with the others', async () => {
    const stores = new SimKeyValueStores();
    const host = await openHost({ store: await stores.open('/views', 'create') });
    expect(await Promise.all([host.addOrigin(BOB), host.addOrigin(BOB), host.addOrigin(ALICE)])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(host.origins()).toEqual([ALICE, BOB]);
    const chronicle = new Chronicle(BOB);
    await host.apply(chronicle.add([founded(BOB), registered('one')]), BOB);
    await host.flush();
    await host.close();
    const again = await openHost({ store: await stores.open('/views', 'open') });
    expect(await again.addOrigin(BOB)).toBeUndefined();
    expect(again.position(BOB).sequence).toBe(2);
    expect(await again.run(({ nodes }) => nodes.all().length, BOB)).toBe(1);
  });

  test('while a flush runs are not harmed by it', async () => {
    const host = await openHost();
    for (const block of blocksOf(await randomSharing(7, 300), 7)) await host.apply(block);
    const flushing = host.flush();
    await host.addOrigin(BOB);
    await host.apply(new Chronicle(BOB).add([founded(BOB)]), BOB);
    await flushing;
    expect([host.position(BOB).sequence, host.flushedPosition(BOB).sequence]).toEqual([1, 0]);
  });

  test('whose rows cannot be used say why, and stand at the beginning', async () => {
    const stores = new SimKeyValueStores();
    const store = await stores.open('/views', 'create');
    const host = await openHost({ store, origins: [ALICE, BOB] });
    await host.apply(new Chronicle(BOB).add([founded(BOB), registered('one')]), BOB);
    await host.flush();
    for await (const [key, value] of store.entries({ from: Uint8Array.of(0), to: Uint8Array.of(255) })) {
      await store.batch([{ kind: 'put', key, value: value.map((byte) => byte ^ 1) }]);
    }
    const again = await openHost({ store });
    expect(await again.addOrigin(BOB)).toMatch(/damaged/);
    expect(again.position(BOB).sequence).toBe(0);
    expect(await again.run(({ members }) => members.owner(), BOB)).toBeUndefined();
  });

  test('stop before an event that contradicts those before it, and keep what came before it; others go on', async () => {
    const host = await openHost({ origins: [ALICE, BOB] });
    const chronicle = new Chronicle(BOB);
    const applied = await host.apply(chronicle.add([founded(BOB), registered('one'), registered('one'), registered('two')]), BOB);
    expect(applied).toMatchObject({ ok: false, error: { position: { epoch: 1, sequence: 3 }, reason: /registered before/ } });
    expect(host.position(BOB).sequence).toBe(2);
    expect(await host.run(({ nodes }) => nodes.all().length, BOB)).toBe(1);
    expect(await host.apply(new Chronicle().add([founded()]))).toMatchObject({ ok: true });
    const elsewhere: ViewHost = await openHost({ origins: [BOB] });
    await elsewhere.apply(chronicle.events.slice(0, 2), BOB);
    expect(elsewhere.stateNow(BOB)).toEqual(host.stateNow(BOB));
    expect(await stateHashes(elsewhere, BOB)).toEqual(await stateHashes(host, BOB));
  });
});

test('a row cache that is much smaller than its limit grows, and loses nothing on the way', () => {
  const cache = new RowCache(4 * 1024 * 1024);
  const value = (index: number): Uint8Array => new Uint8Array(100 + (index % 50)).fill(index);
  for (let index = 0; index < 20_000; index += 1) {
    cache.set(`row ${index}`, index % 5 === 0 ? null : value(index));
    if (index % 3 === 0) cache.set(`row ${index}`, value(index + 1));
  }
  const wrong: number[] = [];
  for (let index = 0; index < 20_000; index += 1) {
    const expected = index % 3 === 0 ? value(index + 1) : index % 5 === 0 ? null : value(index);
    const found = cache.get(`row ${index}`);
    const same = found && expected ? equalBytes(found, expected) : found === expected;
    if (!same) wrong.push(index);
  }
  expect(wrong).toEqual([]);
  cache.set('large', new Uint8Array(400_000).fill(7));
  expect(cache.get('large')?.length).toBe(400_000);
  expect(cache.usedBytes).toBeLessThanOrEqual(cache.limitBytes);
});
