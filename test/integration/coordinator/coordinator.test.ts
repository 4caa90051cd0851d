import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';

const signal = new AbortController().signal;
let coordinator: StartedCoordinator;
let requests = 0;
const requestId = (): string => `request-${(requests += 1)}`;

beforeAll(async () => {
  coordinator = await StartedCoordinator.found();
});

afterAll(async () => {
  await coordinator.remove();
});

const directory = (path: string, options: { existOk?: boolean; makeParents?: boolean } = {}) => ({
  path,
  mode: 0o755,
  modified: { seconds: 1_700_000_000, nanoseconds: 5 },
  makeParents: options.makeParents ?? false,
  existOk: options.existOk ?? false,
});

async function lastOf<Page>(pages: AsyncIterable<Page>): Promise<Page | undefined> {
  let last: Page | undefined;
  for await (const page of pages) last = page;
  return last;
}

async function all<Page>(pages: AsyncIterable<Page>): Promise<readonly Page[]> {
  const found: Page[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

describe('a coordinator', () => {
  it('makes directories, each a command of its own', async () => {
    const { outcomes } = await coordinator.files.makeDirectories(
      {
        requestId: requestId(),
        directories: [directory('/a'), directory('/a/b'), directory('/x/y'), directory('/p/q', { makeParents: true })],
      },
      { signal },
    );
    expect(outcomes.map(({ failure }) => failure?.code)).toEqual([undefined, undefined, 'NOT_FOUND', undefined]);
    const { entries } = await coordinator.files.listDirectory({ path: '/', afterName: '', limit: 0 }, { signal });
    expect(entries.map(({ name }) => name)).toEqual(['a', 'p']);
  });

  it('answers a repeated request as it did the first time, and refuses another command under the same id', async () => {
    const id = requestId();
    const request = { requestId: id, directories: [directory('/once')] };
    const first = await coordinator.files.makeDirectories(request, { signal });
    expect(await coordinator.files.makeDirectories(request, { signal })).toEqual(first);
    const other = await coordinator.files.makeDirectories({ requestId: id, directories: [directory('/other')] }, { signal });
    expect(other.outcomes[0]?.failure?.code).toBe('REQUEST_CONFLICT');
  });

  it('moves, removes and refuses by name', async () => {
    const { files } = coordinator;
    const move = (fromPath: string, toPath: string) =>
      files.moveEntry({ requestId: requestId(), fromPath, toPath, replace: false }, { signal });
    await move('/once', '/twice');
    await expect(move('/a', '/a/b/c')).rejects.toMatchObject({ code: 'MOVE_INTO_ITSELF' });
    await expect(move('/none', '/some')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const remove = (path: string, recursive: boolean) =>
      files.removeEntry({ requestId: requestId(), path, recursive }, { signal });
    await expect(remove('/a', false)).rejects.toMatchObject({ code: 'DIRECTORY_NOT_EMPTY' });
    await remove('/a', true);
    await expect(files.stat({ path: '/a' }, { signal })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('refuses an upload before a byte is sent when there are no nodes', async () => {
    await expect(
      coordinator.files.openUpload({ requestId: requestId(), copies: 2, expectedBytes: 10 }, { signal }),
    ).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
  });

  it('keeps empty files without any node', async () => {
    const { uploadId } = await coordinator.files.openUpload({ requestId: requestId(), copies: 0, expectedBytes: 0 }, { signal });
    const file = {
      path: '/twice/empty',
      sizeBytes: 0,
      mode: 0o640,
      modified: { seconds: 1, nanoseconds: 2 },
      extentListIds: [],
      extents: [],
      contentType: '',
      makeParents: false,
    };
    const commit = await coordinator.files.commitFiles(
      { requestId: requestId(), uploadId, files: [file], receipts: [] },
      { signal },
    );
    expect(commit.outcomes[0]).toMatchObject({ version: 1 });
    const { entry } = await coordinator.files.stat({ path: '/twice/empty' }, { signal });
    expect(entry).toMatchObject({ sizeBytes: 0, mode: 0o640, version: 1, modified: { seconds: 1, nanoseconds: 2 } });
    const pages = [];
    for await (const page of coordinator.files.readFiles(
      {
        targets: [
          { path: '/twice/empty', version: 0, offsetBytes: 0, lengthBytes: 0 },
          { path: '/none', version: 0, offsetBytes: 0, lengthBytes: 0 },
        ],
      },
      { signal },
    ))
      pages.push(page);
    expect(pages).toHaveLength(1);
    expect(pages[0]?.files.map(({ failure }) => failure?.code)).toEqual([undefined, 'NOT_FOUND']);
  });

  it('says how it is, and what to do about it', async () => {
    const status = await coordinator.admin.getStatus({}, { signal });
    expect(status.health).toBe('degraded');
    expect(status.findings.map(({ code }) => code)).toContain('too-few-nodes');
    expect(status.usage?.directories).toBe(3);
    expect(status.usage?.files).toBe(1);
  });

  it('tells its events, and follows new ones', async () => {
    const seen: string[] = [];
    for await (const { events } of coordinator.admin.listEvents(
      { fromSequence: 0, limit: 0, follow: true, types: [], last: 1 },
      { signal },
    )) {
      if (seen.length === 0) {
        await coordinator.files.makeDirectories({ requestId: requestId(), directories: [directory('/followed')] }, { signal });
      }
      seen.push(...events.map(({ type }) => type));
      if (seen.length >= 2) break;
    }
    expect(seen).toEqual(['FileCommitted', 'DirectoryCreated']);
  });

  it('finds the last events of a type, however far back they are, and tells its clock and the bytes of its log in use', async () => {
    const ask = { fromSequence: 0, limit: 0, follow: false, types: ['CollectiveFounded'], last: 5 };
    const pages = await all(coordinator.admin.listEvents(ask, { signal }));
    expect(pages.flatMap(({ events }) => events).map(({ sequence }) => sequence)).toEqual([1]);
    const two = { ...ask, types: ['DirectoryCreated'], last: 2 };
    const last = await all(coordinator.admin.listEvents(two, { signal }));
    expect(last.flatMap(({ events }) => events)).toHaveLength(2);
    const { timeMs, log } = await coordinator.admin.getStatus({}, { signal });
    expect(Math.abs(timeMs - Date.now())).toBeLessThan(60_000);
    expect(log?.bytes).toBeLessThan(1024 * 1024);
  });

  it('comes back after a stop with the same tree, and replays to the same rows', async () => {
    await coordinator.stop();
    await coordinator.start();
    const { entries } = await coordinator.files.listDirectory({ path: '/', afterName: '', limit: 0 }, { signal });
    expect(entries.map(({ name }) => name)).toEqual(['followed', 'p', 'twice']);
    const last = await lastOf(coordinator.admin.replayLog({}, { signal }));
    expect(last?.done).toBe(true);
    expect(last?.views.filter(({ equal }) => !equal)).toEqual([]);
    expect(last?.views.length).toBeGreaterThan(8);
  });

  it('verifies its log', async () => {
    const last = await lastOf(coordinator.admin.verifyLog({}, { signal }));
    expect(last).toMatchObject({ done: true, findings: [], events: last?.headSequence });
  });
});
