import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ROOT_FILE_ID } from '../../../src/base/index.js';
import { viewsPathOf } from '../../../src/coordinator/open-member.js';
import { knownLog } from '../../../src/coordinator/peers/copies/known-log.js';
import type { CollectiveEvent } from '../../../src/events/index.js';
import { StoredKeys } from '../../../src/projections/host/stored-row.js';
import { type BoundService, PeerServiceDefinition } from '../../../src/transport/index.js';
import { type PeerMember, removeTemplates } from '../../support/peers/peer-member.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';

const HOUR_MS = 3_600_000;

let world: PeerWorld;
const others: PeerMember[] = [];

afterEach(async () => {
  await world.remove();
  for (const member of others.splice(0)) await member.remove();
});

afterAll(removeTemplates);

async function three(): Promise<readonly [PeerMember, PeerMember, PeerMember]> {
  world = await PeerWorld.of(['alice', 'bob', 'carol']);
  const [alice, bob, carol] = world.members;
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('there are three');
  return [alice, bob, carol];
}

async function start(...members: readonly PeerMember[]): Promise<void> {
  for (const member of members) await world.start(member);
}

const inStep = (...members: readonly PeerMember[]): Promise<void> =>
  eventually(() => members.every((holder) => members.every((of) => holder === of || hasAll(holder, of))));

const renaming = (of: PeerMember, name: string): CollectiveEvent => ({ type: 'MemberRenamed', memberId: of.id, name });

const codes = (member: PeerMember): readonly string[] => member.running.part.office.findings().map(({ code }) => code);

/** Tells of every Pull of that member's log. */
const telling =
  (of: PeerMember, onPull: () => void) =>
  (service: BoundService): BoundService => ({
    ...service,
    methods: service.methods.map((method) => ({
      ...method,
      run(requests, call) {
        if (!method.path.endsWith('/Pull')) return method.run(requests, call);
        const listening = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
          for await (const bytes of requests) {
            if (PeerServiceDefinition.methods.pull.requestType.decode(bytes).origin === of.id) onPull();
            yield bytes;
          }
        };
        return method.run(listening(), call);
      },
    })),
  });

