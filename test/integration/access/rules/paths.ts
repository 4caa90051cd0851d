import { describe, expect, it } from 'vitest';
import type { Besieged } from '../support/besieged.js';
import { codeOf, onlyOutcome, PATH_CALLS, requestFields, requestId } from '../support/requests.js';

const signal = new AbortController().signal;

/** Restoring to no path is to where it was, and there it stands; grants at no path are all; an upload may be for no one place. */
const WITHOUT_PATH: Readonly<Record<string, string>> = {
  'RestoreEntryRequest.to_path': 'ALREADY_EXISTS',
  'ListGrantsRequest.path': 'OK',
  'OpenUploadRequest.path': 'NOT_ENOUGH_NODES',
};

export function pathRules(at: Besieged): void {
  describe('paths that are none', () => {
    it('are tried with every request that takes a path', () => {
      expect(Object.keys(PATH_CALLS).sort()).toEqual([...requestFields(/(^|_)path$/)].sort());
    });

    it.each<[string, string, string]>([
      ['nothing', '', 'PATH_INVALID'],
      ['a relative one', 'photos/a.jpg', 'PATH_INVALID'],
      ['one of this machine', 'C:\\photos', 'PATH_INVALID'],
      ['a parent at the beginning', '../etc/passwd', 'PATH_INVALID'],
      ['a parent', '/there/../../etc/passwd', 'NAME_INVALID'],
      ['a parent at the end', '/there/..', 'NAME_INVALID'],
      ['the same folder', '/there/.', 'NAME_INVALID'],
      ['a NUL', '/there/a\0.jpg', 'NAME_INVALID'],
      ['a name of 300 bytes', `/${'n'.repeat(300)}`, 'NAME_INVALID'],
      ['a name of 256 bytes in 128 letters', `/${'é'.repeat(128)}`, 'NAME_INVALID'],
      ['a name of 300,000 bytes', `/${'n'.repeat(300_000)}`, 'NAME_INVALID'],
      ['300 levels', '/d'.repeat(300), 'LIMIT_EXCEEDED'],
      ['250,000 levels', '/d'.repeat(250_000), 'LIMIT_EXCEEDED'],
      ["another member's tree", 'bob:/photos', 'UNSUPPORTED'],
      ['a member of a thousand letters', `${'b'.repeat(1000)}:/photos`, 'PATH_INVALID'],
      ['a URL', 'https://example.org/photos', 'UNSUPPORTED'],
    ])('%s', async (_what, path, code) => {
      const before = await at.head();
      const codes = await Promise.all(
        Object.entries(PATH_CALLS).map(async ([field, call]) => [field, await call(at.client, path, at.uploadId)]),
      );
      const wanted = (field: string): string => (path === '' ? (WITHOUT_PATH[field] ?? code) : code);
      expect(Object.fromEntries(codes)).toEqual(
        Object.fromEntries(Object.keys(PATH_CALLS).map((field) => [field, wanted(field)])),
      );
      expect(await at.head()).toBe(before);
    });

    it('the root is never replaced, moved or removed, and its reserved name never made', async () => {
      const changing = Object.entries(PATH_CALLS).filter(
        ([field]) =>
          !/^(DamagedCopy|Stat|List|Find|Locate|ReadTarget|Attribute|GiveGrant|OpenUpload|SetPolicy|ShowPolicy)/.test(field),
      );
      for (const [field, call] of changing) {
        expect([field, await call(at.client, '/', at.uploadId)]).toEqual([
          field,
          expect.stringMatching(/INVALID|EXISTS|IS_A_DIRECTORY/),
        ]);
        if (/from_path|Remove|Purge|Restore/.test(field)) continue;
        expect([field, await call(at.client, '/.collective', at.uploadId)]).toEqual([field, 'NAME_INVALID']);
      }
      const { files } = at.client;
      await files.makeDirectories(
        {
          requestId: requestId(),
          directories: [{ path: '/gone', mode: 0o755, modified: undefined, makeParents: false, existOk: false }],
        },
        { signal },
      );
      await files.removeEntry({ requestId: requestId(), path: '/gone', recursive: true }, { signal });
      const back = { path: '/gone', fileId: '', version: 0, atMs: 0, toPath: '/.collective', overwrite: false };
      expect(await codeOf(files.restoreEntry({ requestId: requestId(), ...back }, { signal }))).toBe('NAME_INVALID');
    });

    it('targets of symlinks that no system could hold', async () => {
      const make = (target: string): Promise<string> =>
        onlyOutcome(
          at.client.files.makeSymlinks(
            { requestId: requestId(), symlinks: [{ path: '/link', target, modified: undefined, replace: false }] },
            { signal },
          ),
        );
      for (const target of ['', 'a\0b', 'x'.repeat(4096)]) expect(await make(target)).toBe('NAME_INVALID');
      // What it leads to is for whoever follows it to judge: nobody does here.
      expect(await make('../../../../etc/passwd')).toBe('OK');
    });
  });
}
