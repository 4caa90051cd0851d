import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { CollectiveEvent } from '../../../src/events/index.js';
import { createClient, PeerServiceDefinition } from '../../../src/transport/index.js';
import { type PeerMember, removeTemplates } from '../../support/peers/peer-member.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';

let world: PeerWorld | undefined;
const others: PeerMember[] = [];

afterEach(async () => {
  await world?.remove();
  for (const member of others.splice(0)) await member.remove();
  world = undefined;
});

afterAll(removeTemplates);

/** Alice has a port; bob dials only. */
async function aliceAndBob(kind: 'loopback' | 'grpc' = 'loopback'): Promise<readonly [PeerMember, PeerMember]> {
  world = await PeerWorld.of(['alice', 'bob'], kind);
  const [alice, bob] = world.members;
  if (alice === undefined || bob === undefined) throw new Error('there are two');
  bob.listens = false;
  return [alice, bob];
}

const start = async (...members: readonly PeerMember[]): Promise<void> => {
  for (const member of members) await world?.start(member);
};

const inStep = (...members: readonly PeerMember[]): Promise<void> =>
  eventually(() => members.every((holder) => members.every((of) => holder === of || hasAll(holder, of))));

const renaming = (of: PeerMember, name: string): CollectiveEvent => ({ type: 'MemberRenamed', memberId: of.id, name });
const codes = (member: PeerMember): readonly string[] => member.running.part.office.findings().map(({ code }) => code);
const forever = new AbortController().signal;

describe('a coordinator that nobody can dial', () => {
  for (const kind of ['loopback', 'grpc'] as const) {
    it(`is asked over the session that it dialled for what others missed, over ${kind}`, async () => {
      const [alice, bob] = await aliceAndBob(kind);
      await start(bob);
      for (let round = 0; round < 100; round += 1) await bob.running.record(renaming(alice, `name-${round}`));
      await start(alice);
      await inStep(alice, bob);
      expect(alice.running.part.office.links.get(bob.id)?.dialledHere).toBe(false);
      // And again after the session was cut.
      await alice.stop();
      for (let round = 0; round < 100; round += 1) await bob.running.record(renaming(alice, `again-${round}`));
      await start(alice);
      await inStep(alice, bob);
      const name = await alice.running.member.views.run(({ peers }) => peers.get(alice.id)?.name, bob.id);
      expect(name).toBe('again-99');
      expect(codes(alice)).toEqual([]);
    });
  }

  it('gives the logs of others too, and only to whom they may be given', async () => {
    world = await PeerWorld.of(['alice', 'bob', 'carol']);
    const [alice, bob, carol] = world.members;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('there are three');
    bob.listens = false;
    await start(bob, carol);
    await inStep(bob, carol);
    const { head } = carol.running.member.log;
    await carol.stop();
    await start(alice);
    await eventually(() => alice.running.foreign.get(carol.id)?.applied.sequence === head.sequence);

    const refused = async (): Promise<void> => {
      const client = createClient(PeerServiceDefinition, alice.running.part.office.connect(bob.id));
      const request = { origin: 'a'.repeat(52), fromSequence: 1, toSequence: 0, previousHeaderHash: new Uint8Array() };
      for await (const _page of client.pull(request, { signal: forever }));
    };
    await expect(refused()).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it('cannot pass a changed block off this way: it is named, and nothing of it is taken', async () => {
    const [alice, bob] = await aliceAndBob();
    bob.tamper = (service) => ({
      ...service,
      methods: service.methods.map((method) =>
        method.path.endsWith('/Pull')
          ? {
              ...method,
              async *run(requests, call) {
                for await (const response of method.run(requests, call)) {
                  const changed = Uint8Array.from(response);
                  const last = changed.length - 1;
                  changed[last] = (changed[last] ?? 0) ^ 1;
                  yield changed;
                }
              },
            }
          : method,
      ),
    });
    await start(bob);
    for (let round = 0; round < 20; round += 1) await bob.running.record(renaming(alice, `name-${round}`));
    await start(alice);
    await eventually(() => codes(alice).includes('peer-bad-block'));
    expect(alice.running.foreign.get(bob.id)?.head.sequence ?? 0).toBeLessThan(bob.running.member.log.head.sequence);
  });

  it('has its forks found and its new epoch followed as everybody else', async () => {
    const [alice, bob] = await aliceAndBob();
    await start(alice, bob);
    await inStep(alice, bob);
    await bob.stop();
    const backup = await bob.backup();
    backup.listens = false;
    others.push(backup);
    await start(bob);
    for (let round = 0; round < 5; round += 1) await bob.running.record(renaming(alice, `first-${round}`));
    await inStep(alice, bob);
    await bob.stop();
    await backup.start();
    for (let round = 0; round < 9; round += 1) await backup.running.record(renaming(alice, `second-${round}`));
    await eventually(() => codes(alice).includes('log-forked'));
    await backup.stop();
    await backup.startEpoch();
    await backup.start();
    await eventually(() => hasAll(alice, bob, backup));
    expect(codes(alice)).toEqual([]);
  });

  it('does not answer calls that take more than one request this way, nor unknown ones', async () => {
    const [alice, bob] = await aliceAndBob();
    await start(alice, bob);
    await inStep(alice, bob);
    const channel = alice.running.part.office.connect(bob.id);
    for (const path of ['/collective.v1.PeerService/Session', '/collective.v1.FilesService/StatFiles']) {
      const call = await channel.open(path, { signal: forever, timeoutMs: undefined, requestId: undefined });
      await call.send(new Uint8Array());
      await expect(call.receive()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
  });

  it('hears no calls any more of a member that it has removed', async () => {
    const [alice, bob] = await aliceAndBob();
    await start(alice, bob);
    await inStep(alice, bob);
    const channel = alice.running.part.office.connect(bob.id);
    const { epoch, sequence } = bob.running.foreign.get(alice.id)?.head ?? { epoch: 0, sequence: 0 };
    await bob.running.record({ type: 'MemberRemoved', memberId: alice.id, epoch, sequence, note: '' });
    bob.pool.remove(alice.id);
    await eventually(() => alice.running.part.office.links.get(bob.id) === undefined);
    const ask = channel.open('/collective.v1.PeerService/Pull', { signal: forever, timeoutMs: 5_000, requestId: undefined });
    await expect(ask).rejects.toMatchObject({ code: 'COORDINATOR_UNREACHABLE' });
  });

  it('a call that nobody asked for is not taken up, and one of another member neither', async () => {
    const [alice, bob] = await aliceAndBob();
    await start(alice, bob);
    await inStep(alice, bob);
    const client = createClient(PeerServiceDefinition, bob.running.part.office.connect(alice.id));
    const asking = async (): Promise<void> => {
      const requests = async function* () {
        yield { part: { $case: 'callId' as const, value: 77 } };
      };
      for await (const _part of client.answer(requests(), { signal: forever }));
    };
    await expect(asking()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
