import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS, ROOT_FILE_ID, type FileId, type InviteId } from '../../../src/base/index.js';
import type { CollectiveEvent, CopiesRecorded, Extent } from '../../../src/events/index.js';
import type { Views } from '../../../src/projections/index.js';
import { ALICE, AT, chunkId, clientId, extentsOf, founded, hasher, listId, nodeId, uploadId, World } from './support.js';

const [ONE, TWO, THREE] = [nodeId('one'), nodeId('two'), nodeId('three')];
const UPLOAD = uploadId('upload');
const CLIENT = clientId('laptop');
const BYTES = 1000;

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const read = <Value>(work: (views: Views) => Value): Promise<Value> => world.host.run(work);
/** Why an event was refused; empty when it was not. */
const refusal = (...events: readonly CollectiveEvent[]): Promise<string> =>
  world.record(...events).then(
    () => '',
    (error: unknown) => String(error).replace('Error: an event of the test is not valid: ', ''),
  );

const opened = (id = UPLOAD, copies = 2): CollectiveEvent => ({
  type: 'UploadOpened',
  minimumCopies: 0,
  spread: 'nodes',
  uploadId: id,
  clientId: CLIENT,
  copies,
  expiresAtMs: 2_000_000_000_000,
});
const registered = (): readonly CollectiveEvent[] =>
  [ONE, TWO, THREE].map((id) => ({ type: 'NodeRegistered', nodeId: id, name: `node ${id}` }) as const);
const copies = (names: readonly string[], holders: CopiesRecorded['nodeIds'] = [ONE, TWO]): CollectiveEvent => ({
  type: 'CopiesRecorded',
  memberIds: [],
  nodeIds: holders,
  chunks: names.map((name) => ({ chunkId: chunkId(name), lengthBytes: BYTES, holders: holders.map((_, index) => index) })),
});
const lost = (name: string, from = ONE): CollectiveEvent => ({
  type: 'CopiesLost',
  holder: { nodeId: from },
  reason: 'damaged',
  chunkIds: [chunkId(name)],
});
const listed = (list: string, extents: readonly Extent[], id = UPLOAD): CollectiveEvent => ({
  type: 'ExtentsRecorded',
  uploadId: id,
  extentListId: listId(list),
  extents,
});
const made = (name: string, parentId: FileId = ROOT_FILE_ID): CollectiveEvent => ({
  type: 'FileCreated',
  parentId,
  name,
  mode: 0o600,
  modified: AT,
});
const folder = (name: string, parentId: FileId = ROOT_FILE_ID): CollectiveEvent => ({
  type: 'DirectoryCreated',
  parentId,
  name,
  mode: 0o700,
  modified: AT,
});
const committed = (
  fileId: FileId,
  version: number,
  content: { readonly extents?: readonly Extent[]; readonly lists?: readonly string[] } = {},
): CollectiveEvent => ({
  type: 'FileCommitted',
  fileId,
  version,
  uploadId: UPLOAD,
  sizeBytes: 1234,
  extentListIds: (content.lists ?? []).map(listId),
  extents: content.extents ?? [],
  mode: 0o644,
  modified: AT,
  contentType: 'text/plain',
  openSessionId: '',
});

