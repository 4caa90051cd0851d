import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lockDataDirectory } from '../../../src/runtime/index.js';
import { failureOf, told } from '../../support/failures.js';
import { inFolder } from '../../support/folders.js';

const HOLDER = fileURLToPath(new URL('lock-holder-process.ts', import.meta.url));

async function startHolder(folder: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', HOLDER, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

describe('the lock of a data directory', () => {
  it('has one holder, names it, and is free again after release', () =>
    inFolder(async (folder) => {
      const lock = await lockDataDirectory(folder);
      const failure = await failureOf(lockDataDirectory(folder));
      expect(told(failure)).toBe(`ALREADY_RUNNING: Another process (pid ${process.pid}) is using ${folder}.`);
      await lock.release();
      await (await lockDataDirectory(folder)).release();
    }));

  it('keeps other processes out, and is free as soon as its holder was killed', () =>
    inFolder(async (folder) => {
      const holder = await startHolder(folder);
      expect(told(await failureOf(lockDataDirectory(folder)))).toContain(`(pid ${holder.pid})`);
      const gone = once(holder, 'exit');
      holder.kill('SIGKILL');
      await gone;
      await (await lockDataDirectory(folder)).release();
    }));

  it('of many that want it at once, one gets it', () =>
    inFolder(async (folder) => {
      const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => lockDataDirectory(folder)));
      const locks = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      expect(locks).toHaveLength(1);
      for (const lock of locks) await lock.release();
    }));

  it('is taken whatever a power loss did to its files', () =>
    inFolder(async (folder) => {
      await (await lockDataDirectory(folder)).release();
      const files = (name: string): string => join(folder, 'lock', name);
      await truncate(files('CURRENT'), 0);
      await (await lockDataDirectory(folder)).release();
      for (const name of await readdir(join(folder, 'lock')))
        if (name.startsWith('MANIFEST')) await writeFile(files(name), 'rubbish');
      const lock = await lockDataDirectory(folder);
      expect(told(await failureOf(lockDataDirectory(folder)))).toMatch(/^ALREADY_RUNNING:/);
      await lock.release();
    }));

  it('of a folder that does not exist is refused', () =>
    inFolder(async (folder) => {
      expect(told(await failureOf(lockDataDirectory(join(folder, 'none'))))).toMatch(/^ENOENT:/);
    }));
});
