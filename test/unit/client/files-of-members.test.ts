import { describe, expect, it } from 'vitest';
import { CollectiveError } from '../../../src/base/index.js';
import { filesOfMembers } from '../../../src/client/calls/files-of-members.js';
import { createClient, FilesServiceDefinition, type RpcChannel, type RpcClient } from '../../../src/transport/index.js';

type Files = RpcClient<typeof FilesServiceDefinition>;

const NO_CALLS: RpcChannel = {
  open: () => {
    throw new Error('nobody was to be called');
  },
  close: () => undefined,
};
const nobody: Files = createClient(FilesServiceDefinition, NO_CALLS);
const options = { signal: new AbortController().signal };
const moving = (fromPath: string, toPath: string) => ({ requestId: 'r', fromPath, toPath, replace: false });

/** Trees that say what they were asked, and whose. */
function trees() {
  const asked: string[] = [];
  const opened: string[] = [];
  const tree = (name: string): Files => ({
    ...nobody,
    moveEntry: (request) => {
      asked.push(`${name}: move ${request.fromPath} ${request.toPath}`);
      return Promise.resolve({ entry: undefined });
    },
    makeDirectories: (request) => {
      asked.push(`${name}: make ${request.directories.map(({ path }) => path).join(' ')}`);
      const failure = { code: 'NOT_FOUND', message: 'There is no /photos here.', next: 'Make /photos first.' };
      return Promise.resolve({ outcomes: [{ fileId: '', failure }] });
    },
    stat: (request) => {
      asked.push(`${name}: stat ${request.path}`);
      const details = { path: request.path };
      return Promise.reject(new CollectiveError('NOT_FOUND', `There is no ${request.path} here.`, { details }));
    },
    openUpload: (request) => {
      asked.push(`${name}: open ${request.path ?? 'without a path'}`);
      return Promise.resolve({ uploadId: `upload-of-${name}`, expiresMs: 0, copies: 1, spread: '', minimumCopies: 1 });
    },
    closeUpload: (request) => {
      asked.push(`${name}: close ${request.uploadId}`);
      return Promise.resolve({});
    },
  });
  const files = filesOfMembers(tree('own'), (member) => {
    opened.push(member);
    return tree(member);
  });
  return { asked, opened, files };
}

describe('the trees of all members as one', () => {
  it('ask the member that the paths name, without its name, and go to each by one way', async () => {
    const { asked, opened, files } = trees();
    await files.moveEntry(moving('/a', '/b:/c'), options);
    await files.moveEntry(moving('bob:/a', 'bob:/b'), options);
    await files.moveEntry(moving('bob:/c', 'bob:/d'), options);
    expect(asked).toEqual(['own: move /a /b:/c', 'bob: move /a /b', 'bob: move /c /d']);
    expect(opened).toEqual(['bob']);
  });

  it('ask nobody where one request names several members', async () => {
    const { asked, files } = trees();
    for (const [from, to] of [
      ['bob:/a', '/a'],
      ['/a', 'bob:/a'],
      ['bob:/a', 'carol:/a'],
    ] as const) {
      await expect(files.moveEntry(moving(from, to), options)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
    expect(asked).toEqual([]);
  });

  it('name the member in what its tree refuses', async () => {
    const { files } = trees();
    await expect(files.stat({ path: 'bob:/photos' }, options)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'There is no bob:/photos here.',
      details: { member: 'bob', path: 'bob:/photos' },
    });
    await expect(files.stat({ path: '/photos' }, options)).rejects.toMatchObject({ details: { path: '/photos' } });
    const directory = { mode: 0o755, modified: undefined, makeParents: false, existOk: false };
    const made = await files.makeDirectories({ requestId: 'r', directories: [{ ...directory, path: 'bob:/photos/x' }] }, options);
    expect(made.outcomes[0]?.failure).toMatchObject({
      message: 'There is no bob:/photos here.',
      next: 'Make bob:/photos first.',
    });
  });

  it('ask the member about an upload in whose tree it was opened, until it is closed', async () => {
    const { asked, files } = trees();
    const { uploadId } = await files.openUpload({ requestId: 'r', copies: 0, expectedBytes: 1, path: 'bob:/photos/x' }, options);
    await files.closeUpload({ requestId: 'r', uploadId, abandoned: false }, options);
    await files.closeUpload({ requestId: 'r', uploadId, abandoned: false }, options);
    expect(asked).toEqual(['bob: open /photos/x', 'bob: close upload-of-bob', 'own: close upload-of-bob']);
  });
});
