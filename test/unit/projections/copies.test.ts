import { beforeEach, describe, expect, test } from 'vitest';
import type { MemberId, NodeId } from '../../../src/base/index.js';
import type { CollectiveEvent, CopiesLost, CopyHolder } from '../../../src/events/index.js';
import type { Views } from '../../../src/projections/index.js';
import { memberFacts } from './random-sharing.js';
import { BOB, chunkId, clientId, extentsOf, listId, memberId, nodeId, uploadId, World } from './support.js';

const CAROL = memberId('carol');
const [ONE, TWO] = [nodeId('one'), nodeId('two')];
const UPLOAD = uploadId('upload');
const BYTES = 1000;

let world: World;
beforeEach(async () => {
  world = await World.open();
  await world.record(
    ...[ONE, TWO].map((id): CollectiveEvent => ({ type: 'NodeRegistered', nodeId: id, name: id })),
    { type: 'MemberAdmitted', ...memberFacts(BOB, 'bob') },
    { type: 'MemberAdmitted', ...memberFacts(CAROL, 'carol') },
  );
});

const read = <Value>(work: (views: Views) => Value): Promise<Value> => world.host.run(work);
const refusal = (...events: readonly CollectiveEvent[]): Promise<string> =>
  world.record(...events).then(
    () => '',
    (error: unknown) => String(error).replace('Error: an event of the test is not valid: ', ''),
  );

describe('copies with other members', () => {
  const recorded = (names: readonly string[], nodeIds: readonly NodeId[], memberIds: readonly MemberId[]): CollectiveEvent => ({
    type: 'CopiesRecorded',
    nodeIds,
    memberIds,
    chunks: names.map((name) => ({
      chunkId: chunkId(name),
      lengthBytes: BYTES,
      holders: [...nodeIds, ...memberIds].map((_, index) => index),
    })),
  });
  const lost = (name: string, holder: CopyHolder, reason: CopiesLost['reason'] = 'damaged'): CollectiveEvent => ({
    type: 'CopiesLost',
    holder,
    reason,
    chunkIds: [chunkId(name)],
  });
  const wanted = (names: readonly string[]): readonly CollectiveEvent[] => [
    {
      type: 'UploadOpened',
      uploadId: UPLOAD,
      clientId: clientId('laptop'),
      copies: 3,
      expiresAtMs: 9,
      minimumCopies: 2,
      spread: 'members',
    },
    { type: 'ExtentsRecorded', uploadId: UPLOAD, extentListId: listId('list'), extents: extentsOf(names, BYTES) },
  ];
  const row = () => read(({ placement }) => placement.chunk(chunkId('a')));
  const totals = () => read(({ usage }) => usage.totals());

  test('count like those on nodes', async () => {
    await world.record(recorded(['a', 'b'], [ONE], [BOB, CAROL]), ...wanted(['a']));
    expect(await row()).toMatchObject({ wantedCopies: 3, spread: 'members', holders: [ONE], members: [BOB, CAROL] });
    expect(await totals()).toMatchObject({ copies: 6, copyBytes: 6 * BYTES, memberCopies: 4, memberCopyBytes: 4 * BYTES });
    expect(await totals()).toMatchObject({ chunks: 2, underProtectedChunks: 0 });
    expect(await read(({ usage }) => usage.member(BOB))).toEqual({
      chunks: 2,
      bytes: 2 * BYTES,
      lostCopies: 0,
      forfeitedCopies: 0,
    });
    expect(await read(({ usage }) => usage.node(ONE).chunks)).toBe(2);
  });

  test('are lost, made good there, and forgotten once there are enough elsewhere', async () => {
    await world.record(recorded(['a'], [ONE], [BOB, CAROL]), ...wanted(['a']), lost('a', { memberId: BOB }));
    expect(await row()).toMatchObject({ members: [CAROL], lostMembers: [BOB], lost: [] });
    expect(await totals()).toMatchObject({ copies: 2, lostCopies: 1, underProtectedChunks: 1 });
    await world.record(recorded(['a'], [], [BOB]));
    expect(await row()).toMatchObject({ members: [CAROL, BOB], lostMembers: [] });
    await world.record(lost('a', { memberId: CAROL }), recorded(['a'], [TWO], []));
    expect(await row()).toMatchObject({ holders: [ONE, TWO], lostMembers: [] });
    expect(await totals()).toMatchObject({ copies: 3, lostCopies: 0, underProtectedChunks: 0 });
  });

  test('that are given back on purpose are neither lost nor forfeited', async () => {
    await world.record(recorded(['a'], [ONE], [BOB]), ...wanted(['a']));
    await world.record(lost('a', { memberId: BOB }, 'released'), lost('a', { nodeId: ONE }, 'released'));
    expect(await row()).toMatchObject({ holders: [], members: [], lost: [], lostMembers: [], forfeited: [] });
    expect(await totals()).toMatchObject({ copies: 0, lostCopies: 0, forfeitedCopies: 0, underProtectedChunks: 1 });
  });

  test('of who is gone are forfeited, and nobody takes them for damage', async () => {
    await world.record(recorded(['a'], [ONE, TWO], [BOB]), ...wanted(['a']));
    await world.record(lost('a', { memberId: BOB }, 'forfeited'), lost('a', { nodeId: ONE }, 'forfeited'));
    expect(await row()).toMatchObject({ holders: [TWO], forfeited: [ONE], forfeitedMembers: [BOB], lost: [], lostMembers: [] });
    expect(await totals()).toMatchObject({ lostCopies: 0, forfeitedCopies: 2, underProtectedChunks: 1 });
    expect(await read(({ usage }) => [usage.node(ONE).forfeitedCopies, usage.member(BOB).forfeitedCopies])).toEqual([1, 1]);
    await world.record(recorded(['a'], [], [BOB, CAROL]));
    expect(await totals()).toMatchObject({ copies: 3, lostCopies: 0, forfeitedCopies: 0 });
  });

  test('that an earlier program recorded as missing with a node that is gone are forfeited', async () => {
    await world.record(recorded(['a', 'b'], [ONE, TWO], []), ...wanted(['a', 'b']));
    await world.record(lost('a', { nodeId: ONE }, 'missing'), { type: 'NodeDecommissioned', nodeId: ONE });
    await world.record(lost('b', { nodeId: ONE }, 'missing'));
    expect(await totals()).toMatchObject({ lostCopies: 1, forfeitedCopies: 1 });
  });

  test('are with members that are known, and of chunks that are on record', async () => {
    const stranger = memberId('stranger');
    expect(await refusal(recorded(['a'], [], [stranger]))).toBe('a holder is not known');
    expect(await refusal(lost('a', { memberId: BOB }))).toBe('a lost copy was never recorded');
  });
});

