import { describe, expect, test } from 'vitest';
import { fromHex, ROOT_FILE_ID } from '../../../src/base/index.js';
import type { KeyValueStore } from '../../../src/ports/index.js';
import { compareViews, ViewHost, type ViewComparison } from '../../../src/projections/index.js';
import { sealRow, StoredKeys, unsealRow } from '../../../src/projections/host/stored-row.js';
import { SimKeyValueStores } from '../../simulation/ports/index.js';
import { randomLog } from './random-log.js';
import { ALICE, hasher, openHost, stateHashes } from './support.js';

const events = await randomLog(7, 80);
const [firstEvent] = events;
if (firstEvent === undefined) throw new Error('the log of the test is empty');
const lastEnvelope = (events.at(-1) ?? firstEvent).envelope;
const open = (store: KeyValueStore) => ViewHost.open(store, { origins: [ALICE], hasher, cacheBytes: 1024 * 1024 });

/** A store with the views of all events, and a way to change what it holds behind their back. */
async function stored(): Promise<{ readonly stores: SimKeyValueStores; readonly store: KeyValueStore }> {
  const stores = new SimKeyValueStores();
  const store = await stores.open('/views', 'create');
  const host = await open(store);
  expect(await host.apply(events)).toMatchObject({ ok: true });
  await host.flush();
  return { stores, store };
}

/** The stored rows whose key inside the program begins with these bytes of view and table. */
async function rowsOf(store: KeyValueStore, view: number, table: number): Promise<(readonly [Uint8Array, Uint8Array])[]> {
  const rows: (readonly [Uint8Array, Uint8Array])[] = [];
  for await (const row of store.entries(new StoredKeys(ALICE).rangeOf(String.fromCharCode(view, table)))) rows.push(row);
  return rows;
}

async function firstRow(store: KeyValueStore, view: number, table: number): Promise<readonly [Uint8Array, Uint8Array]> {
  const [row] = await rowsOf(store, view, table);
  if (row === undefined) throw new Error('the log of the test makes no such row');
  return row;
}

const flipped = (bytes: Uint8Array, index: number): Uint8Array => bytes.map((byte, at) => (at === index ? byte ^ 1 : byte));

async function compared(store: KeyValueStore): Promise<readonly ViewComparison[]> {
  const live = await (await open(store)).snapshot();
  const replay = await openHost({ cacheBytes: 10_000 });
  expect(await replay.apply(events.slice(0, live.position.sequence))).toMatchObject({ ok: true });
  const replayed = await replay.snapshot();
  const comparison = await compareViews(live, replayed);
  await live.close();
  await replayed.close();
  return comparison;
}

const differing = (comparison: readonly ViewComparison[]) =>
  comparison.filter(({ equal }) => !equal).map(({ name, differingRows }) => ({ name, differingRows }));

describe('a comparison with a replay', () => {
  test('finds nothing in views that were left alone, and leaves out what does not follow from the log', async () => {
    const { store } = await stored();
    const comparison = await compared(store);
    expect(differing(comparison)).toEqual([]);
    expect(comparison.map(({ name }) => name)).not.toContain('requests');
    expect(comparison.every(({ liveHash, replayedHash }) => liveHash === replayedHash)).toBe(true);
    expect(comparison.find(({ name }) => name === 'namespace')?.rows).toBeGreaterThan(20);
  });

  test('names the view and the row whose content was altered, its checksum too', async () => {
    const { store } = await stored();
    const [key, value] = await firstRow(store, 5, 1);
    const row = unsealRow(key, value);
    if (row === undefined) throw new Error('the row is damaged');
    await store.batch([{ kind: 'put', key, value: sealRow(key, flipped(row, 1)) }]);
    const comparison = await compared(store);
    expect(differing(comparison)).toEqual([{ name: 'namespace', differingRows: [`files/${ROOT_FILE_ID} has another content`] }]);
    const namespace = comparison.find(({ name }) => name === 'namespace');
    expect(namespace?.liveHash).not.toBe(namespace?.replayedHash);
  });

  test('names a row that was lost, one that was added, and one that does not match its checksum', async () => {
    const { store } = await stored();
    const [lostKey] = await firstRow(store, 8, 1);
    const [otherKey, otherValue] = await firstRow(store, 5, 2);
    const keys = new StoredKeys(ALICE);
    const added = keys.of(`${String.fromCharCode(7, 3, 4)}extr`);
    await store.batch([
      { kind: 'delete', key: lostKey },
      { kind: 'put', key: added, value: sealRow(added, Uint8Array.of(1)) },
      { kind: 'put', key: otherKey, value: flipped(otherValue, otherValue.length - 1) },
    ]);
    const found = differing(await compared(store));
    const rowOf = (view: string): string | undefined => found.find(({ name }) => name === view)?.differingRows[0];
    expect(found).toHaveLength(3);
    expect(rowOf('namespace')).toMatch(/^entries\/1-\d+\/".*" does not match its checksum$/);
    expect(rowOf('uploads')).toBe('clients/extr is there, and does not follow from the log');
    expect(rowOf('placement')).toMatch(/^chunks\/01[0-9a-f]{64} is missing$/);
  });

  test('stands at one position while the live views go on', async () => {
    const stores = new SimKeyValueStores();
    const host = await open(await stores.open('/views', 'create'));
    await host.apply(events.slice(0, 40));
    const live = await host.snapshot();
    await host.apply(events.slice(40));
    await host.flush();
    const replay = await openHost();
    await replay.apply(events.slice(0, live.position.sequence));
    expect(live.position.sequence).toBe(40);
    expect(differing(await compareViews(live, await replay.snapshot()))).toEqual([]);
  });
});

