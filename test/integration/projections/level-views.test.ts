import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROOT_FILE_ID } from '../../../src/base/index.js';
import type { KeyValueStore } from '../../../src/ports/index.js';
import { compareViews, ViewHost } from '../../../src/projections/index.js';
import { LevelKeyValueStores } from '../../../src/runtime/index.js';
import { sealRow, StoredKeys, unsealRow } from '../../../src/projections/host/stored-row.js';
import { randomLog } from '../../unit/projections/random-log.js';
import { ALICE, Chronicle, CountingStore, founded, hasher, openHost, stateHashes, AT } from '../../unit/projections/support.js';

const stores = new LevelKeyValueStores();
const events = await randomLog(11, 150);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'collective-views-'));
});
afterEach(() => rm(folder, { recursive: true }));

const hostOver = (store: KeyValueStore, sizes: { readonly cacheBytes?: number; readonly dirtyBytes?: number } = {}) =>
  ViewHost.open(store, { origins: [ALICE], hasher, ...sizes });

async function replayed(sequence = events.length): Promise<ViewHost> {
  const host = await openHost();
  expect(await host.apply(events.slice(0, sequence))).toMatchObject({ ok: true });
  return host;
}

test('views in a real store are those of a replay, also when it is closed and opened on the way', async () => {
  const path = join(folder, 'views');
  let host = await hostOver(await stores.open(path, 'create'), { cacheBytes: 30_000, dirtyBytes: 30_000 });
  for (let start = 0; start < events.length; start = host.position().sequence) {
    expect(await host.apply(events.slice(start, start + 40))).toMatchObject({ ok: true });
    if (host.flushDue) await host.flush();
    // Not flushed: what is not stored is replayed.
    if (start % 3 === 0) {
      await host.close();
      host = await hostOver(await stores.open(path, 'open'), { cacheBytes: 30_000, dirtyBytes: 30_000 });
      if (host.position().sequence === start) await host.apply(events.slice(start, start + 40));
      await host.flush();
    }
  }
  expect(await stateHashes(host)).toEqual(await stateHashes(await replayed()));
  expect((await host.verify()).every(({ whole }) => whole)).toBe(true);
  await host.close();
});

test('a live comparison is made while the live views go on, and names a row that was altered behind their back', async () => {
  const host = await hostOver(await stores.open(join(folder, 'views'), 'create'));
  await host.apply(events.slice(0, 100));
  await host.flush();
  await host.close();
  const store = await stores.open(join(folder, 'views'), 'open');
  const keys = new StoredKeys(ALICE);
  const root = keys.of(`${String.fromCharCode(5, 1)}${'\0'.repeat(6)}\x01${'\0'.repeat(6)}\x01`);
  const [value] = await store.getMany([root]);
  const row = value === undefined ? undefined : unsealRow(root, value);
  if (row === undefined) throw new Error(`the root directory ${ROOT_FILE_ID} has another key`);
  await store.batch([
    {
      kind: 'put',
      key: root,
      value: sealRow(
        root,
        row.map((byte, at) => (at === 1 ? byte ^ 1 : byte)),
      ),
    },
  ]);
  const altered = await hostOver(store);
  const live = await altered.snapshot();
  await altered.apply(events.slice(100));
  await altered.flush();
  const twin = await replayed(live.position.sequence);
  const comparison = await compareViews(live, await twin.snapshot());
  await live.close();
  expect(comparison.filter(({ equal }) => !equal).map(({ name, differingRows }) => ({ name, differingRows }))).toEqual([
    { name: 'namespace', differingRows: [`files/${ROOT_FILE_ID} has another content`] },
  ]);
  await altered.close();
});

test('a start reads as little with twenty thousand events behind the cursor as with two hundred', async () => {
  const read: number[] = [];
  for (const count of [200, 20_000]) {
    const path = join(folder, `views-${count}`);
    const host = await hostOver(await stores.open(path, 'create'));
    const log = new Chronicle();
    await host.apply(log.add([founded()]));
    for (let made = 0; made < count; made += 200) {
      const names = Array.from({ length: 200 }, (_, index) => `directory ${made + index}`);
      await host.apply(
        log.add(names.map((name) => ({ type: 'DirectoryCreated', parentId: ROOT_FILE_ID, name, mode: 0o755, modified: AT }))),
      );
      if (host.flushDue) await host.flush();
    }
    await host.flush();
    await host.close();
    const store = new CountingStore(await stores.open(path, 'open'));
    const again = await hostOver(store);
    expect(again.position().sequence).toBe(count + 1);
    read.push(store.rowsRead);
    await again.close();
  }
  expect(read[1]).toBe(read[0]);
});

test('rows can be dropped and built again in place', async () => {
  const host = await hostOver(await stores.open(join(folder, 'views'), 'create'), { dirtyBytes: 50_000 });
  await host.apply(events);
  const before = await stateHashes(host);
  await host.reset();
  expect(host.states().every(({ rows }) => rows === 0)).toBe(true);
  await host.apply(events);
  host.resume();
  expect(await stateHashes(host)).toEqual(before);
  expect((await host.verify()).every(({ whole }) => whole)).toBe(true);
  await host.close();
});
