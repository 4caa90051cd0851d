import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { InviteId, MemberId } from '../../../src/base/index.js';
import {
  decideAdmitHost,
  decideApprove,
  decideEndpoints,
  decideIntroduction,
  decideInviteMember,
  decideJoin,
  decideRefuse,
  decideReinstate,
  decideRemove,
  decideRename,
  decideSuspend,
  type Decision,
  type MemberFacts,
  memberNamed,
} from '../../../src/domain/index.js';
import type { CollectiveEvent, InviteIssued } from '../../../src/events/index.js';
import type { PeerState, Views } from '../../../src/projections/index.js';
import { NOW_MS } from '../projections/random-log.js';
import { ALICE, chunkId, memberId, uploadId, World } from '../projections/support.js';

const BOB = memberId('bob');
const CAROL = memberId('carol');
const inviteId = (name: string): InviteId => uploadId(name) as string as InviteId;

const factsOf = (id: MemberId): MemberFacts => ({
  memberId: id,
  identityPublicKey: new Uint8Array(44),
  caCertificate: Uint8Array.of(1),
  caEndorsement: Uint8Array.of(2),
  endpoints: ['10.0.0.2:7422'],
});

const invite = (change: Partial<InviteIssued> = {}): InviteIssued => ({
  type: 'InviteIssued',
  inviteId: inviteId('first'),
  kind: 'member',
  name: '',
  secretHash: new Uint8Array(32),
  expiresAtMs: NOW_MS + 1000,
  approved: false,
  ...change,
});

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const code = (decision: Decision): string | undefined => (decision.ok ? undefined : decision.error.code);
const decide = (work: (views: Views) => Decision): Promise<Decision> => world.host.run(work);
/** Decides, and records what was decided. */
const carry = async (work: (views: Views) => Decision): Promise<readonly CollectiveEvent[]> => {
  const decision = await decide(work);
  if (!decision.ok) throw decision.error;
  await world.record(...decision.value);
  return decision.value;
};
const stateOf = (id: MemberId): Promise<PeerState | undefined> => world.host.run(({ peers }) => peers.get(id)?.state);
const nameOf = (id: MemberId): Promise<string | undefined> => world.host.run(({ peers }) => peers.get(id)?.name);

const join = (id: MemberId, options: { readonly invite?: string; readonly name?: string; readonly nowMs?: number } = {}) => {
  const { name = 'bob', nowMs = NOW_MS } = options;
  const joining = { facts: factsOf(id), name, inviteId: inviteId(options.invite ?? 'first'), fingerprint: new Uint8Array(32) };
  return (views: Views): Decision => decideJoin(joining, views, { nowMs });
};
const introduce = (id: MemberId, by: MemberId, policy: 'admit' | 'ask' = 'admit', name = 'carol') => {
  const introduction = { facts: factsOf(id), name, introducedBy: by, policy };
  return (views: Views): Decision => decideIntroduction(introduction, views);
};
const host =
  (id: MemberId, name = 'bob') =>
  (views: Views): Decision =>
    decideAdmitHost({ facts: factsOf(id), name, inviteId: inviteId('theirs') }, views);
const stop = (id: MemberId) => ({ memberId: id, upTo: { epoch: 1, sequence: 9 }, note: '' });

describe('an invite for a member', () => {
  test('lets who uses it apply, and is used up by that', async () => {
    await world.record(invite());
    expect((await carry(join(BOB))).map(({ type }) => type)).toEqual(['MemberApplied', 'InviteRedeemed']);
    expect(await stateOf(BOB)).toBe('applied');
    expect(code(await decide(join(CAROL)))).toBe('INVITE_INVALID');
  });

  test('admits who uses it at once where it was approved beforehand, under the name that it gives', async () => {
    await world.record(invite({ approved: true, name: 'bobby' }));
    expect((await carry(join(BOB))).map(({ type }) => type)).toEqual(['MemberAdmitted', 'InviteRedeemed']);
    expect([await stateOf(BOB), await nameOf(BOB)]).toEqual(['admitted', 'bobby']);
  });

  test('is of no use after its time, nor to the member who issued it', async () => {
    await world.record(invite());
    expect(code(await decide(join(BOB, { nowMs: NOW_MS + 1000 })))).toBe('INVITE_INVALID');
    expect(code(await decide(join(ALICE)))).toBe('REQUEST_INVALID');
  });

  test('brings back who was removed or refused, and not who is suspended', async () => {
    await carry(host(BOB));
    await carry(({ peers }) => decideSuspend(stop(BOB), peers));
    await world.record(invite({ approved: true }));
    expect(code(await decide(join(BOB)))).toBe('PERMISSION_DENIED');
    expect(code(await decide(host(BOB)))).toBe('PERMISSION_DENIED');
    await carry((views) => decideRemove({ ...stop(BOB), onlyEmpty: true }, views));
    await carry(join(BOB));
    expect(await stateOf(BOB)).toBe('admitted');
    await world.record(invite({ inviteId: inviteId('second') }));
    await carry(join(CAROL, { invite: 'second' }));
    await carry(({ peers }) => decideRefuse({ memberId: CAROL, note: '' }, peers));
    await world.record(invite({ inviteId: inviteId('third'), approved: true }));
    await carry(join(CAROL, { invite: 'third' }));
    expect(await stateOf(CAROL)).toBe('admitted');
  });

  test('cannot give a name that somebody else has', async () => {
    await carry(host(BOB));
    const issue = (name: string) => (views: Views) => decideInviteMember(invite({ name }), views, { nowMs: NOW_MS });
    expect(code(await decide(issue('bob')))).toBe('ALREADY_EXISTS');
    expect(code(await decide(issue('alice')))).toBe('ALREADY_EXISTS');
    expect(code(await decide(issue('all')))).toBe('ALREADY_EXISTS');
    expect(code(await decide(issue('Bob Miller')))).toBe('NAME_INVALID');
    expect(code(await decide(issue('carol')))).toBeUndefined();
  });
});

