import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS, type NodeId } from '../../../src/base/index.js';
import {
  decideCloseUpload,
  decideCopiesLost,
  decideCopiesWhole,
  decideExpireUpload,
  decideOpenUpload,
  decideRecordCopies,
  decideRecordExtents,
  type Decision,
  type RecordExtents,
} from '../../../src/domain/index.js';
import { CLIENT, commitInline, contextAt, NODES, NOW_MS, receiptsFor, standing, UPLOAD } from '../projections/random-log.js';
import { chunkId, clientId, extentsOf, listId, uploadId, World } from '../projections/support.js';

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.record(...standing());
});

const code = (decision: Decision): string | undefined => (decision.ok ? undefined : decision.error.code);
const at = { nowMs: NOW_MS };

describe('an upload', () => {
  test('is opened with 1 to 16 copies, for a day', async () => {
    const open = (copies: number) =>
      world.host.run(({ uploads }) => decideOpenUpload({ uploadId: uploadId('new'), clientId: CLIENT, copies }, uploads, at));
    expect(await open(2)).toEqual({
      ok: true,
      value: [
        {
          type: 'UploadOpened',
          uploadId: uploadId('new'),
          clientId: CLIENT,
          copies: 2,
          expiresAtMs: NOW_MS + LIMITS.uploadLifeMs,
          minimumCopies: 2,
          spread: 'nodes',
        },
      ],
    });
    for (const copies of [0, -1, 1.5, LIMITS.copiesMax + 1]) expect(code(await open(copies))).toBe('REQUEST_INVALID');
  });

  test('is refused to a client that has too many open, and to no other', async () => {
    const open = (client: string, number: number) =>
      world.decide(({ uploads }, next) =>
        decideOpenUpload(
          { uploadId: uploadId(`${client} ${number}`), clientId: clientId(client), copies: 1 },
          uploads,
          contextAt(next),
        ),
      );
    for (let number = 0; number < LIMITS.openUploadsPerClient; number += 1) expect((await open('busy', number)).ok).toBe(true);
    expect(await open('busy', 1000)).toMatchObject({ ok: false, error: { code: 'LIMIT_EXCEEDED' } });
    expect((await open('other', 1)).ok).toBe(true);
    await world.decide(({ uploads }) =>
      decideCloseUpload({ uploadId: uploadId('busy 3'), clientId: clientId('busy'), abandoned: true }, uploads),
    );
    expect((await open('busy', 1001)).ok).toBe(true);
  });

  test('is closed by its client, once; closing it again changes nothing', async () => {
    const close = (client = CLIENT) =>
      world.decide(({ uploads }) => decideCloseUpload({ uploadId: UPLOAD, clientId: client, abandoned: false }, uploads));
    expect(await close(clientId('another'))).toMatchObject({ ok: false, error: { code: 'UPLOAD_UNKNOWN' } });
    expect(await close()).toMatchObject({ ok: true, value: [{ event: { type: 'UploadCompleted' } }] });
    expect(await close()).toEqual({ ok: true, value: [] });
  });

  test('expires by itself, not before its time', async () => {
    const expire = (nowMs: number) => world.host.run(({ uploads }) => decideExpireUpload(UPLOAD, uploads, nowMs));
    expect(await expire(NOW_MS + LIMITS.uploadLifeMs - 1)).toEqual({ ok: true, value: [] });
    expect(await expire(NOW_MS + LIMITS.uploadLifeMs)).toEqual({
      ok: true,
      value: [{ type: 'UploadAbandoned', uploadId: UPLOAD, reason: 'expired' }],
    });
  });
});

describe('recording extents', () => {
  const record = (change: Partial<RecordExtents> = {}, nowMs = NOW_MS) =>
    world.host.run((views) =>
      decideRecordExtents(
        {
          uploadId: UPLOAD,
          clientId: CLIENT,
          extentListId: listId('list'),
          extents: extentsOf(['a', 'b'], 1000, 7000),
          receipted: receiptsFor(['a', 'b']),
          ...change,
        },
        views,
        { nowMs },
      ),
    );

  test('records the copies and the list', async () => {
    const [one, two] = NODES;
    expect(await record()).toEqual({
      ok: true,
      value: [
        {
          type: 'CopiesRecorded',
          nodeIds: [one, two],
          memberIds: [],
          chunks: ['a', 'b'].map((name) => ({ chunkId: chunkId(name), lengthBytes: 1000, holders: [0, 1] })),
        },
        {
          type: 'ExtentsRecorded',
          uploadId: UPLOAD,
          extentListId: listId('list'),
          extents: extentsOf(['a', 'b'], 1000, 7000),
        },
      ],
    });
  });

  test.each<readonly [string, Partial<RecordExtents>, string]>([
    ['nothing', { extents: [] }, 'REQUEST_INVALID'],
    [
      'too many',
      {
        extents: extentsOf(
          Array.from({ length: LIMITS.extentsPerList + 1 }, () => 'a'),
          1000,
        ),
      },
      'REQUEST_INVALID',
    ],
    ['a gap', { extents: [...extentsOf(['a'], 1000), ...extentsOf(['b'], 1000, 1001)] }, 'REQUEST_INVALID'],
    ['an empty extent', { extents: extentsOf(['a'], 0) }, 'REQUEST_INVALID'],
    ['a chunk longer than any', { extents: extentsOf(['a'], LIMITS.chunkBytesLarge + 1) }, 'REQUEST_INVALID'],
    ['bytes beyond the largest file', { extents: extentsOf(['a'], 1000, LIMITS.fileBytes) }, 'REQUEST_INVALID'],
    ['half a byte', { extents: extentsOf(['a'], 0.5) }, 'REQUEST_INVALID'],
    ['a chunk without receipts', { receipted: receiptsFor(['a']) }, 'RECEIPT_INVALID'],
    ['the upload of another client', { clientId: clientId('another') }, 'UPLOAD_UNKNOWN'],
    ['an upload that was never opened', { uploadId: uploadId('none') }, 'UPLOAD_UNKNOWN'],
  ])('of %s is refused', async (_, change, expected) => {
    expect(code(await record(change))).toBe(expected);
  });

  test('after the upload has expired is refused', async () => {
    expect(code(await record({}, NOW_MS + LIMITS.uploadLifeMs))).toBe('UPLOAD_UNKNOWN');
  });

  test('of a chunk on record with another length is refused', async () => {
    await world.record({
      type: 'CopiesRecorded',
      memberIds: [],
      nodeIds: [NODES[0]],
      chunks: [{ chunkId: chunkId('a'), lengthBytes: 999, holders: [0] }],
    });
    expect(code(await record())).toBe('RECEIPT_INVALID');
  });
});

