import { describe, expect, test } from 'vitest';
import { CollectiveError, fail, ok, ROOT_FILE_ID } from '../../../src/base/index.js';
import type { CollectiveEvent, RecordedEvent } from '../../../src/events/index.js';
import type { KeyValueOperation, KeyValueStore } from '../../../src/ports/index.js';
import { ViewHost } from '../../../src/projections/index.js';
import {
  ALICE,
  AT,
  Chronicle,
  chunkId,
  CountingStore,
  founded,
  hasher,
  nodeId,
  openHost,
  openStore,
  requestRef,
  stateHashes,
  World,
} from './support.js';

const directory = (name: string, parentId = ROOT_FILE_ID): CollectiveEvent => ({
  type: 'DirectoryCreated',
  parentId,
  name,
  mode: 0o755,
  modified: AT,
});

const NODE = nodeId('one');
const copiesOf = (names: readonly string[]): CollectiveEvent => ({
  type: 'CopiesRecorded',
  memberIds: [],
  nodeIds: [NODE],
  chunks: names.map((name) => ({ chunkId: chunkId(name), lengthBytes: 10, holders: [0] })),
});

/** Flushes, and opens what was flushed again: with nothing in memory. */
async function reopened(world: World, store: CountingStore, cacheBytes = 1024 * 1024): Promise<ViewHost> {
  await world.host.flush();
  const host = await ViewHost.open(store, { origins: [ALICE], hasher, cacheBytes });
  store.rounds = 0;
  store.rowsRead = 0;
  return host;
}

const names = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `chunk ${index}`);

describe('rows on demand', () => {
  test('many rows that are asked for together cost one round', async () => {
    const store = new CountingStore(await openStore());
    const world = await World.open({ store });
    await world.record({ type: 'NodeRegistered', nodeId: NODE, name: 'one' }, copiesOf(names(512)));
    const host = await reopened(world, store);
    const ids = names(512).map(chunkId);
    const holders = await host.run(({ placement }) => {
      placement.need(ids);
      return ids.map((id) => placement.chunk(id)?.holders);
    });
    expect(holders).toEqual(ids.map(() => [NODE]));
    expect([store.rounds, store.rowsRead]).toEqual([1, 512]);
  });

  test('what a block of events reads costs few rounds, not one an event', async () => {
    const store = new CountingStore(await openStore());
    const world = await World.open({ store });
    const host = await reopened(world, store);
    const events = world.chronicle.add(names(200).map((name) => directory(name)));
    expect(await host.apply(events)).toMatchObject({ ok: true });
    expect(store.rounds).toBeLessThanOrEqual(3);
  });

  test('a row that is in memory, or known to be absent, is not asked for again', async () => {
    const store = new CountingStore(await openStore());
    const world = await World.open({ store });
    const host = await reopened(world, store);
    const read = () => host.run(({ namespace }) => [namespace.entry(ROOT_FILE_ID, 'none'), namespace.file(ROOT_FILE_ID)?.kind]);
    expect(await read()).toEqual([undefined, 'directory']);
    expect(store.rowsRead).toBe(2);
    expect(await read()).toEqual([undefined, 'directory']);
    expect(store.rowsRead).toBe(2);
  });

  test('a function gets all its rows even where the cache has no room for them', async () => {
    const store = new CountingStore(await openStore());
    const world = await World.open({ store });
    await world.record({ type: 'NodeRegistered', nodeId: NODE, name: 'one' }, copiesOf(names(100)));
    const host = await reopened(world, store, 500);
    const lengths = await host.run(({ placement }) => names(100).map((name) => placement.chunk(chunkId(name))?.lengthBytes));
    expect(lengths).toEqual(names(100).map(() => 10));
  });

  test('views are read only inside the function that got them', async () => {
    const { host } = await World.open();
    const views = await host.run((all) => all);
    expect(() => views.nodes.all()).toThrow('only inside the function');
  });

  test('a start loads what is resident and nothing else, however much there is', async () => {
    const rowsRead = await Promise.all(
      [10, 1000].map(async (count) => {
        const store = new CountingStore(await openStore());
        const world = await World.open({ store });
        await world.record({ type: 'NodeRegistered', nodeId: NODE, name: 'one' });
        for (let start = 0; start < count; start += 100) {
          await world.record(
            ...names(count)
              .slice(start, start + 100)
              .map((name) => directory(name)),
          );
        }
        await world.host.flush();
        store.rowsRead = 0;
        const host = await ViewHost.open(store, { origins: [ALICE], hasher });
        expect(host.position().sequence).toBe(count + 2);
        return store.rowsRead;
      }),
    );
    expect(rowsRead[1]).toBe(rowsRead[0]);
  });
});