describe('what a coordinator says of the logs of others', () => {
  it('a coordinator whose log went on from an old copy of its folder is told so', async () => {
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
    await eventually(() => codes(bob).includes('log-forked') && codes(backup).includes('own-log-forked'));
    expect(bob.running.foreign.get(alice.id)?.head.sequence).toBeGreaterThan(0);
    const known = await knownLog(bob.running.part.office.parts, alice.id);
    expect(known?.sequence).toBe((bob.running.foreign.get(alice.id)?.fork?.sequence ?? 0) - 1);
    expect(known?.frozen).toContain('its owner signed two blocks');
  });

  it('events from the future are kept and applied, and whose clock is ahead is said', async () => {
    const [alice, bob, carol] = await three();
    const { clock } = alice.ports;
    alice.ports = { ...alice.ports, clock: { nowMs: () => clock.nowMs() + HOUR_MS, monotonicMs: () => clock.monotonicMs() } };
    await start(alice, bob);
    await alice.running.record(renaming(carol, 'caroline'));
    await inStep(alice, bob);
    expect(codes(bob)).toEqual(['peer-clock-ahead']);
    expect(codes(alice)).toEqual([]);
    expect(await bob.running.member.views.run(({ peers }) => peers.get(carol.id)?.name, alice.id)).toBe('caroline');
  });

  it('a signed event that contradicts those before it stops the views of that log alone', async () => {
    const [alice, bob, carol] = await three();
    await start(alice, bob, carol);
    await inStep(alice, bob, carol);
    const { sequence } = alice.running.member.log.head;
    await alice.running.sign({ type: 'MemberReinstated', memberId: bob.id });
    for (const holder of [bob, carol]) await eventually(() => codes(holder).includes('log-invalid'));
    await carol.running.record(renaming(bob, 'robert'));
    await eventually(() => hasAll(bob, carol));
    const copy = bob.running.foreign.get(alice.id);
    expect(copy?.applied.sequence).toBe(sequence);
    expect(copy?.head.sequence).toBe(sequence + 1);
    expect(codes(bob)).toEqual(['log-invalid']);
    // Who reads the tree now is told how far it is known, and that there is more.
    const known = await knownLog(bob.running.part.office.parts, alice.id);
    expect(known).toMatchObject({ epoch: 1, sequence, frozen: expect.stringContaining(`event ${sequence + 1} contradicts`) });
    expect(known?.timeMs).toBeGreaterThan(0);
  });

  it('views of a log that are not the same at one event are named at both sides', async () => {
    const [alice, bob, carol] = await three();
    await start(alice, bob);
    await inStep(alice, bob);
    const recorded = await alice.running.sign(renaming(carol, 'caroline'));
    await alice.running.member.views.apply([{ ...recorded, event: renaming(carol, 'caro') }]);
    for (let round = 0; round < 6; round += 1) {
      await alice.running.record(...Array.from({ length: 50 }, (_, index) => renaming(bob, `bob-${round}-${index}`)));
    }
    await eventually(() => [alice, bob].every((member) => codes(member).includes('state-hash-mismatch')));
    const { message } = bob.running.part.office.findings().find(({ code }) => code === 'state-hash-mismatch') ?? {};
    expect(message).toContain('of the log of alice, peers differ between here and alice');
  });

  it('rows of another log that the disk has falsified are said, and made anew from the copy of that log', async () => {
    const [alice, bob] = await three();
    await start(alice, bob);
    const modified = { seconds: 0, nanoseconds: 0 };
    await alice.running.record({ type: 'DirectoryCreated', parentId: ROOT_FILE_ID, name: 'holidays', mode: 0o755, modified });
    await inStep(alice, bob);
    const namesAt = (member: PeerMember): Promise<readonly string[]> =>
      member.running.member.views.run(
        ({ namespace }) => namespace.entries(ROOT_FILE_ID, undefined, 10).rows.map(([[, name]]) => name),
        alice.id,
      );
    await bob.stop();
    const store = await bob.ports.stores.open(viewsPathOf(bob.directory), 'open');
    const falsified: { readonly kind: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }[] = [];
    for await (const [key, value] of store.entries(new StoredKeys(alice.id).range)) {
      if (Buffer.from(key).includes('holidays')) falsified.push({ kind: 'put', key, value: value.map((byte) => byte ^ 1) });
    }
    expect(falsified).not.toEqual([]);
    await store.batch(falsified);
    await store.close();
    await world.start(bob);
    await expect(namesAt(bob)).rejects.toMatchObject({ code: 'VIEW_DAMAGED' });
    await eventually(() => codes(bob).includes('peer-views-damaged'));
    await bob.running.foreign.get(alice.id)?.settled();
    expect(hasAll(bob, alice)).toBe(true);
    expect(await namesAt(bob)).toEqual(await namesAt(alice));
    expect(bob.running.part.office.findings().find(({ code }) => code === 'peer-views-damaged')?.message).toContain(
      'of the log of alice',
    );
    expect(codes(alice)).toEqual([]);
  });

  it('a long log is fetched from all who hold it at once', async () => {
    const [alice, bob, carol] = await three();
    const asked = new Set<string>();
    // Of this log alone: carol's own may come to one of them from the other, where that has a session with her first.
    alice.tamper = telling(alice, () => asked.add('alice'));
    bob.tamper = telling(alice, () => asked.add('bob'));
    await start(alice, bob);
    for (let round = 0; round < 24; round += 1) {
      await alice.running.record(...Array.from({ length: 200 }, (_, index) => renaming(carol, `carol-${round}-${index}`)));
    }
    await inStep(alice, bob);
    asked.clear();
    for (const other of [alice, bob]) carol.pool.set(other.trusted);
    await carol.start();
    const { links } = carol.running.part.office;
    const { sequence } = alice.running.member.log.head;
    await eventually(() => [alice, bob].every(({ id }) => links.get(id)?.heads.get(alice.id)?.sequence === sequence));
    expect(asked).toEqual(new Set());
    await carol.running.record(carol.admission(alice));
    await eventually(() => hasAll(carol, alice));
    expect(asked).toEqual(new Set(['alice', 'bob']));
  });
});
