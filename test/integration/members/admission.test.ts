import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accept, CollectiveError } from '../../../src/base/index.js';
import {
  checkMemberJoin,
  createInvite,
  createSigner,
  fixedPeers,
  type MemberJoin,
  parseInvite,
  proveMemberCard,
  proveMemberJoin,
  standingIn,
} from '../../../src/identity/index.js';
import {
  createClient,
  EnrolmentServiceDefinition,
  encodeMemberCard,
  joinMember,
  PeerServiceDefinition,
  redeemInvite,
  type RpcListener,
  serve,
} from '../../../src/transport/index.js';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';
import { errorOf, MemoryLogger, ownCredentials } from '../../support/rpc.js';
import { coordinatorOf, forgeCa, type TestMember } from '../../unit/identity/support.js';
import { cardOf, come, inviteOf, requestId, signal, stranger, type Stranger } from './support.js';

let alice: StartedCoordinator;
beforeAll(async () => {
  alice = await StartedCoordinator.found();
});
afterAll(() => alice.remove());

const eventsOf = async (): Promise<readonly string[]> => {
  const types: string[] = [];
  const all = { fromSequence: 1, limit: 0, last: 0, follow: false, types: [] };
  for await (const { events } of alice.admin.listEvents(all, { signal })) types.push(...events.map(({ type }) => type));
  return types;
};
const stateOf = async ({ member }: Stranger): Promise<string | undefined> =>
  (await alice.members.listMembers({}, { signal })).members.find(({ memberId }) => memberId === member.memberId)?.state;

/** How a call of that member's coordinator on alice's peer port ends. */
async function knock({ own }: Pick<Stranger, 'own'>): Promise<string> {
  const { memberId, ca } = alice.founded.material;
  const peers = fixedPeers([{ memberId, ca, endpoints: [alice.peerEndpoint] }]);
  const channel = alice.transport.connectPeer({ own, memberId, peers });
  const client = createClient(PeerServiceDefinition, channel);
  const request = { origin: memberId, fromSequence: 1, toSequence: 1, previousHeaderHash: new Uint8Array() };
  const pulled = client.pull(request, { signal })[Symbol.asyncIterator]();
  try {
    const answered = await pulled.next();
    return answered.done === true ? 'nothing' : `${answered.value.blocks.length} block`;
  } catch (error) {
    if (error instanceof CollectiveError) return [error.code, standingIn(error)?.standing ?? ''].join(' ').trim();
    throw error;
  } finally {
    channel.close();
  }
}

describe('a member that comes with an invite', () => {
  it('waits for approval and is refused on the peer port until then; each step is an event', async () => {
    const bob = await stranger('bob');
    const before = await eventsOf();
    expect((await come(alice, await inviteOf(alice, false), bob)).answer.state).toBe('applied');
    expect(await knock(bob)).toBe('NOT_ADMITTED applied');
    const { findings } = await alice.admin.getStatus({}, { signal });
    expect(findings).toContainEqual(expect.objectContaining({ code: 'member-waiting', message: 'bob waits to be admitted.' }));
    await alice.members.approveMember({ requestId: requestId(), member: bob.member.memberId }, { signal });
    expect(await knock(bob)).toBe('1 block');
    expect((await eventsOf()).slice(before.length)).toEqual([
      'InviteIssued',
      'MemberApplied',
      'InviteRedeemed',
      'MemberAdmitted',
    ]);
  });

  it('is admitted at once where the invite says so, and told truly who invites', async () => {
    const carol = await stranger('carol');
    const { answer, memberId } = await come(alice, await inviteOf(alice, true, 'caroline'), carol);
    expect(answer).toMatchObject({ state: 'admitted', host: { memberId, name: 'alice', endpoints: [alice.peerEndpoint] } });
    expect(memberId).toBe(alice.founded.material.memberId);
    expect(await knock(carol)).toBe('1 block');
    const { member } = await alice.members.getMember({ member: 'caroline' }, { signal });
    expect(member?.memberId).toBe(carol.member.memberId);
  });

  it('may ask again when the answer was lost, which changes nothing; for anybody else the invite is used up', async () => {
    const [dave, eve] = [await stranger('dave'), await stranger('eve')];
    const invite = await inviteOf(alice);
    await come(alice, invite, dave);
    const before = await eventsOf();
    expect((await come(alice, invite, dave)).answer.state).toBe('admitted');
    expect((await errorOf(come(alice, invite, eve))).code).toBe('INVITE_INVALID');
    expect(await eventsOf()).toEqual(before);
  });

  it('only asks who invites as often as it likes, and shows nothing of itself', async () => {
    const invite = await inviteOf(alice);
    const before = await eventsOf();
    for (let count = 0; count < 2; count += 1) {
      const { answer } = await joinMember({ invite, joiner: undefined, signal }, { ...alice.ports, transport: alice.transport });
      expect(answer).toMatchObject({ state: '', approved: true, host: { name: 'alice' } });
    }
    expect(await eventsOf()).toEqual(before);
  });

  it('that was removed gets nothing more, and its traffic of before, sent again, changes nothing', async () => {
    const frank = await stranger('frank');
    const invite = await inviteOf(alice);
    await come(alice, invite, frank);
    expect(await knock(frank)).toBe('1 block');
    const gone = { requestId: requestId(), member: frank.member.memberId, note: '', now: true };
    await alice.members.removeMember(gone, { signal });
    expect(await knock(frank)).toBe('NOT_ADMITTED removed');
    const before = await eventsOf();
    expect((await errorOf(come(alice, invite, frank))).code).toBe('PERMISSION_DENIED');
    expect(await eventsOf()).toEqual(before);
    expect(await stateOf(frank)).toBe('removed');
  });
});

