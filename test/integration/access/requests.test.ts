import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { type AccessClient, AccessWorld } from './support/access-world.js';
import { codeOf, EMPTY_FILE, NAMED_CALLS, onlyOutcome, PATH_CALLS, requestFields, requestId } from './support/requests.js';

const signal = new AbortController().signal;
const CHUNK_ID = `01${'ab'.repeat(32)}`;
const HUGE = Number.MAX_SAFE_INTEGER;

let world: AccessWorld;
let client: AccessClient;
let uploadId: string;

beforeAll(async () => {
  world = await AccessWorld.start();
  ({ client } = world);
  ({ uploadId } = await client.files.openUpload({ requestId: requestId(), copies: 1, expectedBytes: 0 }, { signal }));
  const there = { path: '/there', mode: 0o755, modified: undefined, makeParents: false, existOk: false };
  await client.files.makeDirectories({ requestId: requestId(), directories: [there] }, { signal });
});

afterAll(async () => {
  await world.stop();
});

const head = async (): Promise<number> => (await client.admin.getStatus({}, { signal })).log?.headSequence ?? 0;

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
    const before = await head();
    const codes = await Promise.all(
      Object.entries(PATH_CALLS).map(async ([field, call]) => [field, await call(client, path, uploadId)]),
    );
    expect(Object.fromEntries(codes)).toEqual(Object.fromEntries(Object.keys(PATH_CALLS).map((field) => [field, code])));
    expect(await head()).toBe(before);
  });

  it('the root is never replaced, moved or removed, and its reserved name never made', async () => {
    const changing = Object.entries(PATH_CALLS).filter(([field]) => !/^(Stat|ListDirectory|ReadTarget|Attribute)/.test(field));
    for (const [field, call] of changing) {
      expect([field, await call(client, '/', uploadId)]).toEqual([field, expect.stringMatching(/INVALID|EXISTS|IS_A_DIRECTORY/)]);
      if (/from_path|Remove/.test(field)) continue;
      expect([field, await call(client, '/.collective', uploadId)]).toEqual([field, 'NAME_INVALID']);
    }
  });

  it('targets of symlinks that no system could hold', async () => {
    const make = (target: string): Promise<string> =>
      onlyOutcome(
        client.files.makeSymlinks(
          { requestId: requestId(), symlinks: [{ path: '/link', target, modified: undefined, replace: false }] },
          { signal },
        ),
      );
    for (const target of ['', 'a\0b', 'x'.repeat(4096)]) expect(await make(target)).toBe('NAME_INVALID');
    // What it leads to is for whoever follows it to judge: nobody does here.
    expect(await make('../../../../etc/passwd')).toBe('OK');
  });
});