describe('an introduction', () => {
  test('admits whom an admitted member has admitted, or has it wait where people want to be asked', async () => {
    await carry(host(BOB));
    await carry(introduce(CAROL, BOB));
    expect(await stateOf(CAROL)).toBe('admitted');
    await carry(introduce(memberId('dave'), BOB, 'ask', 'dave'));
    expect(await stateOf(memberId('dave'))).toBe('applied');
    await carry((views) => decideApprove(memberId('dave'), views));
    expect(await stateOf(memberId('dave'))).toBe('admitted');
  });

  test('by somebody who is not admitted, or of ourselves, is nothing', async () => {
    expect(await carry(introduce(CAROL, BOB))).toEqual([]);
    await carry(host(BOB));
    expect(await carry(introduce(ALICE, BOB))).toEqual([]);
    await carry(({ peers }) => decideSuspend(stop(BOB), peers));
    expect(await carry(introduce(CAROL, BOB))).toEqual([]);
  });

  test('never brings back who was removed or refused', async () => {
    await carry(host(BOB));
    await carry(introduce(CAROL, BOB));
    await carry((views) => decideRemove({ ...stop(CAROL), onlyEmpty: true }, views));
    expect(await carry(introduce(CAROL, BOB))).toEqual([]);
    const dave = memberId('dave');
    await carry(introduce(dave, BOB, 'ask', 'dave'));
    await carry(({ peers }) => decideRefuse({ memberId: dave, note: '' }, peers));
    expect(await carry(introduce(dave, BOB))).toEqual([]);
  });

  test('under a name that is taken gets a number', async () => {
    await carry(host(BOB));
    await carry(introduce(CAROL, BOB, 'admit', 'bob'));
    await carry(introduce(memberId('dave'), BOB, 'admit', 'alice'));
    await carry(introduce(memberId('eve'), BOB, 'admit', 'No Label!'));
    expect(await nameOf(CAROL)).toBe('bob-2');
    expect(await nameOf(memberId('dave'))).toBe('alice-2');
    expect(await nameOf(memberId('eve'))).toBe('member');
  });
});