describe('damage in the store', () => {
  test('of a row is an error that names view and row, never a wrong answer', async () => {
    const { store } = await stored();
    const [key, value] = await firstRow(store, 5, 1);
    await store.batch([{ kind: 'put', key, value: flipped(value, 9) }]);
    const host = await open(store);
    const reading = host.run(({ namespace }) => namespace.file(ROOT_FILE_ID));
    await expect(reading).rejects.toMatchObject({
      code: 'VIEW_DAMAGED',
      details: { view: 'namespace', row: 'files/1-1', origin: ALICE },
    });
  });

  test('once found, drops the rows at the next start, whatever was flushed in between', async () => {
    const { store } = await stored();
    const [key, value] = await firstRow(store, 5, 1);
    await store.batch([{ kind: 'put', key, value: flipped(value, 9) }]);
    const host = await open(store);
    expect(host.doubtful()).toBe(false);
    await expect(host.run(({ namespace }) => namespace.file(ROOT_FILE_ID))).rejects.toMatchObject({ code: 'VIEW_DAMAGED' });
    expect(host.doubtful()).toBe(true);
    await host.apply([
      { envelope: { ...lastEnvelope, position: { ...lastEnvelope.position, sequence: events.length + 1 } }, event: undefined },
    ]);
    await host.flush();
    const again = await open(store);
    expect(again.dropped).toHaveLength(1);
    expect(again.position().sequence).toBe(0);
  });

  test('once found, is still named by a comparison', async () => {
    const { store } = await stored();
    const [key, value] = await firstRow(store, 5, 1);
    await store.batch([{ kind: 'put', key, value: flipped(value, 9) }]);
    const host = await open(store);
    await expect(host.run(({ namespace }) => namespace.file(ROOT_FILE_ID))).rejects.toMatchObject({ code: 'VIEW_DAMAGED' });
    const replay = await openHost();
    await replay.apply(events);
    expect(differing(await compareViews(await host.snapshot(), await replay.snapshot()))).toEqual([
      { name: 'namespace', differingRows: ['files/1-1 does not match its checksum'] },
    ]);
  });

  test('that puts a row under the key of another is found by its checksum', async () => {
    const { store } = await stored();
    const rows = await rowsOf(store, 5, 1);
    const [first, second] = rows;
    if (first === undefined || second === undefined) throw new Error('the log of the test makes no such rows');
    await store.batch([{ kind: 'put', key: first[0], value: second[1] }]);
    const host = await open(store);
    await expect(host.run(({ namespace }) => namespace.file(ROOT_FILE_ID))).rejects.toMatchObject({ code: 'VIEW_DAMAGED' });
  });

  test('is mended by dropping the rows and replaying the log; nobody reads them meanwhile', async () => {
    const { store } = await stored();
    const [key, value] = await firstRow(store, 5, 1);
    await store.batch([{ kind: 'put', key, value: flipped(value, 9) }]);
    const host = await open(store);
    await host.reset();
    expect(host.position().sequence).toBe(0);
    await expect(host.run(({ namespace }) => namespace.file(ROOT_FILE_ID))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await host.apply(events);
    host.resume();
    expect(await host.run(({ namespace }) => namespace.file(ROOT_FILE_ID)?.kind)).toBe('directory');
    const twin = await openHost();
    await twin.apply(events);
    expect(await stateHashes(host)).toEqual(await stateHashes(twin));
    expect(differing(await compared(store))).toEqual([]);
  });

  test('that lost rows or a whole batch silently is found by a verification', async () => {
    const { store } = await stored();
    expect((await (await open(store)).verify()).every(({ whole }) => whole)).toBe(true);
    const [key] = await firstRow(store, 8, 1);
    await store.batch([{ kind: 'delete', key }]);
    const host = await open(store);
    const found = await host.verify();
    expect(found.filter(({ whole }) => !whole).map(({ name }) => name)).toEqual(['placement']);
    expect(host.doubtful()).toBe(true);
    expect((await open(store)).dropped).toHaveLength(1);
  });

  test('of the position, or rows without one, or of a resident row, drops the rows', async () => {
    const keys = new StoredKeys(ALICE);
    const damages: readonly ((store: KeyValueStore) => Promise<void>)[] = [
      (store) => store.batch([{ kind: 'delete', key: keys.state }]),
      (store) => store.batch([{ kind: 'put', key: keys.state, value: fromHex('0011223344') ?? new Uint8Array() }]),
      async (store) => {
        const [key, value] = await firstRow(store, 4, 1);
        await store.batch([{ kind: 'put', key, value: flipped(value, 5) }]);
      },
    ];
    for (const damage of damages) {
      const { store } = await stored();
      await damage(store);
      const host = await open(store);
      expect(host.dropped.map(({ origin }) => origin)).toEqual([ALICE]);
      expect(host.position().sequence).toBe(0);
      await host.apply(events);
      await host.flush();
      expect(differing(await compared(store))).toEqual([]);
    }
  });

  test('of whatever bit of whatever value is never a wrong comparison', async () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { stores, store } = await stored();
      await store.close();
      stores.flipValue('/views');
      const again = await stores.open('/views', 'open');
      const host = await open(again);
      if (host.dropped.length > 0) continue;
      const found = await host.verify();
      expect(found.flatMap(({ damagedRows }) => damagedRows)).toHaveLength(1);
    }
  });
});