describe('how a member stands', () => {
  it('is told to who proves to be that member, and to nobody else', async () => {
    const grace = await stranger('grace');
    expect(await knock(grace)).toBe('COORDINATOR_UNREACHABLE');
    await come(alice, await inviteOf(alice), grace);
    const { memberId } = grace.member;
    await alice.members.suspendMember({ requestId: requestId(), member: memberId, note: 'a secret' }, { signal });
    expect(await knock(grace)).toBe('NOT_ADMITTED suspended');
    const mallory = await stranger('mallory');
    await come(alice, await inviteOf(alice), mallory);
    const forged = { ...(await ownCredentials(mallory.member, coordinatorOf(grace.member))), memberId };
    expect(await knock({ own: forged })).toBe('COORDINATOR_UNREACHABLE');
    await alice.members.reinstateMember({ requestId: requestId(), member: memberId }, { signal });
    expect(await knock(grace)).toBe('1 block');
  });
});

describe('who is not whom its card names', () => {
  it.each<[string, (honest: Stranger, mallory: Stranger) => Promise<Pick<Stranger, 'card' | 'own'>>]>([
    ["another member's card", async (honest, mallory) => ({ card: honest.card, own: mallory.own })],
    [
      'a certificate in its name from another CA',
      async ({ member, card }, mallory) => {
        const own = await ownCredentials(mallory.member, coordinatorOf(member));
        return { card: { ...card, coordinatorCertificate: own.leaf }, own };
      },
    ],
    [
      'a CA that its identity key has not endorsed',
      async ({ member }) => {
        const forged = await forgeCa(member, Date.now() - 60_000);
        const own = await ownCredentials(forged, coordinatorOf(member));
        const card = cardOf('forged', { ...forged, identityKeys: forged.caKeys }, own);
        return { card, own };
      },
    ],
  ])('comes with %s in vain, and the invite stays good', async (_what, forge) => {
    const [honest, mallory] = [await stranger(`honest-${_what}`), await stranger('mallory')];
    const invite = await inviteOf(alice);
    const before = await eventsOf();
    const forged = await forge(honest, mallory);
    expect((await errorOf(come(alice, invite, forged))).code).toBe('CERTIFICATE_INVALID');
    expect(await eventsOf()).toEqual(before);
    expect((await come(alice, invite, honest)).answer.state).toBe('admitted');
  });

  it("never gets in by a name that bob's CA has signed for carol, both admitted", async () => {
    const [bob, carol] = [await stranger('bob-2'), await stranger('carol-2')];
    for (const each of [bob, carol]) await come(alice, await inviteOf(alice), each);
    const forged = { ...(await ownCredentials(bob.member, coordinatorOf(carol.member))), memberId: carol.member.memberId };
    expect(await knock({ own: forged })).toBe('COORDINATOR_UNREACHABLE');
    expect(await knock(carol)).toBe('1 block');
  });
});

