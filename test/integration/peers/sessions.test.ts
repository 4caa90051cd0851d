import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { CollectiveEvent } from '../../../src/events/index.js';
import { LIMITS } from '../../../src/base/index.js';
import { type PeerMessage, PeerServiceDefinition } from '../../../src/transport/index.js';
import { freePorts } from '../../support/cluster/index.js';
import { Mallory } from '../../support/peers/mallory.js';
import { type PeerMember, removeTemplates } from '../../support/peers/peer-member.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';
import { errorOf } from '../../support/rpc.js';

let world: PeerWorld | undefined;
const ending: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
  await world?.remove();
  world = undefined;
});
afterAll(removeTemplates);

async function three(): Promise<readonly [PeerMember, PeerMember, PeerMember]> {
  world = await PeerWorld.of(['alice', 'bob', 'carol'], 'grpc');
  const [alice, bob, carol] = world.members;
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('there are three');
  return [alice, bob, carol];
}

const renaming = (of: PeerMember, name: string): CollectiveEvent => ({ type: 'MemberRenamed', memberId: of.id, name });
const areLinked = (one: PeerMember, other: PeerMember): boolean =>
  one.running.part.office.links.get(other.id) !== undefined && other.running.part.office.links.get(one.id) !== undefined;

/** Passes everything on, and keeps what the callers of each connection have sent. */
async function recordingProxy(toPort: number): Promise<{ readonly port: number; readonly recorded: readonly Buffer[][] }> {
  const recorded: Buffer[][] = [];
  const server: Server = createServer((caller) => {
    const sent: Buffer[] = [];
    recorded.push(sent);
    const callee = connect(toPort, '127.0.0.1');
    caller.on('data', (bytes: Buffer) => sent.push(bytes));
    for (const [from, to] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  });
  const [port = 0] = await freePorts(1);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  ending.push(async () => {
    server.close();
    await once(server, 'close');
  });
  return { port, recorded };
}

const portOf = (member: PeerMember): number => Number(member.trusted.endpoints[0]?.split(':').at(-1));

/** What a coordinator holds and says: what a replay must not change. */
const stateOf = (member: PeerMember) => ({
  own: member.running.member.log.head,
  logs: world?.members.map(({ id }) => member.running.foreign.get(id)?.head),
  findings: member.running.part.office.findings(),
});

describe('a member that was suspended and is reinstated', () => {
  it('is connected again by itself, whoever of the two has parted', async () => {
    const [alice, bob] = await three();
    await world?.start(alice);
    await world?.start(bob);
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      await eventually(() => areLinked(one, other));
      one.pool.remove(other.id);
      await eventually(() => [one, other].every(({ running }) => running.part.office.links.get(alice.id) === undefined));
      await eventually(() => [one, other].every(({ running }) => running.part.office.links.get(bob.id) === undefined));
      await alice.running.record(renaming(bob, `while ${one.founded.material.name} had parted`));
      one.pool.set(other.trusted);
      await eventually(() => areLinked(one, other) && hasAll(bob, alice));
      expect(bob.running.foreign.get(alice.id)?.head).toEqual(alice.running.member.log.head);
    }
  });
});

