import { afterAll, beforeAll, expect, it } from 'vitest';
import { ok } from '../../../src/base/index.js';
import { CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import { openMember } from '../../../src/coordinator/open-member.js';
import type { MemberAdmitted } from '../../../src/events/index.js';
import { createSigner } from '../../../src/identity/index.js';
import type { MemberInfo } from '../../../src/transport/index.js';
import { StartedCoordinator } from '../../support/coordinator/started-coordinator.js';
import { come, inviteOf, requestId, signal, stranger } from './support.js';

let alice: StartedCoordinator;
let bob: StartedCoordinator;
let carol: StartedCoordinator;
beforeAll(async () => {
  [alice, bob, carol] = [
    await StartedCoordinator.found({ name: 'alice' }),
    await StartedCoordinator.found({ name: 'bob' }),
    await StartedCoordinator.found({ name: 'carol', introductions: 'ask' }),
  ];
});
afterAll(async () => {
  for (const member of [alice, bob, carol]) await member.remove();
});

const befriend = async (inviter: StartedCoordinator, guest: StartedCoordinator): Promise<void> => {
  const invite = await inviteOf(inviter);
  await guest.members.acceptInvite({ requestId: requestId(), invite, name: '' }, { signal });
};
const idOf = (member: StartedCoordinator): string => member.founded.material.memberId;
const knows = async (who: StartedCoordinator, whom: string): Promise<MemberInfo | undefined> =>
  (await who.members.listMembers({}, { signal })).members.find(({ memberId }) => memberId === whom);
/** How the one knows the other, once it knows it so. */
const untilKnown = async (who: StartedCoordinator, whom: string, state: string): Promise<MemberInfo> => {
  for (;;) {
    const member = await knows(who, whom);
    if (member?.state === state) return member;
    await who.ports.timers.sleep(50, signal);
  }
};

/** The log of this member says so, whatever it is. */
async function claim(who: StartedCoordinator, events: readonly MemberAdmitted[]): Promise<void> {
  const { directory, ports, founded } = who;
  const logSigners = [createSigner(founded.material.logKeys)];
  await who.stop();
  const { log, views } = await openMember({ directory, origin: founded.material.memberId, logSigners, ports, signal });
  const commands = new CommandLoop({ log, views, ...ports });
  await commands.submit({ actor: 'coordinator', request: undefined, decide: () => ok([...events]), answer: () => undefined });
  await commands.stop();
  await views.flush();
  await views.close();
  await log.close();
  await who.start();
}

const admitted = ({ card }: Awaited<ReturnType<typeof stranger>>, flip = 0): MemberAdmitted => {
  const [{ certificate, endorsement } = { certificate: new Uint8Array(), endorsement: new Uint8Array() }] = card.trust?.cas ?? [];
  return {
    type: 'MemberAdmitted',
    memberId: card.memberId as MemberAdmitted['memberId'],
    name: card.name,
    identityPublicKey: card.trust?.identityPublicKey ?? new Uint8Array(),
    caCertificate: certificate,
    caEndorsement: endorsement.map((byte, at) => (at === endorsement.length - 1 ? byte ^ flip : byte)),
    endpoints: [...card.endpoints],
    inviteId: '',
    introducedBy: '',
  };
};

it('members are introduced, whatever false things somebody else says of them', async () => {
  const mallory = await StartedCoordinator.found({ name: 'mallory' });
  try {
    const [erin, frank] = [await stranger('erin'), await stranger('frank')];
    await befriend(alice, mallory);
    await befriend(alice, bob);
    await claim(mallory, [admitted(erin, 1), admitted(frank)]);
    expect(await untilKnown(alice, frank.member.memberId, 'admitted')).toMatchObject({ introducedByName: 'mallory' });
    await come(bob, await inviteOf(bob), erin);
    expect(await untilKnown(alice, erin.member.memberId, 'admitted')).toMatchObject({ introducedByName: 'bob' });
  } finally {
    await mallory.remove();
  }
});

it('members are introduced by whom both have admitted, and wait where people want to be asked; who was removed stays removed', async () => {
  await befriend(bob, carol);
  const atAlice = await untilKnown(alice, idOf(carol), 'admitted');
  expect(atAlice).toMatchObject({ name: 'carol', introducedByName: 'bob', endpoints: [carol.peerEndpoint] });
  expect(await untilKnown(carol, idOf(alice), 'applied')).toMatchObject({ name: 'alice', introducedByName: 'bob' });
  await carol.members.approveMember({ requestId: requestId(), member: 'alice' }, { signal });
  await untilKnown(carol, idOf(alice), 'admitted');

  const gone = { requestId: requestId(), member: 'carol', note: 'no more', now: true };
  await alice.members.removeMember(gone, { signal });
  // What bob says after that brings nobody back; that it was read is told by whom he has admitted last.
  await bob.members.renameMember({ requestId: requestId(), member: 'carol', name: 'caroline' }, { signal });
  await bob.members.suspendMember({ requestId: requestId(), member: 'caroline', note: '' }, { signal });
  await bob.members.reinstateMember({ requestId: requestId(), member: 'caroline' }, { signal });
  const dave = await stranger('dave');
  await come(bob, await inviteOf(bob), dave);
  await untilKnown(alice, dave.member.memberId, 'admitted');
  await alice.stop();
  await alice.start();
  const after = await knows(alice, idOf(carol));
  expect(after).toMatchObject({ state: 'removed', note: 'no more' });
  // That bob, whose word that is, has not parted with her is his own affair.
  expect((await knows(bob, idOf(carol)))?.state).toBe('admitted');
});