describe('placement', () => {
  const usage = (id = ONE) => read((views) => views.usage.node(id));
  const totals = () => read((views) => views.usage.totals());

  test('knows who holds a chunk, how many copies are wanted, and what nodes keep', async () => {
    await world.record(...registered(), opened(), copies(['a', 'b']), listed('list', extentsOf(['a'], BYTES)));
    expect(await read(({ placement }) => placement.chunk(chunkId('a')))).toMatchObject({
      lengthBytes: BYTES,
      wantedCopies: 2,
      spread: 'nodes',
      holders: [ONE, TWO],
      members: [],
      lost: [],
    });
    expect(await usage()).toMatchObject({ chunks: 2, bytes: 2 * BYTES, lostCopies: 0 });
    expect(await totals()).toEqual({
      chunks: 2,
      chunkBytes: 2 * BYTES,
      copies: 4,
      copyBytes: 4 * BYTES,
      memberCopies: 0,
      memberCopyBytes: 0,
      underProtectedChunks: 0,
      lostCopies: 0,
      forfeitedCopies: 0,
    });
  });

  test('counts the same copy once, however often it is recorded', async () => {
    await world.record(...registered(), copies(['a']), copies(['a']), copies(['a'], [TWO, THREE]));
    expect(await read(({ placement }) => placement.chunk(chunkId('a'))?.holders)).toEqual([ONE, TWO, THREE]);
    expect((await totals()).copies).toBe(3);
  });

  test('shows a lost copy as damage and as missing protection, until that copy is made good', async () => {
    await world.record(...registered(), opened(), copies(['a']), listed('list', extentsOf(['a'], BYTES)), lost('a'));
    expect(await totals()).toMatchObject({ copies: 1, underProtectedChunks: 1, lostCopies: 1 });
    expect(await usage()).toMatchObject({ chunks: 0, bytes: 0, lostCopies: 1 });
    await world.record(copies(['a'], [ONE]));
    expect(await totals()).toMatchObject({ copies: 2, underProtectedChunks: 0, lostCopies: 0 });
    expect(await usage()).toMatchObject({ chunks: 1, bytes: BYTES, lostCopies: 0 });
  });

  test('holds a loss as made good once there are as many copies as wanted elsewhere', async () => {
    await world.record(...registered(), opened(), copies(['a']), listed('list', extentsOf(['a'], BYTES)), lost('a'));
    await world.record(copies(['a'], [THREE]));
    expect(await totals()).toMatchObject({ copies: 2, underProtectedChunks: 0, lostCopies: 0 });
    expect((await usage()).lostCopies).toBe(0);
  });

  test('shows a loss even where enough copies are left', async () => {
    await world.record(
      ...registered(),
      opened(),
      copies(['a'], [ONE, TWO, THREE]),
      listed('list', extentsOf(['a'], BYTES)),
      lost('a'),
    );
    expect(await totals()).toMatchObject({ copies: 2, underProtectedChunks: 0, lostCopies: 1 });
  });

  test('wants as many copies as the most careful upload asked for', async () => {
    await world.record(...registered(), opened(), opened(uploadId('three'), 3), opened(uploadId('one'), 1), copies(['a']));
    for (const id of [UPLOAD, uploadId('three'), uploadId('one')])
      await world.record(listed(`list of ${id}`, extentsOf(['a'], BYTES), id));
    expect(await read(({ placement }) => placement.chunk(chunkId('a'))?.wantedCopies)).toBe(3);
    expect((await totals()).underProtectedChunks).toBe(1);
  });

  test('refuses holders that were never registered, losses that were never recorded, and a chunk of two lengths', async () => {
    expect(await refusal(copies(['a']))).toBe('a holder is not registered');
    await world.record(...registered());
    expect(await refusal(lost('a'))).toBe('a lost copy was never recorded');
    await world.record(opened(), copies(['a']));
    expect(await refusal(listed('list', extentsOf(['a'], BYTES + 1)))).toBe('a chunk has two lengths');
  });
});

describe('references', () => {
  const chunk = (name: string) => read((views) => views.references.chunk(chunkId(name)));

  test('count a list once for each of its chunks, and a version once for each of its lists', async () => {
    const extents = extentsOf(['a', 'b', 'a'], BYTES);
    await world.record(...registered(), opened(), opened(uploadId('other')), copies(['a', 'b']));
    await world.record(listed('list', extents), listed('list', extents, uploadId('other')));
    expect([await chunk('a'), await chunk('b')]).toEqual([
      { lists: 1, versions: 0 },
      { lists: 1, versions: 0 },
    ]);
    const id = world.chronicle.nextId;
    await world.record(made('file'), committed(id, 1, { lists: ['list', 'list'] }), committed(id, 2, { lists: ['list'] }));
    expect(await read((views) => views.references.list(listId('list')))).toEqual({ versions: 2 });
    expect(await chunk('a')).toEqual({ lists: 1, versions: 0 });
  });

  test('count a version once for each chunk that it names itself', async () => {
    await world.record(...registered(), opened(), copies(['a']));
    const id = world.chronicle.nextId;
    await world.record(made('file'), committed(id, 1, { extents: extentsOf(['a', 'a'], BYTES) }));
    expect(await chunk('a')).toEqual({ lists: 0, versions: 1 });
    expect(await chunk('never seen')).toEqual({ lists: 0, versions: 0 });
  });
});

describe('extents', () => {
  test('keep a list with where it begins and how long it is', async () => {
    const extents: readonly Extent[] = [
      ...extentsOf(['a'], BYTES, 5000),
      { offsetBytes: 6000, lengthBytes: 9_000_000_000, chunkId: undefined },
    ];
    await world.record(...registered(), opened(), copies(['a']), listed('list', extents));
    await world.host.flush();
    expect(await read((views) => views.extents.list(listId('list')))).toEqual({
      offsetBytes: 5000,
      lengthBytes: 9_000_001_000,
      extentCount: 2,
      chunkBytes: BYTES,
    });
    expect(await read((views) => views.extents.extents(listId('list')))).toEqual(extents);
    expect(await read(({ uploads }) => [UPLOAD, uploadId('other')].map((id) => uploads.recorded(id, listId('list'))))).toEqual([
      true,
      false,
    ]);
  });

  test('of an upload that was never opened are refused', async () => {
    expect(await refusal(listed('list', extentsOf(['a'])))).toBe('the upload was never opened');
  });
});

