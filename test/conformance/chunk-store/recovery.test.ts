import { describe, expect, it } from 'vitest';
import type { ChunkEntry, ChunkStore } from '../../../src/chunks/index.js';
import { SimFileSystem, SimKeyValueStores } from '../../simulation/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import {
  ALICE,
  BOB,
  bytesOf,
  commit,
  hold,
  never,
  OTHER_UPLOAD,
  put,
  read,
  StoreFixture,
  type StoreSettings,
} from './fixture.js';

interface Sim {
  readonly fixture: StoreFixture;
  readonly disk: SimFileSystem;
  readonly rows: SimKeyValueStores;
}

async function simulated(settings: StoreSettings = {}): Promise<Sim> {
  const disk = new SimFileSystem();
  await disk.makeDirectory('/store');
  await disk.syncDirectory('/');
  const rows = new SimKeyValueStores();
  const fixture = new StoreFixture('/store', disk, rows, settings);
  await fixture.create();
  return { fixture, disk, rows };
}

const CONTENTS = [
  ...Array.from({ length: 6 }, (_, seed) => bytesOf(2000 + seed, seed)),
  bytesOf(70_000, 90),
  bytesOf(80_000, 91),
];

/** Six groups in the journal, so that there is something in the middle. */
async function holdOneByOne(store: ChunkStore): Promise<readonly ChunkEntry[]> {
  const entries: ChunkEntry[] = [];
  for (const bytes of CONTENTS) entries.push(...(await hold(store, [bytes])));
  return entries;
}

async function expectAll(store: ChunkStore, entries: readonly ChunkEntry[]): Promise<void> {
  expect(await store.held(ALICE, OTHER_UPLOAD, entries)).toEqual(entries.map(() => true));
  for (const [at, { chunkId }] of entries.entries()) {
    expect(Buffer.compare(await read(store, chunkId), CONTENTS[at] ?? new Uint8Array(0))).toBe(0);
  }
}

/** Lets everything that the store does in the background after a start happen. */
const afterMaintenance = (fixture: StoreFixture): Promise<void> => fixture.time.advance(3_600_000);

describe('an index in doubt', () => {
  const faults: readonly (readonly [string, (rows: SimKeyValueStores) => void])[] = [
    ['a batch that silently never was', (rows) => rows.dropBatch('/store/index')],
    ['a flipped bit in a row', (rows) => rows.flipValue('/store/index')],
    ['a lost CURRENT file', (rows) => rows.loseCurrent('/store/index')],
  ];

  it.each(faults)('is rebuilt from the journal: %s', async (_title, damage) => {
    const { fixture, rows } = await simulated();
    const entries = await holdOneByOne(await fixture.open());
    for (let round = 0; round < 5; round += 1) {
      await fixture.close();
      damage(rows);
      const store = await fixture.open();
      await afterMaintenance(fixture);
      await expectAll(store, entries);
      expect(await store.status()).toMatchObject({ chunks: entries.length, holds: entries.length, journalDamage: [] });
    }
  });

  it('is rebuilt when it is found out in the middle of the work', async () => {
    const { fixture, rows } = await simulated();
    const entries = await holdOneByOne(await fixture.open());
    for (let round = 0; round < 8; round += 1) {
      await fixture.close();
      rows.flipValue('/store/index');
      const store = await fixture.open();
      const more = await hold(store, [bytesOf(100, 200 + round)]);
      await expectAll(store, entries);
      expect(await store.held(ALICE, OTHER_UPLOAD, more)).toEqual([true]);
    }
  });
});