describe('ids that are none', () => {
  it('are tried with every request that carries a request id', () => {
    expect(Object.keys(NAMED_CALLS).sort()).toEqual([...requestFields(/^request_id$/)].sort());
  });

  it.each(['', 'a/b', '../x', 'a b', 'ä', 'a\0b', 'a'.repeat(49), 'a'.repeat(500_000)])('request id %#', async (id) => {
    const before = await head();
    const codes = await Promise.all(
      Object.entries(NAMED_CALLS).map(async ([field, call]) => [field, await call(client, id, uploadId)]),
    );
    expect(new Set(codes.map(([, code]) => code))).toEqual(new Set(['REQUEST_INVALID']));
    expect(await head()).toBe(before);
  });

  const BAD_CHUNK_IDS = [
    '/etc/passwd',
    '../../../../etc/passwd',
    `01/${'ab'.repeat(31)}a`,
    `02${'ab'.repeat(32)}`,
    `01${'AB'.repeat(32)}`,
    `${CHUNK_ID}00`,
    `${CHUNK_ID}\0`,
    'x'.repeat(100_000),
  ];

  it.each(BAD_CHUNK_IDS)('chunk id %#', async (chunkId) => {
    const { files } = client;
    const chunk = { chunkId, lengthBytes: 10 };
    const extent = { chunkId, offsetBytes: 0, lengthBytes: 10 };
    const receipt = { nodeId: 'nodenodenodenode', signedReceipt: new Uint8Array(195), chunks: [chunk] };
    const base = { requestId: requestId(), uploadId };
    const file = { ...EMPTY_FILE, path: '/chunk', sizeBytes: 10, extents: [extent] };
    const before = await head();
    expect(await codeOf(files.placeChunks({ uploadId, chunks: [chunk], avoidNodeIds: [] }, { signal }))).toBe('REQUEST_INVALID');
    expect(await codeOf(files.recordExtents({ ...base, extents: [extent], receipts: [] }, { signal }))).toBe('REQUEST_INVALID');
    expect(await codeOf(files.recordExtents({ ...base, extents: [], receipts: [receipt] }, { signal }))).toBe('REQUEST_INVALID');
    expect(await onlyOutcome(files.commitFiles({ ...base, files: [file], receipts: [] }, { signal }))).toBe('REQUEST_INVALID');
    expect(await codeOf(files.commitFiles({ ...base, files: [file], receipts: [receipt] }, { signal }))).toBe('REQUEST_INVALID');
    const copies = [{ chunkId, nodeId: 'nodenodenodenode', code: 'CHUNK_DAMAGED' }];
    expect(await codeOf(files.reportDamage({ copies }, { signal }))).toBe('REQUEST_INVALID');
    expect(await head()).toBe(before);
  });

  it.each(['', '/', '../../nodes', 'NODENODENODENODE', 'x'.repeat(100_000)])('node id %#', async (nodeId) => {
    const { files, admin } = client;
    const receipt = { nodeId, signedReceipt: new Uint8Array(195), chunks: [{ chunkId: CHUNK_ID, lengthBytes: 1 }] };
    const commit = { requestId: requestId(), uploadId, files: [EMPTY_FILE], receipts: [receipt] };
    expect(await codeOf(files.commitFiles(commit, { signal }))).toBe('REQUEST_INVALID');
    const copies = [{ chunkId: CHUNK_ID, nodeId, code: '' }];
    expect(await codeOf(files.reportDamage({ copies }, { signal }))).toBe('REQUEST_INVALID');
    expect(await codeOf(admin.getNode({ node: nodeId }, { signal }))).toBe('NOT_FOUND');
    // Those to avoid are only a wish.
    const place = files.placeChunks({ uploadId, chunks: [], avoidNodeIds: [nodeId] }, { signal });
    expect(await codeOf(place)).toBe('NOT_ENOUGH_NODES');
  });

  it.each(['', '/', '../..', 'UPLOADUPLOADUPLOADUPLOADUA', 'x'.repeat(100_000)])('upload id %#', async (id) => {
    const { files } = client;
    const base = { requestId: requestId(), uploadId: id };
    const codes = [
      await codeOf(files.placeChunks({ uploadId: id, chunks: [], avoidNodeIds: [] }, { signal })),
      await codeOf(files.recordExtents({ ...base, extents: [], receipts: [] }, { signal })),
      await codeOf(files.commitFiles({ ...base, files: [EMPTY_FILE], receipts: [] }, { signal })),
      await codeOf(files.closeUpload({ ...base, abandoned: true }, { signal })),
    ];
    expect(codes).toEqual(['UPLOAD_UNKNOWN', 'UPLOAD_UNKNOWN', 'UPLOAD_UNKNOWN', 'UPLOAD_UNKNOWN']);
  });

  it('extent lists', async () => {
    for (const id of ['/etc/passwd', 'x', 'ab'.repeat(33), 'AB'.repeat(32)]) {
      const file = { ...EMPTY_FILE, extentListIds: [id] };
      const commit = client.files.commitFiles({ requestId: requestId(), uploadId, files: [file], receipts: [] }, { signal });
      expect(await onlyOutcome(commit)).toBe('REQUEST_INVALID');
    }
  });
});