describe('an invite', () => {
  const ask = async (
    text: string,
    spoil: (join: MemberJoin, proof: Uint8Array) => { nonce?: Uint8Array; proof?: Uint8Array },
  ) => {
    const { hasher, random, clock } = alice.ports;
    const invite = accept(parseInvite(text, { kind: 'member', nowMs: clock.nowMs(), hasher }));
    const who = await stranger('guesser');
    const enrolment = await alice.transport.connectEnrolment({
      endpoints: invite.endpoints,
      verifyServer: () => alice.founded.material.ca,
      signal,
    });
    try {
      const card = encodeMemberCard(who.card);
      const join = { inviteId: invite.inviteId, serverLeaf: enrolment.serverLeaf, card, nonce: random.bytes(32) };
      const proof = proveMemberJoin(invite.secret, join, hasher);
      const cardProof = proveMemberCard(join, createSigner(who.member.caKeys), hasher);
      const request = { inviteId: invite.inviteId, nonce: join.nonce, card, proof, cardProof, ...spoil(join, proof) };
      await createClient(EnrolmentServiceDefinition, enrolment.channel).joinMember(request, { signal });
    } finally {
      enrolment.channel.close();
    }
  };

  it('is burnt after five wrong tries', async () => {
    const invite = await inviteOf(alice);
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await errorOf(ask(invite, () => ({ proof: new Uint8Array(96) })))).code).toBe('INVITE_INVALID');
    }
    expect((await errorOf(come(alice, invite, await stranger('late')))).message).toMatch(/burnt/);
    expect((await eventsOf()).at(-1)).toBe('InviteRevoked');
  });

  it('is of no use with a proof that was made for another connection or another nonce', async () => {
    const invite = await inviteOf(alice);
    const { hasher } = alice.ports;
    const { secret } = accept(parseInvite(invite, { kind: 'member', nowMs: Date.now(), hasher }));
    const elsewhere = (join: MemberJoin) => ({
      proof: proveMemberJoin(secret, { ...join, serverLeaf: new Uint8Array(9) }, hasher),
    });
    expect((await errorOf(ask(invite, elsewhere))).code).toBe('INVITE_INVALID');
    expect((await errorOf(ask(invite, () => ({ nonce: new Uint8Array(32) })))).code).toBe('INVITE_INVALID');
  });

  it('of one kind does not serve for another', async () => {
    const world = { ...alice.ports, transport: alice.transport };
    const member = await inviteOf(alice);
    expect((await errorOf(redeemInvite({ invite: member, kind: 'client', name: 'x', signal }, world))).code).toBe(
      'INVITE_INVALID',
    );
    const request = { requestId: requestId(), kind: 'client', name: '', lifeMs: 0 };
    const { invite } = await alice.admin.issueInvite(request, { signal });
    expect((await errorOf(come(alice, invite, await stranger('wrong-kind')))).message).toMatch(/client invite/);
    // The coordinator holds to that itself, whatever the one who comes calls the invite.
    const relabelled = accept(parseInvite(invite, { kind: 'client', nowMs: Date.now(), hasher: alice.ports.hasher }));
    const made = accept(
      createInvite(
        {
          kind: 'member',
          memberId: relabelled.memberId,
          caSha256: relabelled.caSha256,
          expiresAtMs: Date.now() + 60_000,
          endpoints: relabelled.endpoints,
        },
        { hasher: alice.ports.hasher, random: { bytes: () => relabelled.secret, fraction: () => 0 } },
      ),
    );
    expect((await errorOf(come(alice, made.text, await stranger('relabelled')))).message).toMatch(/invite for a client/);
  });
});

describe('a man in the middle', () => {
  const impostor = async (own: Awaited<ReturnType<typeof ownCredentials>>) => {
    let asked = 0;
    const count = async (): Promise<never> => {
      asked += 1;
      throw new Error('the impostor was told something');
    };
    const listener: RpcListener = await alice.transport.listen({
      kind: 'enrolment',
      host: '127.0.0.1',
      port: 0,
      own,
      logger: new MemoryLogger(),
      services: [serve(EnrolmentServiceDefinition, { redeem: count, introduce: count, renewLapsed: count, joinMember: count })],
    });
    return { listener, asked: () => asked };
  };

  it.each<[string, (forger: TestMember) => Promise<Awaited<ReturnType<typeof ownCredentials>>>]>([
    ['with a CA of its own under the same name', (forger) => ownCredentials(forger, coordinatorOf(forger))],
    [
      'who staples the real CA to a certificate of its own',
      async (forger) => ({ ...(await ownCredentials(forger, coordinatorOf(forger))), ca: alice.founded.material.ca }),
    ],
  ])('%s is told nothing', async (_what, credentials) => {
    const { memberId, ca } = alice.founded.material;
    const real = await stranger('for-its-shape');
    const forger = await forgeCa({ ...real.member, memberId }, Date.now() - 60_000);
    const { listener, asked } = await impostor(await credentials(forger));
    try {
      const { hasher, random } = alice.ports;
      const endpoints = [`127.0.0.1:${listener.port}`];
      const fields = { kind: 'member', memberId, caSha256: ca.sha256, expiresAtMs: Date.now() + 60_000, endpoints } as const;
      const { text } = accept(createInvite(fields, { hasher, random }));
      expect((await errorOf(come(alice, text, await stranger('victim')))).code).toBe('CERTIFICATE_INVALID');
      expect(asked()).toBe(0);
    } finally {
      await listener.close(0);
    }
  });

  it('cannot use the proof that it was sent at the coordinator that it is in front of', () => {
    const { hasher, verifier, random } = alice.ports;
    const secret = random.bytes(16);
    const text = accept(
      createInvite(
        {
          kind: 'member',
          memberId: alice.founded.material.memberId,
          caSha256: new Uint8Array(32),
          expiresAtMs: Date.now() + 60_000,
          endpoints: ['a:1'],
        },
        { hasher, random: { bytes: () => secret, fraction: () => 0 } },
      ),
    );
    const toImpostor = { inviteId: text.inviteId, serverLeaf: Uint8Array.of(1), card: Uint8Array.of(2), nonce: random.bytes(32) };
    const proof = proveMemberJoin(secret, toImpostor, hasher);
    const stored = { secretHash: text.secretHash, hasher, verifier };
    expect(checkMemberJoin(proof, toImpostor, stored)).toBe(true);
    expect(checkMemberJoin(proof, { ...toImpostor, serverLeaf: Uint8Array.of(9) }, stored)).toBe(false);
    expect(checkMemberJoin(proof, { ...toImpostor, card: Uint8Array.of(9) }, stored)).toBe(false);
  });
});