describe('copies', () => {
  test('that are on record are not recorded again, those that were lost are', async () => {
    const record = () =>
      world.decide((views, next) =>
        decideRecordCopies({ uploadId: UPLOAD, clientId: CLIENT, receipted: receiptsFor(['a']) }, views, contextAt(next)),
      );
    expect(await record()).toMatchObject({ ok: true, value: [{ event: { type: 'CopiesRecorded' } }] });
    expect(await record()).toEqual({ ok: true, value: [] });
    const lost = { nodeId: NODES[1], reason: 'missing', chunkIds: [chunkId('a'), chunkId('a'), chunkId('never')] } as const;
    expect(await world.decide(({ placement }) => decideCopiesLost(lost, placement))).toMatchObject({
      ok: true,
      value: [{ event: { type: 'CopiesLost', holder: { nodeId: NODES[1] }, chunkIds: [chunkId('a')] } }],
    });
    expect(await world.decide(({ placement }) => decideCopiesLost(lost, placement))).toEqual({ ok: true, value: [] });
    expect(await record()).toMatchObject({
      ok: true,
      value: [{ event: { nodeIds: [NODES[1]], chunks: [{ chunkId: chunkId('a'), holders: [0] }] } }],
    });
  });

  test('of a node that has gone for good since its receipt was checked are not recorded', async () => {
    await world.record({ type: 'NodeDecommissioned', nodeId: NODES[1] });
    const receipted = receiptsFor(['a']);
    const decided = await world.decide((views, next) =>
      decideRecordCopies({ uploadId: UPLOAD, clientId: CLIENT, receipted }, views, contextAt(next)),
    );
    expect(decided).toMatchObject({ ok: false, error: { code: 'RECEIPT_INVALID' } });
  });

  test('that a node lost are on record again once it finds them whole, and no others', async () => {
    const receipted = receiptsFor(['a', 'b']);
    await world.decide((views, next) =>
      decideRecordCopies({ uploadId: UPLOAD, clientId: CLIENT, receipted }, views, contextAt(next)),
    );
    const lost = { nodeId: NODES[1], reason: 'damaged', chunkIds: [chunkId('a')] } as const;
    await world.decide(({ placement }) => decideCopiesLost(lost, placement));
    const chunkIds = [chunkId('a'), chunkId('b'), chunkId('never'), chunkId('a')];
    const find = (nodeId: NodeId) => world.decide(({ placement }) => decideCopiesWhole({ nodeId, chunkIds }, placement));
    expect(await find(NODES[0])).toEqual({ ok: true, value: [] });
    expect(await find(NODES[1])).toMatchObject({
      ok: true,
      value: [{ event: { type: 'CopiesRecorded', nodeIds: [NODES[1]], chunks: [{ chunkId: chunkId('a'), holders: [0] }] } }],
    });
    expect((await world.host.run(({ usage }) => usage.totals())).lostCopies).toBe(0);
    expect(await find(NODES[1])).toEqual({ ok: true, value: [] });
  });

  test('of more chunks than an event may name take several events', async () => {
    const names = Array.from({ length: LIMITS.chunksPerCall + 1 }, (_, index) => `chunk ${index}`);
    const decided = await world.decide((views, next) =>
      decideRecordCopies({ uploadId: UPLOAD, clientId: CLIENT, receipted: receiptsFor(names) }, views, contextAt(next)),
    );
    const counts = decided.ok
      ? decided.value.map(({ event }) => (event?.type === 'CopiesRecorded' ? event.chunks.length : 0))
      : [];
    expect(counts).toEqual([LIMITS.chunksPerCall, 1]);
    const found = { nodeId: NODES[0], reason: 'damaged', chunkIds: names.map(chunkId) } as const;
    const lost = await world.decide(({ placement }) => decideCopiesLost(found, placement));
    expect(lost.ok ? lost.value.length : 0).toBe(2);
  });

  test('are on record before the version that needs them', async () => {
    for (const decide of commitInline(['f'], ['a', 'b'])) await world.decide(decide);
    expect((await world.host.run(({ usage }) => usage.totals())).underProtectedChunks).toBe(0);
  });
});