describe('another client', () => {
  it('cannot use an upload that is not its own, and learns nothing of it', async () => {
    const other = await world.joinClient('tablet');
    const { files } = other;
    const messageOf = async (id: string): Promise<string> => {
      const attempt = files.placeChunks({ uploadId: id, chunks: [], avoidNodeIds: [] }, { signal });
      return attempt.then(
        () => 'OK',
        (error: Error) => error.message,
      );
    };
    expect(await messageOf(uploadId)).toBe(await messageOf('a'.repeat(26)));
    const base = { requestId: requestId(), uploadId };
    const hole = { offsetBytes: 0, lengthBytes: 9, chunkId: '' };
    expect(await codeOf(files.recordExtents({ ...base, extents: [hole], receipts: [] }, { signal }))).toBe('UPLOAD_UNKNOWN');
    expect(await onlyOutcome(files.commitFiles({ ...base, files: [EMPTY_FILE], receipts: [] }, { signal }))).toBe(
      'UPLOAD_UNKNOWN',
    );
    expect(await codeOf(files.closeUpload({ ...base, abandoned: true }, { signal }))).toBe('UPLOAD_UNKNOWN');
    expect(await codeOf(client.files.placeChunks({ uploadId, chunks: [], avoidNodeIds: [] }, { signal }))).toBe(
      'NOT_ENOUGH_NODES',
    );
  });

  it('may use the same request ids: they are told apart by who asks', async () => {
    const other = await world.joinClient('phone');
    const request = { requestId: 'the-same', copies: 1, expectedBytes: 0 };
    const [mine, theirs] = [
      await client.files.openUpload(request, { signal }),
      await other.files.openUpload(request, { signal }),
    ];
    expect(theirs.uploadId).not.toBe(mine.uploadId);
  });
});

describe('too many', () => {
  const many = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);
  const hole = { offsetBytes: 0, lengthBytes: 9, chunkId: '' };
  const receipt = { nodeId: 'nodenodenodenode', signedReceipt: new Uint8Array(), chunks: [] };
  const directory = { path: '/d', mode: 0, modified: undefined, makeParents: false, existOk: false };
  const symlink = { path: '/s', target: 'x', modified: undefined, replace: false };
  const target = { path: '/', version: 0, offsetBytes: 0, lengthBytes: 0 };
  const file = { ...EMPTY_FILE, extents: many(65, hole) };

  it.each<[string, (base: { requestId: string; uploadId: string }) => Promise<string>]>([
    [
      '513 chunks',
      ({ uploadId: id }) =>
        codeOf(
          client.files.placeChunks(
            { uploadId: id, chunks: many(513, { chunkId: CHUNK_ID, lengthBytes: 1 }), avoidNodeIds: [] },
            { signal },
          ),
        ),
    ],
    [
      '513 extents',
      (base) => codeOf(client.files.recordExtents({ ...base, extents: many(513, hole), receipts: [] }, { signal })),
    ],
    [
      '257 receipts',
      (base) => codeOf(client.files.commitFiles({ ...base, files: [], receipts: many(257, receipt) }, { signal })),
    ],
    [
      'a receipt over 513 chunks',
      (base) =>
        codeOf(
          client.files.commitFiles(
            { ...base, files: [], receipts: [{ ...receipt, chunks: many(513, { chunkId: CHUNK_ID, lengthBytes: 1 }) }] },
            { signal },
          ),
        ),
    ],
    [
      '257 files',
      (base) => codeOf(client.files.commitFiles({ ...base, files: many(257, EMPTY_FILE), receipts: [] }, { signal })),
    ],
    [
      '65 extents of one file',
      (base) => onlyOutcome(client.files.commitFiles({ ...base, files: [file], receipts: [] }, { signal })),
    ],
    [
      '257 directories',
      ({ requestId: id }) =>
        codeOf(client.files.makeDirectories({ requestId: id, directories: many(257, directory) }, { signal })),
    ],
    [
      '257 symlinks',
      ({ requestId: id }) => codeOf(client.files.makeSymlinks({ requestId: id, symlinks: many(257, symlink) }, { signal })),
    ],
    [
      '257 changes',
      ({ requestId: id }) => codeOf(client.files.setAttributes({ requestId: id, changes: many(257, { path: '/' }) }, { signal })),
    ],
    ['257 files to read', async () => codeOf(firstPage(many(257, target)))],
    [
      '513 reports',
      () =>
        codeOf(
          client.files.reportDamage(
            { copies: many(513, { chunkId: CHUNK_ID, nodeId: 'nodenodenodenode', code: '' }) },
            { signal },
          ),
        ),
    ],
  ])('%s', async (_what, call) => {
    const before = await head();
    expect(await call({ requestId: requestId(), uploadId })).toBe('LIMIT_EXCEEDED');
    expect(await head()).toBe(before);
  });

  async function firstPage(targets: (typeof target)[]): Promise<void> {
    for await (const _page of client.files.readFiles({ targets }, { signal })) return;
  }

  it('uploads open at once', async () => {
    const other = await world.joinClient('greedy');
    const open = (): Promise<string> =>
      codeOf(other.files.openUpload({ requestId: requestId(), copies: 1, expectedBytes: 0 }, { signal }));
    const codes = await Promise.all(Array.from({ length: LIMITS.openUploadsPerClient + 1 }, open));
    expect(codes.filter((code) => code === 'LIMIT_EXCEEDED')).toHaveLength(1);
    expect(codes.filter((code) => code === 'OK')).toHaveLength(LIMITS.openUploadsPerClient);
  });
});