describe('the namespace', () => {
  test('keeps every version, with when and how it was committed', async () => {
    await world.record(opened());
    const id = world.chronicle.nextId;
    await world.record(made('file'), committed(id, 1), committed(id, 2));
    await world.host.flush();
    const [first, second] = await read(({ namespace }) => [namespace.version(id, 1), namespace.version(id, 2)]);
    expect(first).toMatchObject({ sizeBytes: 1234, uploadId: UPLOAD, contentType: 'text/plain', epoch: 1, sequence: 4 });
    expect(second?.committedMs).toBe(world.chronicle.events[4]?.envelope.timeMs);
    expect(await read(({ namespace }) => namespace.file(id))).toMatchObject({
      version: 2,
      mode: 0o644,
      committedMs: second?.committedMs,
    });
  });

  test.each<readonly [string, string, () => readonly CollectiveEvent[]]>([
    [
      'a version out of turn',
      'a version does not follow the one before',
      () => [opened(), made('file'), committed('1-3' as FileId, 2)],
    ],
    [
      'a list that was never recorded',
      'an extent list was never recorded',
      () => [opened(), made('file'), committed('1-3' as FileId, 1, { lists: ['none'] })],
    ],
    ['an upload that was never opened', 'the upload was never opened', () => [made('file'), committed('1-2' as FileId, 1)]],
    ['a version of a directory', 'only a file has versions', () => [opened(), folder('a'), committed('1-3' as FileId, 1)]],
    ['an entry in a file', 'entries stand in directories only', () => [made('file'), made('below', '1-2' as FileId)]],
    ['an entry in nothing', 'there is no file 1-99', () => [made('file', '1-99' as FileId)]],
    [
      'a removal of another file',
      'the entry is not there, or of another file',
      () => [folder('a'), { type: 'EntryRemoved', parentId: ROOT_FILE_ID, name: 'a', fileId: ROOT_FILE_ID }],
    ],
    ['a second founding', 'the collective was founded before', () => [founded()]],
    [
      'a move into itself',
      'a directory cannot be moved below itself',
      () => [
        folder('a'),
        folder('b', '1-2' as FileId),
        {
          type: 'EntryMoved',
          fileId: '1-2' as FileId,
          fromParentId: ROOT_FILE_ID,
          fromName: 'a',
          toParentId: '1-3' as FileId,
          toName: 'c',
          replacedFileId: undefined,
        },
      ],
    ],
  ])('refuses %s: %s', async (_, why, events) => {
    expect(await refusal(...events())).toBe(why);
  });

  test('never gets deeper than a path can say', async () => {
    let parent: FileId = ROOT_FILE_ID;
    for (let depth = 0; depth < LIMITS.pathDepth; depth += 1) {
      const id = world.chronicle.nextId;
      await world.record(folder('d', parent));
      parent = id;
    }
    expect(await read(({ namespace }) => namespace.pathOf(parent))).toHaveLength(LIMITS.pathDepth);
    expect(await refusal(folder('d', parent))).toBe('the tree gets too deep');
  });

  test('keeps what was below a removed directory, out of reach and out of the counts', async () => {
    await world.record(opened());
    const directory = world.chronicle.nextId;
    await world.record(folder('a'));
    const file = world.chronicle.nextId;
    await world.record(made('file', directory), committed(file, 1), {
      type: 'EntryRemoved',
      parentId: ROOT_FILE_ID,
      name: 'a',
      fileId: directory,
    });
    const { namespace } = await read(({ namespace: all }) => ({
      namespace: {
        version: all.file(file)?.version,
        path: all.pathOf(file),
        below: all.file(ROOT_FILE_ID)?.below,
        kept: all.file(directory)?.below,
      },
    }));
    expect(namespace).toMatchObject({
      version: 1,
      path: undefined,
      below: { files: 0, directories: 0, symlinks: 0, bytes: 0, deletedEntries: 2, deletedBytes: 1234 },
      kept: { files: 1, directories: 0, symlinks: 0, bytes: 1234 },
    });
  });
});