describe('a page of a directory', () => {
  const list = (host: ViewHost, after: string | undefined, limit: number) =>
    host.run(({ namespace }) => {
      const page = namespace.entries(ROOT_FILE_ID, after, limit);
      return { names: page.rows.map(([[, name]]) => name), more: page.more };
    });

  test('merges what is stored with what changed since, and goes on after a name', async () => {
    const world = await World.open();
    const ids = new Map<string, CollectiveEvent>();
    for (const name of ['b', 'd', 'f', 'h', 'é']) {
      ids.set(name, { type: 'EntryRemoved', parentId: ROOT_FILE_ID, name, fileId: world.chronicle.nextId });
      await world.record(directory(name));
    }
    await world.host.flush();
    for (const name of ['d', 'h']) await world.record(ids.get(name) ?? directory(name));
    await world.record(directory('a'), directory('e'));
    expect(await list(world.host, undefined, 3)).toEqual({ names: ['a', 'b', 'e'], more: true });
    expect(await list(world.host, 'e', 3)).toEqual({ names: ['f', 'é'], more: false });
    expect(await list(world.host, undefined, 5)).toEqual({ names: ['a', 'b', 'e', 'f', 'é'], more: false });
  });

  test('is right when more was removed than a first look at the store could know', async () => {
    const world = await World.open();
    const removed: CollectiveEvent[] = [];
    for (let index = 100; index < 200; index += 1) {
      removed.push({ type: 'EntryRemoved', parentId: ROOT_FILE_ID, name: `${index}`, fileId: world.chronicle.nextId });
      await world.record(directory(`${index}`));
    }
    await world.host.flush();
    await world.record(...removed.slice(0, 97));
    expect(await list(world.host, undefined, 2)).toEqual({ names: ['197', '198'], more: true });
  });
});

describe('a block that is being made', () => {
  const make = (world: World, name: string) =>
    world.host.transact({
      decide: () =>
        ok({ drafts: [{ event: directory(name), actor: 'coordinator', request: undefined, cause: undefined }], value: name }),
      record: (drafts) => world.chronicle.add(drafts.map(({ event }) => event)),
    });
  const found = (world: World) => world.host.run(({ namespace }) => namespace.entry(ROOT_FILE_ID, 'new') !== undefined);

  test('is seen by its own decisions, and by nobody else before it is durable', async () => {
    const world = await World.open();
    expect(await make(world, 'new')).toMatchObject({ ok: true, value: { value: 'new', events: [{ event: directory('new') }] } });
    const seen = await world.host.transact({
      decide: ({ namespace }, next) =>
        ok({ drafts: [], value: { there: namespace.entry(ROOT_FILE_ID, 'new') !== undefined, sequence: next.sequence } }),
      record: () => [],
    });
    expect(seen).toEqual(ok({ value: { there: true, sequence: 3 }, events: [] }));
    expect(await found(world)).toBe(false);
    expect(world.host.position().sequence).toBe(1);
    world.host.commitPending();
    expect(await found(world)).toBe(true);
    expect(world.host.position().sequence).toBe(2);
  });

  test('leaves no trace when it is given up', async () => {
    const world = await World.open();
    const before = await stateHashes(world.host);
    await make(world, 'new');
    world.host.discardPending();
    world.chronicle.events.pop();
    expect(await found(world)).toBe(false);
    expect(await stateHashes(world.host)).toEqual(before);
    await make(world, 'new');
    world.host.commitPending();
    expect(await found(world)).toBe(true);
  });

  test('is not flushed with what is durable', async () => {
    const store = await openStore();
    const world = await World.open({ store });
    await make(world, 'new');
    await world.host.flush();
    const again = await ViewHost.open(store, { origins: [ALICE], hasher });
    expect(again.position().sequence).toBe(1);
    world.host.commitPending();
    await world.host.flush();
    expect((await ViewHost.open(store, { origins: [ALICE], hasher })).position().sequence).toBe(2);
  });

  test('has nothing of a command that was refused, or could not be recorded', async () => {
    const world = await World.open();
    const refusal = new CollectiveError('NOT_FOUND', 'no');
    expect(await world.host.transact({ decide: () => fail(refusal), record: () => [] })).toEqual(fail(refusal));
    const full = world.host.transact({
      decide: () =>
        ok({ drafts: [{ event: directory('new'), actor: 'coordinator', request: undefined, cause: undefined }], value: 1 }),
      record: () => {
        throw new CollectiveError('LIMIT_EXCEEDED', 'full');
      },
    });
    await expect(full).rejects.toThrow('full');
    await make(world, 'new');
    world.host.commitPending();
    expect(await found(world)).toBe(true);
  });

  test('with an event that is not valid is a fault of the program, and leaves no trace', async () => {
    const world = await World.open();
    await make(world, 'new');
    await expect(make(world, 'new')).rejects.toThrow('the name is taken');
    world.host.discardPending();
    expect(await found(world)).toBe(false);
  });
});