describe('numbers beyond sense', () => {
  it('are refused, or bounded to what is meant', async () => {
    const { files, admin } = client;
    const open = (copies: number, expectedBytes: number): Promise<string> =>
      codeOf(files.openUpload({ requestId: requestId(), copies, expectedBytes }, { signal }));
    expect(await open(17, 0)).toBe('REQUEST_INVALID');
    expect(await open(2 ** 32 - 1, 0)).toBe('REQUEST_INVALID');
    expect(await open(1, HUGE)).toBe('NOT_ENOUGH_NODES');
    expect(await codeOf(admin.getEvent({ sequence: HUGE }, { signal }))).toBe('NOT_FOUND');
    const listed = await files.listDirectory({ path: '/', afterName: '', limit: 2 ** 32 - 1 }, { signal });
    expect(listed.entries.length).toBeLessThanOrEqual(LIMITS.listPageEntries);
    const invite = await admin.issueInvite({ requestId: requestId(), kind: 'client', name: '', lifeMs: HUGE }, { signal });
    expect(invite.expiresMs).toBeLessThanOrEqual(Date.now() + LIMITS.inviteLifeMaxMs + 1000);
    let seen = 0;
    for await (const { events } of admin.listEvents(
      { fromSequence: HUGE, limit: HUGE, follow: false, types: [], last: 0 },
      { signal },
    ))
      seen += events.length;
    expect(seen).toBe(0);
    for await (const { events } of admin.listEvents(
      { fromSequence: 0, limit: HUGE, follow: false, types: [], last: HUGE },
      { signal },
    ))
      seen += events.length;
    expect(seen).toBe(await head());
  });

  it('times', async () => {
    const make = (path: string, seconds: number, nanoseconds: number, mode = 0o755): Promise<string> => {
      const directory = { path, mode, modified: { seconds, nanoseconds }, makeParents: false, existOk: false };
      return onlyOutcome(client.files.makeDirectories({ requestId: requestId(), directories: [directory] }, { signal }));
    };
    expect(await make('/late', 0, 1_000_000_000)).toBe('REQUEST_INVALID');
    expect(await make('/late', 0, 2 ** 32 - 1)).toBe('REQUEST_INVALID');
    const most = LIMITS.fileTimeSeconds;
    for (const seconds of [HUGE, -HUGE, most + 1, -most - 1]) expect(await make('/late', seconds, 0)).toBe('REQUEST_INVALID');
    expect(await make('/ancient', -most, 0)).toBe('OK');
    expect(await make('/future', most, 999_999_999, 2 ** 32 - 1)).toBe('OK');
    const { entry } = await client.files.stat({ path: '/future' }, { signal });
    expect(entry).toMatchObject({ modified: { seconds: most, nanoseconds: 999_999_999 }, mode: 0o7777 });
    const { entry: ancient } = await client.files.stat({ path: '/ancient' }, { signal });
    expect(ancient?.modified).toEqual({ seconds: -most, nanoseconds: 0 });
  });

  it.each<[string, { sizeBytes?: number; extents?: { offsetBytes: number; lengthBytes: number; chunkId: string }[] }]>([
    ['a size without content', { sizeBytes: 5 }],
    ['the largest size', { sizeBytes: HUGE }],
    ['an empty extent', { extents: [{ offsetBytes: 0, lengthBytes: 0, chunkId: '' }] }],
    ['a gap', { sizeBytes: 10, extents: [{ offsetBytes: 5, lengthBytes: 5, chunkId: '' }] }],
    ['a chunk of 5 MB', { sizeBytes: 5e6, extents: [{ offsetBytes: 0, lengthBytes: 5e6, chunkId: CHUNK_ID }] }],
    ['holes beyond the largest file', { sizeBytes: HUGE, extents: [{ offsetBytes: 0, lengthBytes: HUGE, chunkId: '' }] }],
    ['an extent that wraps around', { sizeBytes: 1, extents: [{ offsetBytes: HUGE, lengthBytes: HUGE, chunkId: '' }] }],
  ])('a file with %s', async (_what, wrong) => {
    const file = { ...EMPTY_FILE, path: '/numbers', ...wrong };
    const commit = client.files.commitFiles({ requestId: requestId(), uploadId, files: [file], receipts: [] }, { signal });
    expect(await onlyOutcome(commit)).toBe('REQUEST_INVALID');
  });

  it('a tree that is larger in all than can be counted, out of holes that cost nothing', async () => {
    const file = {
      ...EMPTY_FILE,
      sizeBytes: LIMITS.fileBytes,
      extents: [{ offsetBytes: 0, lengthBytes: LIMITS.fileBytes, chunkId: '' }],
    };
    const commit = async (batch: number): Promise<readonly string[]> => {
      const files = Array.from({ length: LIMITS.filesPerCommit }, (_, index) => ({ ...file, path: `/vast-${batch}-${index}` }));
      const { outcomes } = await client.files.commitFiles({ requestId: requestId(), uploadId, files, receipts: [] }, { signal });
      return outcomes.map(({ failure }) => failure?.code ?? 'OK');
    };
    const codes: string[] = [];
    for (let batch = 0; batch < 5; batch += 1) codes.push(...(await commit(batch)));
    expect(codes.filter((code) => code === 'OK')).toHaveLength(Math.floor(LIMITS.treeBytes / LIMITS.fileBytes));
    expect(new Set(codes)).toEqual(new Set(['OK', 'LIMIT_EXCEEDED']));
  });

  it('ranges far beyond a file', async () => {
    const commit = { ...EMPTY_FILE, path: '/short', sizeBytes: 9, extents: [{ offsetBytes: 0, lengthBytes: 9, chunkId: '' }] };
    await client.files.commitFiles({ requestId: requestId(), uploadId, files: [commit], receipts: [] }, { signal });
    const read = async (offsetBytes: number, lengthBytes: number, version: number): Promise<unknown> => {
      for await (const page of client.files.readFiles(
        { targets: [{ path: '/short', version, offsetBytes, lengthBytes }] },
        { signal },
      )) {
        return page.files[0]?.failure?.code ?? page.extents.length;
      }
      return 'no page';
    };
    expect(await read(HUGE, HUGE, 0)).toBe(0);
    expect(await read(0, HUGE, 1)).toBe(1);
    expect(await read(0, 0, HUGE)).toBe('NOT_FOUND');
  });
});

