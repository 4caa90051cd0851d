import { open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '../base/index.js';
import { FileSystemError, type KeyValueStore, type KeyValueStores } from '../ports/index.js';
import { errnoOf } from './file-system-failure.js';
import { LevelKeyValueStore, levelFailure } from './level-key-value-store.js';

const ENCODINGS = { keyEncoding: 'view', valueEncoding: 'view' } as const;
const BOUNDS = {
  compression: false,
  cacheSize: LIMITS.keyValueCacheBytes,
  writeBufferSize: LIMITS.keyValueWriteBufferBytes,
  maxOpenFiles: LIMITS.keyValueOpenFiles,
} as const;

/** LevelDB ends the whole process at some damage. Whoever watches over it starts it again: after so many times it is not tried any more. */
const DEATHS_MAX = 2;

/** Grows by a byte with each opening, and is gone when one has come to an end. */
const markOf = (path: string): string => join(path, 'OPENING');

/**
 * LevelDB stores, one folder each. Every failure is a FileSystemError: ENOENT and EEXIST as the port says, EBUSY where
 * another opener holds the store, EIO where its files are damaged or where opening it has ended the process again and again.
 */
export class LevelKeyValueStores implements KeyValueStores {
  async open(path: string, mode: 'create' | 'open'): Promise<KeyValueStore> {
    const create = mode === 'create';
    // LevelDB would take what a lost CURRENT leaves behind for rubbish and delete it: only an empty folder is a new store.
    if (create && !(await isEmptyFolder(path))) throw new FileSystemError('EEXIST', 'create store', path);
    if (!create && !(await exists(join(path, 'CURRENT')))) throw new FileSystemError('ENOENT', 'open store', path);
    // Loaded here: native code that most commands never need.
    const { ClassicLevel } = await import('classic-level');
    const options = { ...ENCODINGS, ...BOUNDS, createIfMissing: create, errorIfExists: create };
    // Before the database is made, which opens itself at the next tick.
    if (!create) await markOpening(path);
    const database = new ClassicLevel<Uint8Array, Uint8Array>(path, options);
    try {
      await database.open();
    } catch (error) {
      await rm(markOf(path), { force: true });
      throw levelFailure(`${mode} store`, path, error);
    }
    try {
      await rm(markOf(path), { force: true });
    } catch (error) {
      await database.close();
      throw levelFailure('open store', path, error);
    }
    return new LevelKeyValueStore(path, database);
  }

  /** Also where there is none. Leaves the folder, with ENOTEMPTY, if it holds files that are not LevelDB's. */
  async destroy(path: string): Promise<void> {
    try {
      const { ClassicLevel } = await import('classic-level');
      await rm(markOf(path), { force: true });
      await ClassicLevel.destroy(path);
      if (await exists(path)) await rmdir(path);
    } catch (error) {
      throw levelFailure('destroy store', path, error);
    }
  }
}

/** Only the death of the process is counted, so the mark need not outlive a power cut. */
async function markOpening(path: string): Promise<void> {
  try {
    const mark = await open(markOf(path), 'a', 0o600);
    try {
      await mark.write('.');
      if ((await mark.stat()).size <= DEATHS_MAX) return;
    } finally {
      await mark.close();
    }
  } catch (error) {
    throw levelFailure('open store', path, error);
  }
  throw new FileSystemError('EIO', 'open store', path, new Error('Opening this store has ended the process each time.'));
}

async function isEmptyFolder(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true;
    throw levelFailure('create store', path, error);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw levelFailure('open store', path, error);
  }
}