describe('a session that was recorded', () => {
  it('byte by byte on the wire, and is sent again over a new connection, opens nothing and changes nothing', async () => {
    const [alice, bob] = await three();
    const { port, recorded } = await recordingProxy(portOf(bob));
    alice.pool.set({ ...bob.trusted, endpoints: [`127.0.0.1:${port}`] });
    // Only alice dials, and bob is there: a connection that got nowhere would be a record of nothing.
    bob.pool.set({ ...alice.trusted, endpoints: ['127.0.0.1:1'] });
    await world?.start(bob);
    await world?.start(alice);
    await alice.running.record(renaming(bob, 'robert'));
    await eventually(() => hasAll(bob, alice) && hasAll(alice, bob));
    await alice.stop();
    await eventually(() => bob.running.part.office.links.get(alice.id) === undefined);
    const before = stateOf(bob);
    expect(recorded.flat().length).toBeGreaterThan(2);
    for (const sent of recorded) {
      const socket = connect(portOf(bob), '127.0.0.1');
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      socket.resume();
      for (const bytes of sent) socket.write(bytes);
      await closed;
      expect(bob.running.part.office.links.get(alice.id)).toBeUndefined();
    }
    expect(stateOf(bob)).toEqual(before);
  });

  it('message by message, and is said again by the same member, changes nothing, and all goes on after it', async () => {
    const [alice, bob] = await three();
    const { session } = PeerServiceDefinition.methods;
    const said: PeerMessage[] = [];
    bob.tamper = (service) => ({
      ...service,
      methods: service.methods.map((method) => ({
        ...method,
        run: (requests, call) => {
          if (!method.path.endsWith('/Session')) return method.run(requests, call);
          const listening = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
            for await (const bytes of requests) {
              said.push(session.requestType.decode(bytes));
              yield bytes;
            }
          };
          return method.run(listening(), call);
        },
      })),
    });
    // Only alice dials: all that she says is said in the session that is recorded.
    bob.pool.set({ ...alice.trusted, endpoints: ['127.0.0.1:1'] });
    await world?.start(bob);
    await world?.start(alice);
    await eventually(() => hasAll(bob, alice));
    for (const name of ['rob', 'bobby', 'robert']) await alice.running.record(renaming(bob, name));
    await eventually(() => hasAll(bob, alice) && hasAll(alice, bob));
    await alice.stop();
    await eventually(() => bob.running.part.office.links.get(alice.id) === undefined);
    const before = stateOf(bob);
    const [first, ...rest] = said.splice(0);
    expect(first?.message?.$case).toBe('hello');
    expect(rest.some(({ message }) => message?.$case === 'blocks')).toBe(true);
    const mallory = new Mallory(alice);
    ending.push(() => mallory.stop());
    mallory.say(bob, rest);
    // Her own hello, and everything of before.
    await eventually(() => said.length > rest.length);
    expect(stateOf(bob)).toEqual(before);
    await mallory.stop();
    await world?.start(alice);
    await alice.running.record(renaming(bob, 'at last'));
    await eventually(() => hasAll(bob, alice));
  });
});

describe('a member that asks for a long log and does not read it', () => {
  const BLOCKS = 40;
  const EVENTS_A_BLOCK = 40;
  const CERTIFICATE_BYTES = 4096;

  it('is given no more than connections hold, as often as it may ask, while others get all of it', async () => {
    const [alice, bob, carol] = await three();
    const given: number[] = [];
    alice.tamper = (service) => ({
      ...service,
      methods: service.methods.map((method) => ({
        ...method,
        async *run(requests, call) {
          const at = given.push(0) - 1;
          for await (const response of method.run(requests, call)) {
            given[at] = (given[at] ?? 0) + 1;
            yield response;
          }
        },
      })),
    });
    await world?.start(alice);
    const large = { ...alice.admission(bob), caCertificate: new Uint8Array(CERTIFICATE_BYTES) } as CollectiveEvent;
    for (let count = 0; count < BLOCKS; count += 1) {
      const block = alice.running.member.log.begin();
      for (let each = 0; each < EVENTS_A_BLOCK; each += 1) {
        block.add({ actor: 'coordinator', request: undefined, cause: undefined, event: large });
      }
      await block.commit();
    }
    const signal = AbortSignal.any([]);
    const all = { origin: alice.id, fromSequence: 1, toSequence: 0, previousHeaderHash: new Uint8Array() };
    const idle = new Mallory(carol);
    const reader = new Mallory(bob);
    for (const each of [idle, reader]) ending.push(() => each.stop());
    for (const each of [carol, bob]) each.pool.set(alice.trusted);
    const pulls = Array.from({ length: LIMITS.peerPulls }, () =>
      idle.client(alice).pull(all, { signal })[Symbol.asyncIterator](),
    );
    for (const pull of pulls) expect((await pull.next()).done).toBe(false);
    const beyond = idle.client(alice).pull(all, { signal })[Symbol.asyncIterator]();
    expect((await errorOf(beyond.next())).code).toBe('LIMIT_EXCEEDED');
    let pages = 0;
    for await (const _page of reader.client(alice).pull(all, { signal })) pages += 1;
    expect(pages).toBe(given.at(-1));
    for (const count of given.slice(0, LIMITS.peerPulls)) expect(count).toBeLessThan(pages / 2);
  });
});