describe('versions that were expected and are not there', () => {
  it('are conflicts, and change nothing', async () => {
    const { files } = client;
    const commit = (expectedVersion: number): Promise<string> => {
      const file = { ...EMPTY_FILE, path: '/versioned', expectedVersion };
      return onlyOutcome(files.commitFiles({ requestId: requestId(), uploadId, files: [file], receipts: [] }, { signal }));
    };
    expect(await commit(1)).toBe('VERSION_CONFLICT');
    expect(await commit(0)).toBe('OK');
    const before = await head();
    expect(await commit(0)).toBe('VERSION_CONFLICT');
    expect(await commit(HUGE)).toBe('VERSION_CONFLICT');
    const moved = { requestId: requestId(), fromPath: '/versioned', toPath: '/else', replace: false, expectedVersion: 7 };
    expect(await codeOf(files.moveEntry(moved, { signal }))).toBe('VERSION_CONFLICT');
    const removed = { requestId: requestId(), path: '/versioned', recursive: false, expectedVersion: 7 };
    expect(await codeOf(files.removeEntry(removed, { signal }))).toBe('VERSION_CONFLICT');
    expect(await head()).toBe(before);
  });
});

describe('afterwards', () => {
  it('the coordinator answers, its log is whole, and there was no fault', async () => {
    const status = await client.admin.getStatus({}, { signal });
    expect(status.memberName).toBe('alice');
    expect(world.refusals.faults).toEqual([]);
    const different: string[] = [];
    for await (const { views } of client.admin.replayLog({}, { signal })) {
      different.push(...views.filter(({ equal }) => !equal).map(({ name }) => name));
    }
    expect(different).toEqual([]);
    expect(world.refusals.faults).toEqual([]);
  });
});
