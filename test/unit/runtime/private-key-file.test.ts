import { chmod, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isCollectiveError, LIMITS } from '../../../src/base/index.js';
import { readPrivateKeyFile } from '../../../src/runtime/index.js';
import { failureOf, told } from '../../support/failures.js';
import { inFolder } from '../../support/folders.js';

const withKey = (body: (path: string, folder: string) => Promise<void>): Promise<void> =>
  inFolder(async (outer) => {
    const folder = join(outer, "alice's keys");
    await mkdir(folder, { mode: 0o700 });
    const path = join(folder, 'log.key');
    await writeFile(path, 'secret', { mode: 0o600 });
    await body(path, folder);
  });

const nextOf = (failure: unknown): string | undefined => (isCollectiveError(failure) ? failure.next : undefined);

describe('a private key file', () => {
  it('is read when only its owner can reach it', () =>
    withKey(async (path) => {
      expect(await readPrivateKeyFile(path)).toBe('secret');
      await chmod(path, 0o400);
      expect(await readPrivateKeyFile(path)).toBe('secret');
    }));

  it.each([0o640, 0o604, 0o620, 0o601])('with mode %o is refused, with the command that repairs it', (mode) =>
    withKey(async (path) => {
      await chmod(path, mode);
      const failure = await failureOf(readPrivateKeyFile(path));
      expect(told(failure)).toMatch(/^KEY_FILE_UNSAFE: Others can reach /);
      expect(nextOf(failure)).toBe(`Run: chmod 600 '${path.replace("'", String.raw`'\''`)}'`);
    }),
  );

  it('in a folder that others can reach is refused, with the command that repairs it', () =>
    withKey(async (path, folder) => {
      await chmod(folder, 0o750);
      const failure = await failureOf(readPrivateKeyFile(path));
      expect(told(failure)).toMatch(/^KEY_FILE_UNSAFE:/);
      expect(nextOf(failure)).toMatch(/^Run: chmod 700 /);
    }));

  it('that is a symbolic link or no file is refused', () =>
    withKey(async (path, folder) => {
      await symlink(path, join(folder, 'link'));
      expect(told(await failureOf(readPrivateKeyFile(join(folder, 'link'))))).toMatch(/^KEY_FILE_UNSAFE: .*symbolic link/);
      expect(told(await failureOf(readPrivateKeyFile(folder)))).toMatch(/^KEY_FILE_UNSAFE: .*not a plain file/);
    }));

  it('that is missing or huge is refused', () =>
    withKey(async (path, folder) => {
      expect(told(await failureOf(readPrivateKeyFile(join(folder, 'none'))))).toMatch(/^NOT_FOUND:/);
      await truncate(path, LIMITS.configFileBytes + 1);
      expect(told(await failureOf(readPrivateKeyFile(path)))).toMatch(/^LIMIT_EXCEEDED:/);
    }));
});
