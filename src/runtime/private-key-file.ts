import { constants, type Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CollectiveError, LIMITS } from '../base/index.js';
import { attempt, errnoOf } from './file-system-failure.js';

const OTHERS = 0o077;

/**
 * The text of a file that holds a secret, refused unless only this user can reach it: a plain file of its own with mode 0600
 * or less, in a folder of its own with mode 0700 or less. Checked on the open file, so that nothing changes in between.
 * Errors: KEY_FILE_UNSAFE, NOT_FOUND, LIMIT_EXCEEDED, FileSystemErrors.
 */
export function readPrivateKeyFile(path: string): Promise<string> {
  return attempt('read', path, async () => {
    const handle = await openOwn(path);
    try {
      const found = await handle.stat();
      if (!found.isFile()) throw unsafe(path, `${path} is not a plain file.`, 'Put the key into a plain file.');
      checkOwner(path, found);
      checkMode(path, found, '600');
      const folder = dirname(path);
      const around = await stat(folder);
      checkOwner(folder, around);
      checkMode(folder, around, '700');
      if (found.size > LIMITS.configFileBytes) {
        throw new CollectiveError('LIMIT_EXCEEDED', `${path} has ${found.size} bytes, more than ${LIMITS.configFileBytes}.`);
      }
      return await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  });
}

async function openOwn(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ELOOP') throw unsafe(path, `${path} is a symbolic link.`, 'Put the key itself there.');
    if (errnoOf(error) === 'ENOENT')
      throw new CollectiveError('NOT_FOUND', `There is no ${path}.`, { details: { path }, cause: error });
    throw error;
  }
}

function checkOwner(path: string, found: Stats): void {
  const user = process.geteuid?.();
  if (user === undefined || found.uid === user) return;
  throw unsafe(path, `${path} belongs to another user (uid ${found.uid}).`, `Run: chown ${user} ${quoted(path)}`);
}

function checkMode(path: string, found: Stats, wanted: string): void {
  if ((found.mode & OTHERS) === 0) return;
  const mode = (found.mode & 0o777).toString(8);
  throw unsafe(path, `Others can reach ${path} (mode ${mode}).`, `Run: chmod ${wanted} ${quoted(path)}`);
}

const unsafe = (path: string, message: string, next: string): CollectiveError =>
  new CollectiveError('KEY_FILE_UNSAFE', message, { next, details: { path } });

const quoted = (path: string): string => (/^[A-Za-z0-9_./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`);
