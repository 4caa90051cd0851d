import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { CollectiveEvent } from '../../../src/events/index.js';
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

async function three(kind: 'loopback' | 'grpc' = 'loopback'): Promise<readonly [PeerMember, PeerMember, PeerMember]> {
  world = await PeerWorld.of(['alice', 'bob', 'carol'], kind);
  const [alice, bob, carol] = world.members;
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('there are three');
  return [alice, bob, carol];
}

const start = async (...members: readonly PeerMember[]): Promise<void> => {
  for (const member of members) await world?.start(member);
};

const inStep = (...members: readonly PeerMember[]): Promise<void> =>
  eventually(() => members.every((holder) => members.every((of) => holder === of || hasAll(holder, of))));

const renaming = (of: PeerMember, name: string): CollectiveEvent => ({ type: 'MemberRenamed', memberId: of.id, name });

/** What one member calls another, as a third one reads it in its copy of the log. */
const nameIn = (reader: PeerMember, log: PeerMember, of: PeerMember): Promise<string | undefined> =>
  reader.running.member.views.run(({ peers }) => peers.get(of.id)?.name, log.id);

const codes = (member: PeerMember): readonly string[] => member.running.part.office.findings().map(({ code }) => code);

describe('coordinators of several members', () => {
  for (const kind of ['loopback', 'grpc'] as const) {
    it(`a change on one is seen on all, over ${kind}`, async () => {
      const [alice, bob, carol] = await three(kind);
      await start(alice, bob, carol);
      await inStep(alice, bob, carol);
      await alice.running.record(renaming(carol, 'caroline'));
      await inStep(alice, bob, carol);
      expect(await nameIn(bob, alice, carol)).toBe('caroline');
      expect(await nameIn(carol, alice, carol)).toBe('caroline');
      expect(codes(alice)).toEqual([]);
    });
  }

  it('what was said while somebody was away comes when it is back, in whatever order they start', async () => {
    const [alice, bob, carol] = await three();
    await start(carol, alice);
    await inStep(carol, alice);
    await alice.running.record(renaming(carol, 'one'));
    await carol.stop();
    await start(bob);
    await inStep(alice, bob);
    await alice.stop();
    await start(carol);
    await start(alice);
    await alice.running.record(renaming(carol, 'two'));
    await inStep(alice, bob, carol);
    expect(await nameIn(carol, alice, carol)).toBe('two');
  });

  it('a log is had from a third member while its owner is away', async () => {
    const [alice, bob, carol] = await three();
    await start(alice, bob);
    await inStep(alice, bob);
    const { head } = alice.running.member.log;
    await alice.stop();
    await start(carol);
    await eventually(() => carol.running.foreign.get(alice.id)?.applied.sequence === head.sequence);
    expect(carol.running.foreign.get(alice.id)?.head).toEqual(head);
  });

  it('a copy that was cut short in the middle of a log goes on where it stands', async () => {
    const [alice, bob] = await three();
    await start(alice);
    const carol = world?.members[2];
    if (carol === undefined) throw new Error('there are three');
    for (let round = 0; round < 40; round += 1) await alice.running.record(renaming(carol, `name-${round}`));
    await start(bob);
    await eventually(() => (bob.running.foreign.get(alice.id)?.head.sequence ?? 0) > 0);
    await bob.stop();
    await start(bob);
    await inStep(alice, bob);
    expect(await nameIn(bob, alice, carol)).toBe('name-39');
  });

  it('a log that was signed twice is frozen at the last common event for everybody, until its owner starts a new epoch', async () => {
    const [alice, bob, carol] = await three();
    await start(alice, bob, carol);
    await inStep(alice, bob, carol);
    await carol.stop();
    await alice.stop();
    const backup = await alice.backup();
    others.push(backup);
    const common = bob.running.foreign.get(alice.id)?.head.sequence ?? 0;
    await start(alice);
    await alice.running.record(renaming(carol, 'first'));
    await inStep(alice, bob);
    await alice.stop();
    await bob.stop();
    await start(carol);
    await backup.start();
    await backup.running.record(renaming(carol, 'second'));
    await eventually(() => carol.running.foreign.get(alice.id)?.applied.sequence === backup.running.member.log.head.sequence);
    await backup.stop();
    await start(bob);
    await eventually(() => [bob, carol].every((member) => codes(member).includes('log-forked')));
    for (const member of [bob, carol]) {
      await eventually(() => member.running.foreign.get(alice.id)?.applied.sequence === common);
      expect(await nameIn(member, alice, carol)).toBe('carol');
      const recorded = async (): Promise<readonly (readonly [string, number])[]> => {
        const { rows } = await member.running.member.views.run(({ forks }) => forks.all(10));
        return rows.map(([[origin, , sequence]]) => [origin, sequence]);
      };
      await eventually(async () => (await recorded()).length > 0);
      expect(await recorded()).toEqual([[alice.id, common + 1]]);
    }
    await bob.running.record(renaming(carol, 'cara'));
    await inStep(bob, carol);

    await backup.startEpoch();
    await backup.start();
    await eventually(() => [bob, carol].every((member) => hasAll(member, alice, backup)));
    for (const member of [bob, carol]) {
      expect(codes(member)).toEqual([]);
      expect(await nameIn(member, alice, carol)).toBe('second');
    }
  });

  it('of a fork is told, too, who begins to keep that log only after others have found it', async () => {
    const [alice, bob, carol] = await three();
    await start(alice, bob);
    await inStep(alice, bob);
    await alice.stop();
    const backup = await alice.backup();
    others.push(backup);
    await start(alice);
    await alice.running.record(renaming(carol, 'first'));
    await inStep(alice, bob);
    await alice.stop();
    await backup.start();
    await backup.running.record(renaming(carol, 'second'));
    await eventually(() => codes(bob).includes('log-forked'));
    await backup.stop();
    carol.pool.set(bob.trusted);
    await carol.start();
    await carol.running.record(carol.admission(bob));
    await inStep(bob, carol);
    carol.pool.set(alice.trusted);
    await carol.running.record(carol.admission(alice));
    await start(alice);
    await eventually(() => codes(carol).includes('log-forked'));
    expect(codes(bob)).toContain('log-forked');
  });

  it('a peer that gives a block with a flipped bit is named, and nothing of the block is taken', async () => {
    const [alice, bob] = await three();
    alice.tamper = (service) => ({
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
    await start(alice, bob);
    await eventually(() => codes(bob).includes('peer-bad-block'));
    // The block before it, which is whole, is.
    expect(bob.running.foreign.get(alice.id)?.head.sequence).toBe(4);
    const { message } = bob.running.part.office.findings().find(({ code }) => code === 'peer-bad-block') ?? {};
    expect(message).toContain('alice gave a block of the log of alice');
  });

  it('a removed member is cut off at once, and later blocks of it are refused, whoever has them', async () => {
    const [alice, bob, carol] = await three();
    await start(alice, bob, carol);
    await inStep(alice, bob, carol);
    const { epoch, sequence } = carol.running.foreign.get(alice.id)?.head ?? { epoch: 0, sequence: 0 };
    await carol.running.record({ type: 'MemberRemoved', memberId: alice.id, epoch, sequence, note: '' });
    carol.pool.remove(alice.id);
    await eventually(() => alice.running.part.office.links.get(carol.id) === undefined);
    await alice.running.record(renaming(carol, 'former'));
    await inStep(alice, bob);
    await bob.running.record(renaming(carol, 'news'));
    await eventually(() => hasAll(carol, bob));
    expect(carol.running.part.office.links.get(alice.id)).toBeUndefined();
    expect(carol.running.foreign.get(alice.id)?.head.sequence).toBe(sequence);
  });
});