describe('a damaged journal', () => {
  it('costs no hold while the index is whole, and none when it is gone: the bytes are taken back in', async () => {
    const { fixture } = await simulated();
    const entries = await holdOneByOne(await fixture.open());
    await hold(await fixture.reopen(), [bytesOf(500, 300)], { origin: BOB });
    // The third and the seventh group: a chunk in a pack, and one in a file.
    await fixture.alter('/store/journal/00000001.journal', 3 * 4096 + 60);
    await fixture.alter('/store/journal/00000001.journal', 7 * 4096 + 10);
    await expectAll(await fixture.reopen(), entries);
    await fixture.close();
    await fixture.keyValueStores.destroy('/store/index');
    const store = await fixture.open();
    expect((await store.status()).journalDamage).toHaveLength(2);
    expect(await store.held(ALICE, OTHER_UPLOAD, entries)).toContain(false);
    await afterMaintenance(fixture);
    await expectAll(store, entries);
    expect(await store.status()).toMatchObject({ chunks: entries.length + 1, holds: entries.length + 1 });
    await expectAll(await fixture.reopen(), entries);
  });

  it('does not get its orphans swept when the store stops before they were taken back in', async () => {
    const { fixture } = await simulated();
    const entries = await holdOneByOne(await fixture.open());
    await fixture.alter('/store/journal/00000001.journal', 7 * 4096 + 10);
    await fixture.close();
    await fixture.keyValueStores.destroy('/store/index');
    await fixture.open();
    const store = await fixture.reopen();
    await afterMaintenance(fixture);
    await expectAll(store, entries);
  });

  it('that lost its end, or a whole segment, is noticed, and appended to behind the gap', async () => {
    for (const lose of ['end', 'segment'] as const) {
      const { fixture } = await simulated({ journalSegmentBytes: 4 * 4096 });
      const entries = await holdOneByOne(await fixture.open());
      await fixture.close();
      if (lose === 'end') await fixture.truncate('/store/journal/00000003.journal', 2 * 4096);
      else await fixture.fileSystem.unlink('/store/journal/00000003.journal');
      const store = await fixture.open();
      expect((await store.status()).journalDamage).toHaveLength(1);
      await expectAll(store, entries);
      const more = await hold(store, [bytesOf(100, 400)]);
      const again = await fixture.reopen();
      expect(await again.held(ALICE, OTHER_UPLOAD, more)).toEqual([true]);
      await fixture.close();
      await fixture.keyValueStores.destroy('/store/index');
      const rebuilt = await fixture.open();
      await afterMaintenance(fixture);
      await expectAll(rebuilt, entries);
      expect(await rebuilt.held(ALICE, OTHER_UPLOAD, more)).toEqual([true]);
    }
  });
});

describe('what puts left behind', () => {
  it('is cleared away in the background; what is held or on its way is not', async () => {
    const { fixture, disk } = await simulated();
    const store = await fixture.open();
    const abandoned = await put(store, bytesOf(100_000, 1));
    const [kept] = await hold(store, [bytesOf(100_000, 2)]);
    const temporary = await disk.open('/store/temporary/99', 'create-new');
    await temporary.close();
    const again = await fixture.reopen();
    expect(await disk.readDirectory('/store/temporary')).toEqual([]);
    const onItsWay = await put(again, bytesOf(100_000, 3));
    await afterMaintenance(fixture);
    const exists = async ({ chunkId }: ChunkEntry): Promise<boolean> => {
      const names = await disk.readDirectory(`/store/chunks/${chunkId.slice(2, 4)}`);
      return names.includes(chunkId);
    };
    expect([await exists(abandoned), kept !== undefined && (await exists(kept)), await exists(onItsWay)]).toEqual([
      false,
      true,
      true,
    ]);
    await commit(again, [onItsWay]);
    await hold(again, [bytesOf(100_000, 1)]);
  });
});

describe('receipts', () => {
  it('asked for at once share their syncs', async () => {
    const { fixture, disk } = await simulated();
    const store = await fixture.open();
    const entries = await Promise.all(CONTENTS.map((bytes) => put(store, bytes)));
    await commit(store, entries.slice(0, 1));
    const before = disk.faults.count('sync');
    await Promise.all(entries.map((entry) => commit(store, [entry])));
    expect(disk.faults.count('sync') - before).toBeLessThanOrEqual(3);
  });

  it('are not given for chunks of a pack that a failed write of another chunk abandoned', async () => {
    const { fixture, disk } = await simulated();
    const store = await fixture.open();
    const written = await put(store, bytesOf(5000, 1));
    disk.faults.plan({ operation: 'write', pathContains: 'packs', errno: 'EIO' });
    expect(told(await failureOf(put(store, bytesOf(5000, 2))))).toMatch(/^NODE_READ_ONLY/);
    expect(await store.check(never)).toBe(true);
    expect(told(await failureOf(commit(store, [written])))).toMatch(/^CHUNK_UNKNOWN/);
    await hold(store, [bytesOf(5000, 1)]);
  });

  it('that were given up by their asker do not hold up others', async () => {
    const { fixture } = await simulated();
    const store = await fixture.open();
    const entries = await Promise.all(CONTENTS.map((bytes) => put(store, bytes)));
    const cancel = new AbortController();
    const given = failureOf(
      store.commit({ origin: ALICE, uploadId: OTHER_UPLOAD, expiresAtMs: 1, chunks: entries }, cancel.signal),
    );
    cancel.abort();
    expect(told(await given)).toMatch(/^CANCELLED/);
    await commit(store, entries);
    await expectAll(store, entries);
  });
});
