import { spawn, spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LevelKeyValueStores } from '../../../src/runtime/index.js';
import { failureOf, told } from '../../support/failures.js';
import { holdRules } from '../../support/rules.js';
import { SimKeyValueStores } from '../../simulation/ports/index.js';
import { keyValueFaultRules } from './fault-rules.js';
import { keyValueRules, put, values, type StoresSubject } from './rules.js';

const inTemporaryFolder = async (body: (subject: StoresSubject) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'collective-stores-'));
  try {
    await body({ stores: new LevelKeyValueStores(), path: join(folder, 'store') });
  } finally {
    await rm(folder, { recursive: true });
  }
};

describe('LevelDB stores', () => {
  holdRules(keyValueRules, inTemporaryFolder);

  it('a batch without sync survives the death of the process, whole', () =>
    inTemporaryFolder(async ({ stores, path }) => {
      const writer = fileURLToPath(new URL('writer-process.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', writer, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      let acknowledged = -1;
      for await (const line of createInterface({ input: child.stdout })) {
        acknowledged = Number(line);
        if (acknowledged === 100) child.kill('SIGKILL');
      }
      const store = await stores.open(path, 'open');
      const numbers = Array.from({ length: acknowledged + 1 }, (_, number) => number);
      const found = await values(store, ...numbers.flatMap((number) => [`first-${number}`, `second-${number}`]));
      expect(acknowledged).toBeGreaterThanOrEqual(100);
      expect(found.filter((value) => value === undefined)).toEqual([]);
      const [first, second] = await values(store, `first-${acknowledged + 1}`, `second-${acknowledged + 1}`);
      expect(first === undefined).toBe(second === undefined);
      await store.close();
    }));

  it('a store that ends the process at every opening is damaged at the third, and can be made anew', () =>
    inTemporaryFolder(async ({ stores, path }) => {
      const store = await stores.open(path, 'create');
      await store.batch([put('a', '1')], { sync: true });
      await store.close();
      const log = (await readdir(path)).find((name) => /^[0-9]+\.log$/.test(name)) ?? '';
      // Two rows of one number: LevelDB asserts that there are none.
      await appendFile(join(path, log), await readFile(join(path, log)));
      const opener = fileURLToPath(new URL('opener-process.ts', import.meta.url));
      for (const time of ['first', 'second']) {
        const { signal } = spawnSync(process.execPath, ['--import', 'tsx', opener, path]);
        expect(`${time}: ${signal}`).toBe(`${time}: SIGABRT`);
      }
      expect(told(await failureOf(stores.open(path, 'open')))).toMatch(/^EIO:/);
      await stores.destroy(path);
      await (await stores.open(path, 'create')).close();
      await (await stores.open(path, 'open')).close();
    }));

  it('a store whose CURRENT is lost is an error in both modes, and what it held is not deleted', () =>
    inTemporaryFolder(async ({ stores, path }) => {
      const store = await stores.open(path, 'create');
      await store.batch([put('a', '1')], { sync: true });
      await store.close();
      await rename(join(path, 'CURRENT'), `${path}-CURRENT`);
      const before = await readdir(path);
      expect(told(await failureOf(stores.open(path, 'open')))).toMatch(/^ENOENT:/);
      expect(told(await failureOf(stores.open(path, 'create')))).toMatch(/^EEXIST:/);
      expect(await readdir(path)).toEqual(before);
      await rename(`${path}-CURRENT`, join(path, 'CURRENT'));
      const again = await stores.open(path, 'open');
      expect(await values(again, 'a')).toEqual(['1']);
      await again.close();
    }));

  it('a store whose CURRENT is rubbish is an I/O error, and can be destroyed', () =>
    inTemporaryFolder(async ({ stores, path }) => {
      await (await stores.open(path, 'create')).close();
      await writeFile(join(path, 'CURRENT'), 'rubbish');
      expect(told(await failureOf(stores.open(path, 'open')))).toMatch(/^EIO:/);
      await stores.destroy(path);
      await (await stores.open(path, 'create')).close();
    }));

  it('destroy leaves a folder that holds files of others, and says so', () =>
    inTemporaryFolder(async ({ stores, path }) => {
      await (await stores.open(path, 'create')).close();
      await writeFile(join(path, 'photo.jpg'), 'mine');
      expect(told(await failureOf(stores.destroy(path)))).toMatch(/^ENOTEMPTY:/);
      expect(await readdir(path)).toEqual(['photo.jpg']);
    }));
});

describe('simulated stores', () => {
  holdRules(keyValueRules, (body) => body({ stores: new SimKeyValueStores(), path: '/store' }));
});

describe("simulated stores with LevelDB's faults", () => {
  holdRules(keyValueFaultRules, (body) => body());
});
