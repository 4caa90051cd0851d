import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClassicLevel } from 'classic-level';
import { CollectiveError } from '../base/index.js';
import { attempt, errnoOf } from './file-system-failure.js';
import { levelFailure } from './level-key-value-store.js';

export interface DataDirectoryLock {
  release(): Promise<void>;
}

const SMALLEST = { createIfMissing: true, cacheSize: 1024, writeBufferSize: 64 * 1024, maxOpenFiles: 8 } as const;

/**
 * Makes this process the only user of a data directory (which must exist) until release or death, however it dies. Node
 * offers no file lock, LevelDB takes one (fcntl, so the kernel gives it back): an empty database `lock` is opened and held.
 * Error: ALREADY_RUNNING.
 */
export async function lockDataDirectory(path: string): Promise<DataDirectoryLock> {
  const folder = join(path, 'lock');
  const holder = join(path, 'lock-holder');
  await attempt('lock', folder, async () => {
    try {
      await mkdir(folder, { mode: 0o700 });
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  });
  const database = await openOrRebuild(path, folder, holder);
  await attempt('lock', holder, () => writeFile(holder, `${process.pid}\n`, { mode: 0o600 }));
  return { release: () => database.close() };
}

async function openOrRebuild(path: string, folder: string, holder: string): Promise<ClassicLevel> {
  const { ClassicLevel: Level } = await import('classic-level');
  const openOnce = async (): Promise<ClassicLevel> => {
    const database = new Level(folder, SMALLEST);
    await database.open();
    return database;
  };
  try {
    return await openOnce();
  } catch (error) {
    if (levelFailure('lock', folder, error).errno === 'EBUSY') throw await alreadyRunning(path, holder, error);
  }
  // Nothing is kept in it: whatever a power loss did to its files, a new one is as good. Destroying takes the lock too.
  try {
    await Level.destroy(folder);
    return await openOnce();
  } catch (error) {
    const failure = levelFailure('lock', folder, error);
    throw failure.errno === 'EBUSY' ? await alreadyRunning(path, holder, error) : failure;
  }
}

async function alreadyRunning(path: string, holder: string, cause: unknown): Promise<CollectiveError> {
  const pid = await attempt('read', holder, async () => {
    try {
      return /^[0-9]+$/m.exec(await readFile(holder, 'utf8'))?.[0];
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
  return new CollectiveError('ALREADY_RUNNING', `Another process${pid === undefined ? '' : ` (pid ${pid})`} is using ${path}.`, {
    next: pid === undefined ? 'Use that one, or stop it first.' : `Use that one, or stop it first: kill ${pid}`,
    details: pid === undefined ? { path } : { path, pid: Number(pid) },
    cause,
  });
}
