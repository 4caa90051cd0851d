import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS, ROOT_FILE_ID, type ClientId, type FileId, type GrantId, type MemberId } from '../../../src/base/index.js';
import type { CollectiveEvent } from '../../../src/events/index.js';
import type { Views } from '../../../src/projections/index.js';
import { memberFacts } from './random-sharing.js';
import { ALICE, AT, BOB, clientId, memberId, nodeId, uploadId, World } from './support.js';

const CAROL = memberId('carol');
const NODE = nodeId('one');

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const read = <Value>(work: (views: Views) => Value): Promise<Value> => world.host.run(work);
const refusal = (...events: readonly CollectiveEvent[]): Promise<string> =>
  world.record(...events).then(
    () => '',
    (error: unknown) => String(error).replace('Error: an event of the test is not valid: ', ''),
  );
const admitted = (id: MemberId = BOB, name = 'bob'): CollectiveEvent => ({ type: 'MemberAdmitted', ...memberFacts(id, name) });
const applied = (id: MemberId = BOB, name = 'bob'): CollectiveEvent => ({ type: 'MemberApplied', ...memberFacts(id, name) });
const suspended: CollectiveEvent = { type: 'MemberSuspended', memberId: BOB, epoch: 1, sequence: 17, note: 'stolen' };
const removed: CollectiveEvent = { type: 'MemberRemoved', memberId: BOB, epoch: 0, sequence: 0, note: 'gone' };

describe('other members', () => {
  const bob = () => read(({ peers }) => peers.get(BOB));

  test('apply, are admitted, suspended, reinstated, removed, and may come again', async () => {
    await world.record(applied());
    expect(await bob()).toMatchObject({ name: 'bob', state: 'applied', acceptedUpTo: undefined, introducedBy: '' });
    await world.record(admitted());
    expect(await bob()).toMatchObject({ state: 'admitted', endpoints: ['bob.example:7422'], acceptedUpTo: undefined });
    await world.record(suspended);
    expect(await bob()).toMatchObject({ state: 'suspended', acceptedUpTo: { epoch: 1, sequence: 17 }, note: 'stolen' });
    await world.host.flush();
    await world.record({ type: 'MemberReinstated', memberId: BOB });
    expect(await bob()).toMatchObject({ state: 'admitted', acceptedUpTo: undefined, note: '' });
    await world.record(removed);
    expect(await bob()).toMatchObject({ state: 'removed', acceptedUpTo: { epoch: 0, sequence: 0 } });
    await world.record(applied(), { type: 'MemberRefused', memberId: BOB, note: 'once was enough' });
    expect(await bob()).toMatchObject({ state: 'refused', note: 'once was enough' });
    await world.record(admitted());
    expect((await bob())?.state).toBe('admitted');
  });

  test.each<[string, readonly CollectiveEvent[], string]>([
    ['a member that was admitted is not admitted again', [admitted(), admitted()], 'the member was admitted before'],
    ['nor can it apply', [admitted(), applied()], 'the member was admitted before'],
    ['a suspended member is not admitted, but reinstated', [admitted(), suspended, admitted()], 'the member was admitted before'],
    ['nobody is suspended twice', [admitted(), suspended, suspended], 'the member is suspended'],
    ['who has applied is refused, not removed', [applied(), removed], 'the member is applied'],
    [
      'who was admitted is removed, not refused',
      [admitted(), { type: 'MemberRefused', memberId: BOB, note: '' }],
      'the member is admitted',
    ],
    ['only who is suspended is reinstated', [admitted(), { type: 'MemberReinstated', memberId: BOB }], 'the member is admitted'],
    ['who is not known has no name', [{ type: 'MemberRenamed', memberId: BOB, name: 'rob' }], 'the member is not known'],
    ['nobody admits itself', [admitted(ALICE, 'me')], 'a member does not admit itself'],
  ])('%s', async (_rule, events, reason) => {
    expect(await refusal(...events)).toBe(reason);
  });

  test('there are at most so many', async () => {
    const many = Array.from({ length: LIMITS.members }, (_, index) => applied(memberId(`member ${index}`), `m${index}`));
    expect(await refusal(...many, applied())).toBe('more members than there may be');
  });

  test('are found by our name for them, who is admitted first', async () => {
    const named = (name: string) => read(({ peers }) => peers.byName(name)?.[0]);
    await world.record(applied(CAROL, 'bob'), admitted());
    expect(await named('bob')).toBe(BOB);
    await world.record({ type: 'MemberRenamed', memberId: BOB, name: 'rob' });
    expect(await named('rob')).toBe(BOB);
    expect(await named('bob')).toBe(CAROL);
    expect(await named('alice')).toBeUndefined();
  });

  test('forks of their logs are on record, the first word of each', async () => {
    const fork = (sequence: number, told: MemberId | ''): CollectiveEvent => ({
      type: 'LogForkDetected',
      origin: BOB,
      epoch: 1,
      sequence,
      heldHash: new Uint8Array(32).fill(1),
      otherHash: new Uint8Array(32).fill(2),
      toldBy: told,
    });
    await world.record(fork(7, ''), fork(7, CAROL), fork(9, CAROL));
    await world.host.flush();
    expect(await read(({ forks }) => forks.get(BOB, 1, 7))).toMatchObject({ toldBy: '', heldHash: new Uint8Array(32).fill(1) });
    expect(await read(({ forks }) => forks.of(BOB, 9).rows.map(([[, , sequence]]) => sequence))).toEqual([7, 9]);
    expect(await read(({ forks }) => forks.of(CAROL, 9).rows)).toEqual([]);
    expect(await read(({ forks }) => forks.all(1).more)).toBe(true);
  });

  test('can be witnesses, beside nodes', async () => {
    await world.record({ type: 'WitnessesChanged', witnesses: [NODE], members: [BOB], required: 2 });
    expect(await read(({ witnesses }) => witnesses.current())).toMatchObject({ nodeIds: [NODE], members: [BOB], required: 2 });
  });
});

