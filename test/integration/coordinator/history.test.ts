import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';

const signal = new AbortController().signal;
const MODIFIED = { seconds: 1_700_000_000, nanoseconds: 5 };
let coordinator: StartedCoordinator;
let requests = 0;
const requestId = (): string => `history-${(requests += 1)}`;

beforeAll(async () => {
  coordinator = await StartedCoordinator.found();
});

afterAll(async () => {
  await coordinator.remove();
});

async function all<Item>(pages: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

/** Empty files: they need no node. */
async function commit(paths: readonly string[]): Promise<void> {
  const { files } = coordinator;
  const { uploadId } = await files.openUpload({ requestId: requestId(), copies: 2, expectedBytes: 0 }, { signal });
  for (let start = 0; start < paths.length; start += 256) {
    const commits = paths.slice(start, start + 256).map((path) => ({
      path,
      sizeBytes: 0,
      mode: 0o644,
      modified: MODIFIED,
      extentListIds: [],
      extents: [],
      contentType: '',
      makeParents: true,
    }));
    const { outcomes } = await files.commitFiles({ requestId: requestId(), uploadId, files: commits, receipts: [] }, { signal });
    expect(outcomes.filter(({ failure }) => failure !== undefined)).toEqual([]);
  }
}

const remove = (path: string) => coordinator.files.removeEntry({ requestId: requestId(), path, recursive: true }, { signal });

const restored = (path: string) => ({ path, fileId: '', version: 0, atMs: 0, toPath: '', overwrite: false });

describe('the history of a tree', () => {
  it('lists more versions than fit into one page, each once and in order', async () => {
    await commit(Array.from({ length: 600 }, () => '/often'));
    const pages = await all(coordinator.files.listVersions({ path: '/often' }, { signal }));
    const versions = pages.flatMap((page) => page.versions);
    expect(pages.length).toBeGreaterThan(2);
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    expect(versions.filter(({ state }) => state === 'current').map(({ version }) => version)).toEqual([600]);
    expect(new Set(versions.map(({ committedBy }) => committedBy)).size).toBe(1);
    expect(versions[0]?.committedBy).not.toBe('');
  });

  it('lists more deleted things than fit into one page, and walks only where something was deleted', async () => {
    const names = Array.from({ length: 700 }, (_, index) => `/full/of/files/${String(index).padStart(4, '0')}`);
    await commit(names);
    await Promise.all(names.slice(0, 600).map(remove));
    const found = await all(coordinator.files.listDeleted({ path: '/full', recursive: true }, { signal }));
    expect(found.flatMap(({ deleted }) => deleted.map(({ path }) => path))).toEqual(names.slice(0, 600));
    const flat = await all(coordinator.files.listDeleted({ path: '/full', recursive: false }, { signal }));
    expect(flat.flatMap(({ deleted }) => deleted)).toEqual([]);
  });

  it('finds among many entries, page by page, and no more than is asked for', async () => {
    const request = { path: '/full', name: '06*', kinds: [], underProtected: false, ignoreCase: false };
    const found = (await all(coordinator.files.findEntries(request, { signal }))).flatMap(({ entries }) => entries);
    expect(found.map(({ name }) => name)).toEqual(
      Array.from({ length: 100 }, (_, index) => `06${String(index).padStart(2, '0')}`),
    );
  });

  it('answers a restore that is asked twice as it did the first time', async () => {
    await commit(['/kept/a']);
    await remove('/kept');
    const request = { requestId: requestId(), ...restored('/kept') };
    const first = await coordinator.files.restoreEntry(request, { signal });
    expect(await coordinator.files.restoreEntry(request, { signal })).toEqual(first);
    await expect(
      coordinator.files.restoreEntry({ requestId: requestId(), ...restored('/kept') }, { signal }),
    ).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  it('copies each thing by itself: what cannot be copied does not stop the rest', async () => {
    const copy = (fromPath: string, toPath: string) => ({ fromPath, toPath, version: 0, replace: false, makeParents: true });
    const { outcomes } = await coordinator.files.copyEntries(
      { requestId: requestId(), copies: [copy('/kept/a', '/copies/a'), copy('/none', '/copies/b'), copy('/kept', '/copies/c')] },
      { signal },
    );
    expect(outcomes.map(({ failure }) => failure?.code)).toEqual([undefined, 'NOT_FOUND', 'IS_A_DIRECTORY']);
  });

  it('is the same after a restart, and what is purged stays gone', async () => {
    await coordinator.files.purgeEntry({ requestId: requestId(), path: '/often', version: 7, recursive: false }, { signal });
    await remove('/often');
    const before = await all(coordinator.files.listVersions({ path: '/often' }, { signal }));
    await coordinator.stop();
    await coordinator.start();
    const after = await all(coordinator.files.listVersions({ path: '/often' }, { signal }));
    expect(after).toEqual(before);
    expect(after.flatMap(({ versions }) => versions)).toHaveLength(599);
    const version = { requestId: requestId(), ...restored('/often'), version: 7 };
    await expect(coordinator.files.restoreEntry(version, { signal })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