describe('an event that contradicts its log', () => {
  test('is named, and nothing of it and of what follows is applied', async () => {
    const host = await openHost();
    const log = new Chronicle();
    const events = log.add([founded(), directory('a'), directory('a'), directory('b')]);
    expect(await host.apply(events)).toEqual(fail({ position: events[2]?.envelope.position, reason: 'the name is taken' }));
    expect(host.position().sequence).toBe(2);
    expect(await host.run(({ namespace }) => namespace.walk(['b']).found)).toBe(0);
  });

  test('of an unknown type is passed over, and its request remembered', async () => {
    const host = await openHost();
    const log = new Chronicle();
    const request = requestRef('r1');
    await host.apply([...log.add([founded()]), ...log.addUnknown(request)]);
    expect(host.position().sequence).toBe(2);
    expect(await host.run(({ requests }) => requests.get('coordinator', request.id))).toMatchObject({
      firstSequence: 2,
      count: 1,
    });
  });
});

describe('a flush', () => {
  /** Fails its batches on demand. */
  class FailingStore extends CountingStore {
    fails = false;
    override batch(operations: readonly KeyValueOperation[]): Promise<void> {
      return this.fails ? Promise.reject(new Error('disk')) : super.batch(operations);
    }
  }

  test('that fails loses nothing, also of what changes meanwhile', async () => {
    const store = new FailingStore(await openStore());
    const world = await World.open({ store });
    await world.record(directory('a'));
    store.fails = true;
    const failed = world.host.flush();
    await world.record(directory('b'));
    await expect(failed).rejects.toThrow('disk');
    store.fails = false;
    await world.record(directory('c'));
    const twin = await openHost();
    await twin.apply(world.chronicle.events);
    expect(await stateHashes(world.host)).toEqual(await stateHashes(twin));
    expect((await world.host.verify()).every(({ whole }) => whole)).toBe(true);
  });

  test('takes all changed rows in one batch, and none when nothing changed', async () => {
    const store = new CountingStore(await openStore());
    const world = await World.open({ store });
    await world.record(directory('a'), directory('b'));
    expect(world.host.dirtyBytes).toBeGreaterThan(0);
    await world.host.flush();
    await world.host.flush();
    expect(store.batches).toBe(1);
    expect(world.host.dirtyBytes).toBe(0);
  });

  test('is due once enough has changed', async () => {
    const world = await World.open({ dirtyBytes: 5000 });
    expect(world.host.flushDue).toBe(false);
    await world.record(directory('a'), directory('b'), directory('c'), directory('d'));
    expect(world.host.flushDue).toBe(true);
    await world.host.flush();
    expect(world.host.flushDue).toBe(false);
  });

  test('gives others a turn, and they see neither too little nor too much', async () => {
    let during: (() => Promise<void>) | undefined;
    const store: KeyValueStore = await openStore();
    const host = await ViewHost.open(store, { origins: [ALICE], hasher, pause: async () => during?.() });
    const world = new World(host);
    await world.record(founded());
    for (let block = 0; block < 8; block += 1) await world.record(...names(100).map((name) => directory(`${block} ${name}`)));
    const seen: number[] = [];
    during = async () => {
      seen.push(await host.run(({ namespace }) => namespace.file(ROOT_FILE_ID)?.childCount ?? 0));
      await world.record(directory(`during ${seen.length}`));
    };
    await host.flush();
    during = undefined;
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.map((_, index) => 800 + index));
    expect(host.flushedPosition().sequence).toBe(801);
    const twin = await openHost();
    await twin.apply(world.chronicle.events);
    expect(await stateHashes(host)).toEqual(await stateHashes(twin));
  });
});

describe('requests', () => {
  const at = (log: Chronicle, request: string, count: number): readonly RecordedEvent[] =>
    log.add(
      Array.from({ length: count }, (_, index) => directory(`${request} ${index}`)),
      { actor: 'client/x', request: requestRef(request) },
    );

  test('are remembered with all their events, and forgotten by age', async () => {
    const host = await openHost();
    const log = new Chronicle();
    const all = [...log.add([founded()]), ...at(log, 'first', 3), ...at(log, 'second', 1)];
    await host.apply(all);
    await host.flush();
    const get = (id: string) => host.run(({ requests }) => requests.get('client/x', requestRef(id).id));
    expect(await get('first')).toMatchObject({ firstSequence: 2, count: 3, commandHash: requestRef('first').commandHash });
    expect(await host.pruneRequests(all[4]?.envelope.timeMs ?? 0)).toBe(1);
    expect(await get('first')).toBeUndefined();
    expect(await get('second')).toMatchObject({ firstSequence: 5, count: 1 });
    expect(await host.pruneRequests(all[4]?.envelope.timeMs ?? 0)).toBe(0);
    expect((await host.verify()).every(({ whole }) => whole)).toBe(true);
  });

  test('used again later by another command name the later one', async () => {
    const host = await openHost();
    const log = new Chronicle();
    await host.apply([...log.add([founded()]), ...at(log, 'id', 2)]);
    await host.apply(log.add([directory('other')], { actor: 'client/x', request: requestRef('id', 'something else') }));
    expect(await host.run(({ requests }) => requests.get('client/x', requestRef('id').id))).toMatchObject({
      firstSequence: 4,
      count: 1,
    });
  });
});