describe('a member', () => {
  test('that is suspended or removed is so once, with the position that was named first', async () => {
    await carry(host(BOB));
    await carry(({ peers }) => decideSuspend(stop(BOB), peers));
    expect(await carry(({ peers }) => decideSuspend(stop(BOB), peers))).toEqual([]);
    const later = { ...stop(BOB), onlyEmpty: true, upTo: { epoch: 1, sequence: 99 } };
    const [removed] = await carry((views) => decideRemove(later, views));
    expect(removed).toMatchObject({ type: 'MemberRemoved', epoch: 1, sequence: 9 });
    expect(await carry((views) => decideRemove(later, views))).toEqual([]);
  });

  test('that is removed once its copies are elsewhere stays while it keeps one that is counted on, and may be removed all the same', async () => {
    await carry(host(BOB));
    const chunkIds = [chunkId('only')];
    const chunks = chunkIds.map((id) => ({ chunkId: id, lengthBytes: 10, holders: [0] }));
    await world.record({ type: 'CopiesRecorded', nodeIds: [], memberIds: [BOB], chunks });
    const removal = { ...stop(BOB), onlyEmpty: true };
    expect(code(await decide((views) => decideRemove(removal, views)))).toBe('UNAVAILABLE');
    expect((await decide((views) => decideRemove({ ...removal, onlyEmpty: false }, views))).ok).toBe(true);
    await world.record({ type: 'CopiesLost', holder: { memberId: BOB }, reason: 'released', chunkIds });
    await carry((views) => decideRemove(removal, views));
    expect(await stateOf(BOB)).toBe('removed');
  });

  test('that is reinstated is admitted without an end', async () => {
    await carry(host(BOB));
    await carry(({ peers }) => decideSuspend(stop(BOB), peers));
    await carry(({ peers }) => decideReinstate(BOB, peers));
    expect(await world.host.run(({ peers }) => peers.get(BOB))).toMatchObject({ state: 'admitted', acceptedUpTo: undefined });
    expect(await carry(({ peers }) => decideReinstate(BOB, peers))).toEqual([]);
  });

  test('in another state than a decision is for is left as it is, with a word on what can be done', async () => {
    await carry(host(BOB));
    expect(await decide((views) => decideApprove(BOB, views))).toEqual({ ok: true, value: [] });
    const refuse = await decide(({ peers }) => decideRefuse({ memberId: BOB, note: '' }, peers));
    expect(refuse.ok ? '' : refuse.error.next).toBe('collective member suspend bob, or collective member remove bob');
    expect(refuse.ok ? '' : refuse.error.code).toBe('REQUEST_INVALID');
    expect(code(await decide(({ peers }) => decideReinstate(CAROL, peers)))).toBe('NOT_FOUND');
    expect(code(await decide((views) => decideRemove({ ...stop(CAROL), onlyEmpty: true }, views)))).toBe('NOT_FOUND');
  });

  test('is found by id, by the beginning of it, and by name', async () => {
    await carry(host(BOB));
    for (const text of [BOB, BOB.slice(0, 8), 'bob']) {
      const found = await world.host.run((all) => memberNamed(text, all));
      expect(found.ok && found.value.memberId).toBe(BOB);
    }
    expect((await world.host.run((all) => memberNamed(BOB.slice(0, 7), all))).ok).toBe(false);
  });

  test('is never this one itself, which is said', async () => {
    const own = await world.host.run(({ members }) => members.owner());
    for (const text of [ALICE, own?.name ?? 'alice']) {
      const found = await world.host.run((all) => memberNamed(text, all));
      expect(found.ok ? undefined : found.error.message).toBe(`${own?.name} is this member itself.`);
    }
  });

  test('cannot be renamed to what somebody else is called', async () => {
    await carry(host(BOB));
    await carry(introduce(CAROL, BOB));
    expect(code(await decide((views) => decideRename({ memberId: CAROL, name: 'bob' }, views)))).toBe('ALREADY_EXISTS');
    await carry((views) => decideRename({ memberId: CAROL, name: 'carola' }, views));
    expect(await nameOf(CAROL)).toBe('carola');
    const why = async (name: string): Promise<string> => {
      const decided = await decide((views) => decideRename({ memberId: CAROL, name }, views));
      return decided.ok ? '' : decided.error.message;
    };
    expect(await why('all')).toBe('all is a word that means something else in commands.');
    expect(await why('alice')).toBe('alice is your own name.');
  });
});

test('own addresses go on record when they are others than before', async () => {
  const here = { home: ['a:1'], enrolment: ['a:2'], peer: ['a:3'] };
  expect(await carry(({ members }) => decideEndpoints(here, members))).toHaveLength(1);
  expect(await carry(({ members }) => decideEndpoints(here, members))).toEqual([]);
  expect(await carry(({ members }) => decideEndpoints({ ...here, peer: ['b:3'] }, members))).toHaveLength(1);
});

const people = ['b', 'c', 'd', 'e'].map(memberId);
const step = fc.record({
  what: fc.constantFrom('host', 'introduce', 'ask', 'approve', 'refuse', 'suspend', 'reinstate', 'remove', 'rename', 'join'),
  who: fc.constantFrom(...people),
  by: fc.constantFrom(...people),
  name: fc.constantFrom('bob', 'alice', 'all', 'carol', '-'),
});

test('whatever is decided in whatever order, the views take it, names stay apart, and introductions change nobody who is known', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      world = await World.open();
      let invites = 0;
      for (const { what, who, by, name } of steps) {
        const before = await stateOf(who);
        if (what === 'join') {
          invites += 1;
          await world.record(invite({ inviteId: inviteId(`${invites}`), approved: invites % 2 === 0 }));
        }
        const work: Record<typeof what, (views: Views) => Decision> = {
          host: host(who, name),
          introduce: introduce(who, by, 'admit', name),
          ask: introduce(who, by, 'ask', name),
          approve: (views) => decideApprove(who, views),
          refuse: ({ peers }) => decideRefuse({ memberId: who, note: '' }, peers),
          suspend: ({ peers }) => decideSuspend(stop(who), peers),
          reinstate: ({ peers }) => decideReinstate(who, peers),
          remove: (views) => decideRemove({ ...stop(who), onlyEmpty: true }, views),
          rename: (views) => decideRename({ memberId: who, name }, views),
          join: join(who, { invite: `${invites}`, name }),
        };
        const decision = await decide(work[what]);
        if (decision.ok) await world.record(...decision.value);
        const after = await stateOf(who);
        if (what === 'introduce' || what === 'ask') expect(before === undefined || after === before).toBe(true);
        if (before === 'suspended' && what !== 'reinstate' && what !== 'remove') expect(after).toBe('suspended');
        if (before === 'removed' || before === 'refused') {
          expect(after === before || what === 'host' || what === 'join').toBe(true);
        }
      }
      const living = await world.host.run(({ peers }) =>
        peers.all().filter(([, { state }]) => state !== 'removed' && state !== 'refused'),
      );
      const names = living.map(([, { name }]) => name);
      expect(new Set([...names, 'alice', 'all']).size).toBe(names.length + 2);
    }),
    { numRuns: 60 },
  );
});
