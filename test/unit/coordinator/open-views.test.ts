import { describe, expect, test } from 'vitest';
import { ROOT_FILE_ID } from '../../../src/base/index.js';
import { openViews, type OpenedViews } from '../../../src/coordinator/log/open-views.js';
import type { EventLog } from '../../../src/events/index.js';
import { SystemTimers } from '../../../src/runtime/index.js';
import { SeededRandom, SimFileSystem, SimKeyValueStores } from '../../simulation/ports/index.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { hasher, originOf } from '../../support/events.js';
import { commitBlock, foundedLog } from '../../support/logs.js';
import { AT } from '../projections/support.js';

const PATH = '/views';
const MARKER = '/views.opening';
const { signal } = new AbortController();
const NAMES = Array.from({ length: 20 }, (_, index) => `${Math.floor(index / 5)}-${index % 5}`);

/** A closed view database, of which every batch holds rows that the log made, and its log. */
class Member {
  readonly disk: SimFileSystem;
  readonly stores: SimKeyValueStores;
  readonly #log: EventLog;

  private constructor(disk: SimFileSystem, stores: SimKeyValueStores, log: EventLog) {
    this.disk = disk;
    this.stores = stores;
    this.#log = log;
  }

  static async make(seed: number): Promise<Member> {
    const disk = new SimFileSystem({ random: new SeededRandom(seed) });
    const log = await foundedLog(disk, '');
    const member = new Member(disk, new SimKeyValueStores(new SeededRandom(seed)), log);
    const store = await member.stores.open(PATH, 'create');
    await store.close();
    for (let batch = 0; batch < 2; batch += 1) {
      const names = NAMES.slice(10 * batch, 10 * batch + 10);
      await commitBlock(
        log,
        names.map((name) => ({ type: 'DirectoryCreated', parentId: ROOT_FILE_ID, name, mode: 0o755, modified: AT })),
      );
      const { views } = await member.open();
      await views.close();
    }
    return member;
  }

  open(): Promise<OpenedViews> {
    const ports = { fileSystem: this.disk, stores: this.stores, hasher, logger: silentLogger, timers: new SystemTimers() };
    return openViews({ path: PATH, origin: originOf(1), ports, signal }, this.#log);
  }

  /** What everybody sees after a start, and what that start had to say. */
  async seen(): Promise<{ readonly names: readonly string[]; readonly notices: readonly string[] }> {
    const { views, notices } = await this.open();
    const names = await views.run(({ namespace }) =>
      namespace.entries(ROOT_FILE_ID, undefined, 100).rows.map(([[, name]]) => name),
    );
    await views.close();
    return { names, notices };
  }

  /** A try to open the database that ended with the process. */
  async dieWhileOpening(): Promise<void> {
    const tries = await this.disk.stat(MARKER).then(
      ({ bytes }) => bytes,
      () => undefined,
    );
    const handle = await this.disk.open(MARKER, tries === undefined ? 'create-new' : 'read-write');
    await handle.write(Uint8Array.of(1), tries ?? 0);
    await handle.close();
  }
}

describe('a start', () => {
  test('with whole views says nothing', async () => {
    const member = await Member.make(1);
    expect(await member.seen()).toEqual({ names: NAMES, notices: [] });
  });

  test('shows everything although the database silently lost any one batch', async () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const member = await Member.make(seed);
      member.stores.dropBatch(PATH);
      const { names, notices } = await member.seen();
      expect(names).toEqual(NAMES);
      expect(await member.seen()).toEqual({ names: NAMES, notices: [] });
      expect(notices.length).toBeLessThanOrEqual(1);
    }
  });

  test('shows everything although any one value changed, and says what was mended', async () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const member = await Member.make(seed);
      member.stores.flipValue(PATH);
      const { names, notices } = await member.seen();
      expect(names).toEqual(NAMES);
      expect(notices.join()).toMatch(/rebuilt from the log/);
      expect(await member.seen()).toEqual({ names: NAMES, notices: [] });
    }
  });

  test('rebuilds a database that cannot be opened', async () => {
    const member = await Member.make(1);
    member.stores.loseCurrent(PATH);
    const { names, notices } = await member.seen();
    expect(names).toEqual(NAMES);
    expect(notices).toEqual([expect.stringMatching(/^The view database was damaged \(it cannot be read: .*ENOENT\)/)]);
  });

  test('rebuilds a database whose reading fails', async () => {
    const member = await Member.make(1);
    member.stores.abortOnRead(PATH, 3);
    expect((await member.seen()).names).toEqual(NAMES);
  });

  test('tries a database that ended the process once more, and then rebuilds it', async () => {
    const member = await Member.make(1);
    await member.dieWhileOpening();
    expect(await member.seen()).toEqual({ names: NAMES, notices: [] });
    await member.dieWhileOpening();
    await member.dieWhileOpening();
    const { names, notices } = await member.seen();
    expect(names).toEqual(NAMES);
    expect(notices).toEqual([
      'The view database was damaged (the coordinator died while it read it) and has been rebuilt from the log.',
    ]);
    expect(await member.seen()).toEqual({ names: NAMES, notices: [] });
  });
});