describe('copies for other members', () => {
  const accepted = (names: readonly string[], nodeIds: readonly NodeId[] = [ONE], origin: MemberId = BOB): CollectiveEvent => ({
    type: 'ForeignCopiesAccepted',
    origin,
    uploadId: UPLOAD,
    nodeIds,
    chunks: names.map((name) => ({ chunkId: chunkId(name), lengthBytes: BYTES, holders: nodeIds.map((_, index) => index) })),
  });
  const ids = (...names: readonly string[]) => names.map(chunkId);
  const totals = (origin: MemberId = BOB) => read(({ foreignCopies }) => foreignCopies.totals(origin));
  const row = (name: string, origin: MemberId = BOB) => read(({ foreignCopies }) => foreignCopies.get(origin, chunkId(name)));

  test('are counted for each of them: chunks once, copies each', async () => {
    await world.record(accepted(['a', 'b'], [ONE, TWO]), accepted(['a']), accepted(['a'], [TWO], CAROL));
    expect(await totals()).toEqual({ chunks: 2, bytes: 2 * BYTES, copies: 4, copyBytes: 4 * BYTES, lostChunks: 0 });
    expect(await totals(CAROL)).toMatchObject({ chunks: 1, bytes: BYTES, copies: 1 });
    expect(await read(({ foreignCopies }) => foreignCopies.node(TWO))).toEqual({ chunks: 3, bytes: 3 * BYTES });
    expect(await read(({ foreignCopies }) => foreignCopies.page(BOB, undefined, 9).rows.length)).toBe(2);
    expect(await read(({ foreignCopies }) => foreignCopies.allTotals().length)).toBe(2);
  });

  test('move from one node to another', async () => {
    await world.record(accepted(['a']), {
      type: 'ForeignCopiesMoved',
      origin: BOB,
      fromNodeId: ONE,
      toNodeId: TWO,
      chunkIds: ids('a'),
    });
    expect(await row('a')).toEqual({ lengthBytes: BYTES, holders: [TWO] });
    expect(await read(({ foreignCopies }) => foreignCopies.node(ONE))).toEqual({ chunks: 0, bytes: 0 });
  });

  test('that are lost stay on record without a holder, and cost no pledge, until they are released', async () => {
    const lost = (nodeId: NodeId): CollectiveEvent => ({
      type: 'ForeignCopiesLost',
      origin: BOB,
      nodeId,
      reason: 'missing',
      chunkIds: ids('a'),
    });
    await world.record(accepted(['a', 'b'], [ONE, TWO]), lost(ONE), lost(ONE));
    expect(await totals()).toMatchObject({ chunks: 2, copies: 3, lostChunks: 0 });
    await world.record(lost(TWO));
    expect(await row('a')).toEqual({ lengthBytes: BYTES, holders: [] });
    expect(await totals()).toMatchObject({ chunks: 1, bytes: BYTES, lostChunks: 1 });
    await world.record({ type: 'ForeignCopiesReleased', origin: BOB, chunkIds: ids('a', 'b') });
    expect(await row('a')).toBeUndefined();
    expect(await totals()).toEqual({ chunks: 0, bytes: 0, copies: 0, copyBytes: 0, lostChunks: 0 });
  });

  test.each<[string, CollectiveEvent, string]>([
    ['for a stranger', accepted(['x'], [ONE], memberId('stranger')), 'the member is not known'],
    ['on a node that is not registered', accepted(['x'], [nodeId('other')]), 'a holder is not registered'],
    ['of one chunk twice', { ...accepted(['x', 'x']) }, 'a chunk stands twice in one event'],
    [
      'moved from where they are not',
      { type: 'ForeignCopiesMoved', origin: BOB, fromNodeId: TWO, toNodeId: ONE, chunkIds: ids('a') },
      'a copy was moved that is not there',
    ],
    [
      'released, never accepted',
      { type: 'ForeignCopiesReleased', origin: CAROL, chunkIds: ids('a') },
      'a copy was never accepted',
    ],
    [
      'lost, never accepted',
      { type: 'ForeignCopiesLost', origin: CAROL, nodeId: ONE, reason: 'damaged', chunkIds: ids('a') },
      'a copy was never accepted',
    ],
  ])('%s are refused', async (_what, event, reason) => {
    await world.record(accepted(['a']));
    expect(await refusal(event)).toBe(reason);
  });
});