describe('grants, policies and pledges', () => {
  const granted = (directoryId: FileId = ROOT_FILE_ID, to: MemberId = BOB): CollectiveEvent => ({
    type: 'GrantGiven',
    directoryId,
    memberId: to,
    rights: ['read', 'write'],
    untilMs: 5,
  });
  const policy = (copies: number, directoryId: FileId = ROOT_FILE_ID): CollectiveEvent => ({
    type: 'PolicySet',
    directoryId,
    copies,
    minimumCopies: Math.min(copies, 2),
    spread: 'members',
  });

  test('a grant is there from its event until it is withdrawn, whoever it is for', async () => {
    await world.record(admitted(), admitted(CAROL, 'carol'));
    const first = world.chronicle.nextId as string as GrantId;
    await world.record(granted(), granted(ROOT_FILE_ID, CAROL), granted());
    await world.host.flush();
    const ofBob = () => read(({ grants }) => grants.ofMember(BOB).map(([id]) => id));
    expect(await read(({ grants }) => grants.get(first))).toMatchObject({
      directoryId: ROOT_FILE_ID,
      memberId: BOB,
      rights: ['read', 'write'],
      untilMs: 5,
    });
    expect(await ofBob()).toHaveLength(2);
    expect(await read(({ grants }) => grants.all())).toHaveLength(3);
    await world.record({ type: 'GrantWithdrawn', grantId: first });
    expect(await ofBob()).toHaveLength(1);
    expect(await read(({ grants }) => grants.get(first))).toBeUndefined();
    expect(await refusal({ type: 'GrantWithdrawn', grantId: first })).toBe('the grant is not known');
  });

  test('are for directories that exist, and members that are known', async () => {
    expect(await refusal(granted())).toBe('the member is not known');
    await world.record(admitted());
    const file = world.chronicle.nextId;
    await world.record({ type: 'FileCreated', parentId: ROOT_FILE_ID, name: 'a', mode: 0o600, modified: AT });
    expect(await refusal(granted(file))).toBe('a grant is for a directory');
    expect(await refusal(granted('1-99' as FileId))).toBe('a grant is for a directory');
    expect(await refusal(policy(3, file))).toBe('a policy is for a directory');
    expect(await refusal({ type: 'PledgeChanged', memberId: CAROL, bytes: 1 })).toBe('the member is not known');
  });

  test('a policy holds until another one, or none', async () => {
    const own = () => read(({ policies }) => policies.get(ROOT_FILE_ID));
    await world.record(policy(3));
    expect(await own()).toMatchObject({ copies: 3, minimumCopies: 2, spread: 'members' });
    await world.record(policy(4));
    expect(await read(({ policies }) => policies.all().map(([id, { copies }]) => [id, copies]))).toEqual([[ROOT_FILE_ID, 4]]);
    await world.record(policy(0), policy(0));
    expect(await own()).toBeUndefined();
  });

  test('a pledge is what was said last', async () => {
    await world.record(admitted(), { type: 'PledgeChanged', memberId: BOB, bytes: 500 });
    expect(await read(({ pledges }) => pledges.get(BOB)?.bytes)).toBe(500);
    await world.record({ type: 'PledgeChanged', memberId: BOB, bytes: 0 });
    expect(await read(({ pledges }) => pledges.all())).toEqual([]);
  });
});

describe('uploads', () => {
  test('say what was wanted, and for whose client', async () => {
    const [client, alias] = [clientId('laptop'), clientId('bob’s laptop')];
    const opened = (name: string, by: ClientId): CollectiveEvent => ({
      type: 'UploadOpened',
      uploadId: uploadId(name),
      clientId: by,
      copies: 3,
      expiresAtMs: 9,
      minimumCopies: 2,
      spread: 'members',
    });
    await world.host.apply(world.chronicle.add([opened('own', client)], { actor: `client/${client}` }));
    await world.host.apply(world.chronicle.add([opened('bob’s', alias)], { actor: `member/${BOB}/client/${client}` }));
    await world.host.flush();
    expect(await read(({ uploads }) => uploads.get(uploadId('own')))).toMatchObject({ memberId: '', minimumCopies: 2 });
    expect(await read(({ uploads }) => uploads.get(uploadId('bob’s')))).toMatchObject({ memberId: BOB, spread: 'members' });
    expect(await read(({ uploads }) => [uploads.openCount(client), uploads.openCount(alias)])).toEqual([1, 1]);
    await world.record({ type: 'UploadCompleted', uploadId: uploadId('bob’s') });
    expect(await read(({ uploads }) => [uploads.openCount(client), uploads.openCount(alias)])).toEqual([1, 0]);
  });
});