describe('uploads', () => {
  test('are open until they are closed, counted for their client, and listed by when they expire', async () => {
    const late: CollectiveEvent = { ...opened(uploadId('late')), expiresAtMs: 9_000_000_000_000 } as CollectiveEvent;
    await world.record(late, opened());
    expect(await read(({ uploads }) => uploads.openCount(CLIENT))).toBe(2);
    expect(await read(({ uploads }) => uploads.open(1))).toEqual({ rows: [[[2_000_000_000_000, UPLOAD], true]], more: true });
    await world.record(
      { type: 'UploadCompleted', uploadId: UPLOAD },
      { type: 'UploadAbandoned', uploadId: uploadId('late'), reason: 'expired' },
    );
    expect(await read(({ uploads }) => [uploads.openCount(CLIENT), uploads.get(UPLOAD)?.state, uploads.open(9).rows])).toEqual([
      0,
      'completed',
      [],
    ]);
    expect(await refusal({ type: 'UploadCompleted', uploadId: UPLOAD })).toBe('the upload is closed');
  });
});

describe('certificates and invites', () => {
  const issued = (text: string, publicKey: number): CollectiveEvent => ({
    type: 'CertificateIssued',
    fingerprint: hasher.sha256(new TextEncoder().encode(text)),
    role: 'node',
    subjectId: ONE,
    name: 'attic',
    publicKeyHash: new Uint8Array(32),
    publicKey: Uint8Array.of(publicKey),
    notBeforeMs: 0,
    notAfterMs: 5,
  });

  test('a node has its newest certificates, the last first', async () => {
    await world.record(...[1, 2, 3, 4, 5, 6].map((number) => issued(`certificate ${number}`, number)));
    await world.host.flush();
    expect(await read((views) => views.certificates.of('node', ONE).map(({ publicKey }) => publicKey[0]))).toEqual([6, 5, 4, 3]);
    const first = hasher.sha256(new TextEncoder().encode('certificate 1'));
    expect(await read((views) => views.certificates.byFingerprint(first))).toMatchObject({ name: 'attic', subjectId: ONE });
    expect(await read((views) => views.certificates.of('client', ONE))).toEqual([]);
  });

  const invite = (id: string, expiresAtMs: number): CollectiveEvent => ({
    type: 'InviteIssued',
    approved: false,
    inviteId: uploadId(id) as string as InviteId,
    kind: 'node',
    name: '',
    secretHash: new Uint8Array(32),
    expiresAtMs,
  });

  test('an invite is open until it is used, burnt or over', async () => {
    const [one, two, three] = ['one', 'two', 'three'].map((id) => uploadId(id) as string as InviteId);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three invites');
    await world.record(invite('one', 100), invite('two', 200), invite('three', 300));
    const open = (nowMs: number) => read((views) => views.invites.open(nowMs, 10).rows.map(([[, id]]) => id));
    expect(await open(100)).toEqual([two, three]);
    await world.record({ type: 'InviteRedeemed', inviteId: two, fingerprint: Uint8Array.of(7) });
    await world.record({ type: 'InviteRevoked', inviteId: three, reason: 'wrong-tries' });
    expect(await open(0)).toEqual([one]);
    expect(await read((views) => [two, three].map((id) => views.invites.get(id)?.state))).toEqual(['redeemed', 'revoked']);
    expect(await refusal({ type: 'InviteRedeemed', inviteId: two, fingerprint: Uint8Array.of(8) })).toBe('the invite is closed');
  });
});

test('members and nodes are as their last events say', async () => {
  await world.record(
    { type: 'CoordinatorEndpointsChanged', home: ['a:1'], enrolment: ['a:2'], peer: ['a:3'] },
    { type: 'NodeRegistered', nodeId: ONE, name: 'attic' },
    { type: 'NodeEndpointsChanged', nodeId: ONE, endpoints: ['b:1'], failureDomain: 'house' },
    { type: 'NodeCapacityChanged', nodeId: ONE, capacityBytes: 100, fullnessPercent: 90 },
    { type: 'NodeBecameUnreachable', nodeId: ONE, lastSeenMs: 7 },
  );
  await world.host.flush();
  expect(await read(({ members }) => members.owner())).toMatchObject({
    memberId: ALICE,
    name: 'alice',
    homeEndpoints: ['a:1'],
    enrolmentEndpoints: ['a:2'],
  });
  const row = {
    name: 'attic',
    endpoints: ['b:1'],
    failureDomain: 'house',
    capacityBytes: 100,
    fullnessPercent: 90,
    unreachable: true,
    lastSeenMs: 7,
  };
  expect(await read(({ nodes }) => nodes.all())).toEqual([[ONE, expect.objectContaining(row)]]);
  await world.record({ type: 'NodeRecovered', nodeId: ONE });
  expect(await read(({ nodes }) => nodes.get(ONE)?.unreachable)).toBe(false);
  expect(await refusal({ type: 'NodeRecovered', nodeId: TWO })).toBe('the node is not registered');
});
