import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isChunkId, LIMITS } from '../../../src/base/index.js';
import { chunkIdOf, splitFile } from '../../../src/chunks/index.js';
import { createNodeDialler } from '../../../src/client/index.js';
import { CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import { letGo } from '../../../src/coordinator/foreign/let-go.js';
import { openMember } from '../../../src/coordinator/open-member.js';
import { createSigner, fixedPeers } from '../../../src/identity/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import { createClient, HoldingServiceDefinition, type NodeAccess } from '../../../src/transport/index.js';
import { chunkFileIn, chunkIdsOf, flipBit } from '../../support/e2e/node-store.js';
import { contentOf, Household, type HouseholdNode } from '../../support/household/household.js';
import { signal } from './support.js';

let alice: Household;
let bob: Household;
beforeAll(async () => {
  [alice, bob] = await Promise.all([Household.found('alice', 1), Household.found('bob', 2)]);
  await alice.befriend(bob);
  await bob.pledgeTo(alice, 8_000_000);
  await alice.sharedFolder('/photos', 2, 1);
});
afterAll(async () => {
  for (const each of [alice, bob]) await each?.close();
});

const photo = contentOf(6_000_000, 7);
/** All of it with bob. */
const whole = contentOf(5_000_000, 11);
const kept = chunkIdsOf(whole);
/** The node of bob that is left once the one that had them is revoked. */
let other: HouseholdNode;
const holds = ({ directory }: HouseholdNode, chunkId: string): boolean => existsSync(chunkFileIn(directory, chunkId));
const accessToBob = async (path: string): Promise<Pick<NodeAccess, 'memberId' | 'trust'> | undefined> => {
  const target = { path, version: 0, offsetBytes: 0, lengthBytes: 0 };
  for await (const { nodes } of alice.client.files.readFiles([target], signal, true)) {
    for (const { memberId, trust } of nodes) if (memberId === bob.memberId) return { memberId, trust };
  }
  return undefined;
};

/** What happens up to the moment at which a coordinator that ended then would have put it on its own record. */
async function acceptedAndForgotten(content: Uint8Array): Promise<void> {
  const { ports, transport, founded } = alice.coordinator;
  const { memberId, ca, coordinatorLeaf, coordinatorKeys } = founded.material;
  await alice.until('bob is here', async () => (await accessToBob('/photos/a.jpg')) !== undefined);
  const atBob = transport.connectPeer({
    own: { memberId, ca, leaf: coordinatorLeaf, privateKeyPem: coordinatorKeys.privateKeyPem },
    memberId: bob.coordinator.founded.material.memberId,
    peers: fixedPeers([{ ...bob.coordinator.founded.material, endpoints: [bob.coordinator.peerEndpoint] }]),
  });
  const holding = createClient(HoldingServiceDefinition, atBob);
  const parts = [...splitFile(content.length)].map(({ offset, length }) => content.subarray(offset, offset + length));
  const chunks = parts.map((part) => ({ chunkId: chunkIdOf(ports.hasher, part), lengthBytes: part.length }));
  const clientKeyHash = ports.hasher.sha256(new Uint8Array(founded.firstClient.keys.publicKey));
  const uploadId = 'b'.repeat(25).concat('a');
  const placed = await holding.placeCopies({ uploadId, clientKeyHash, chunks, avoidNodeIds: [] }, { signal });
  const node = { ...oneOf(placed.nodes), ...(await accessToBob('/photos/a.jpg')) };
  const dial = createNodeDialler({ ...ports, own: alice.own, network: createTlsNetwork() });
  const connection = await dial(node, signal);
  const right = { ticket: node.ticket, chunks: [] };
  for (const [at, chunk] of chunks.entries()) await connection.put(right, chunk, parts[at] ?? new Uint8Array(), signal);
  const signedReceipt = await connection.receipt(right, chunks, signal);
  connection.close();
  const receipts = [{ nodeId: node.nodeId, signedReceipt, chunks }];
  await holding.acceptCopies({ uploadId, clientKeyHash, receipts }, { signal });
  atBob.close();
  // What of his log comes only after a restart is looked at once it has settled: an upload may be under way then.
  await alice.until("bob's word is here", async () => {
    const [hers] = (await alice.client.peers.list(signal)).logs;
    const [his] = (await bob.client.peers.list(signal)).peers;
    return hers !== undefined && his !== undefined && hers.appliedSequence >= his.ourLogHere;
  });
}

const oneOf = <Value>(values: readonly Value[]): Value => {
  const [value] = values;
  if (value === undefined) throw new Error('there is one');
  return value;
};

describe('copies that are kept for another member', () => {
  it('never pass the pledge, whoever puts at once', async () => {
    const second = alice.otherClient();
    try {
      await Promise.all([alice.put('/photos/a.jpg', photo), alice.put('/photos/b.jpg', contentOf(6_000_000, 9), second)]);
    } finally {
      second.close();
    }
    const { bytes } = await bob.keeps(alice);
    expect(bytes).toBeLessThanOrEqual(8_000_000);
    expect(bytes).toBeGreaterThan(2_000_000);
    expect(await alice.countsOn(bob)).toEqual(await bob.keeps(alice));
  });

  it('are brought to another node when theirs is revoked, and their owner sees no gap', async () => {
    await bob.pledgeTo(alice, 100_000_000);
    await alice.put('/photos/c.jpg', whole);
    const before = await bob.keeps(alice);
    expect(await alice.countsOn(bob)).toEqual(before);
    const holder = oneOf(bob.nodes.filter((node) => kept.some((chunk) => holds(node, chunk))));
    other = oneOf(bob.nodes.filter((node) => node !== holder));
    await bob.client.admin.revoke({ role: 'node', subject: holder.name, note: '', force: true }, signal);
    await bob.until('they lie elsewhere', () => Promise.resolve(kept.every((chunk) => holds(other, chunk))));
    await bob.until('that is on record', async () => (await bob.events('ForeignCopiesMoved')) > 0);
    expect(await bob.keeps(alice)).toEqual(before);
    expect(await alice.events('CopiesLost')).toBe(0);
    expect(await bob.events('ForeignCopiesLost')).toBe(0);
    await holder.stop();
  });

  it('are fetched again from their owner when they are damaged, and the owner counts on them again', async () => {
    const [chunk = ''] = kept;
    const before = await bob.keeps(alice);
    const bad = other;
    await flipBit(chunkFileIn(bad.directory, chunk), 70_000);
    const found = { chunkId: chunk, nodeId: bad.nodeId, memberId: bob.memberId, code: 'CHUNK_DAMAGED', path: '/photos/c.jpg' };
    await alice.client.files.reportDamage([found], signal);
    expect(await bob.events('ForeignCopiesLost')).toBe(1);
    await alice.until('it counts again', async () => (await alice.countsOn(bob)).chunks === before.chunks);
    expect(await alice.events('CopiesLost')).toBe(1);
    expect((await alice.findings()).map(({ code }) => code)).not.toContain('damaged-copies');
  });

  it('are put on record when their owner ended between their acceptance and its own record, and have shown themselves', async () => {
    const content = randomBytes(500_000);
    await bob.coordinator.stop();
    await alice.put('/photos/d.jpg', content);
    await bob.coordinator.start();
    const chunks = chunkIdsOf(content).length;
    const before = await alice.countsOn(bob);
    await bob.until('his nodes are here', async () =>
      (await bob.client.admin.nodes(signal)).some(({ state }) => state === 'online'),
    );
    await acceptedAndForgotten(content);
    await alice.coordinator.stop();
    await alice.coordinator.start();
    await alice.until('it counts', async () => (await alice.countsOn(bob)).chunks === before.chunks + chunks);
    expect(await alice.countsOn(bob)).toEqual(await bob.keeps(alice));
  });

  it('are not given up of which another was within reach when they were looked at, and is not when that is decided', async () => {
    const before = await alice.countsOn(bob);
    const { directory, ports, founded } = alice.coordinator;
    const { memberId: origin, logKeys } = founded.material;
    await alice.coordinator.stop();
    const { log, views } = await openMember({ directory, origin, logSigners: [createSigner(logKeys)], ports, signal });
    const commands = new CommandLoop({ log, views, ...ports });
    const nobody = { registry: { presence: () => 'offline' as const }, isHere: () => false };
    const chunkIds = kept.filter(isChunkId);
    expect(chunkIds).toHaveLength(kept.length);
    expect(await letGo(bob.coordinator.founded.material.memberId, chunkIds, { ...nobody, commands })).toEqual([]);
    await commands.stop();
    await views.close();
    await log.close();
    await alice.coordinator.start();
    expect(await alice.countsOn(bob)).toEqual(before);
  });

  it('are released when their owner ended between their acceptance and its own record, and no file has them', async () => {
    const before = await bob.keeps(alice);
    await acceptedAndForgotten(randomBytes(60_000));
    expect((await bob.keeps(alice)).chunks).toBe(before.chunks + 1);
    await alice.coordinator.stop();
    await alice.coordinator.start();
    await alice.until('both are in step', async () => (await bob.keeps(alice)).chunks === before.chunks);
    expect(await alice.countsOn(bob)).toEqual(before);
  });

  it('are whole and counted alike by both after their holder was restarted while it took them', async () => {
    const large = contentOf(12_000_000, 21);
    const parts = chunkIdsOf(large);
    const putting = alice.put('/photos/large.bin', large);
    await bob.until('some is there', () => Promise.resolve(parts.some((chunk) => holds(other, chunk))));
    await bob.coordinator.stop();
    await bob.coordinator.start();
    await putting;
    expect((await alice.read('/photos/large.bin')).equals(large)).toBe(true);
    const alike = async (): Promise<boolean> => {
      const [counted, kept] = [await alice.countsOn(bob), await bob.keeps(alice)];
      return counted.chunks === kept.chunks && counted.bytes === kept.bytes;
    };
    // Where he ended between his word and hers, she looks once neither changes any more.
    await alice.until('both say the same', alike, 2 * LIMITS.keptSettledMs);
  });

  it('are not given up while nobody else within reach has them', async () => {
    const own = oneOf(alice.nodes);
    await own.stop();
    await alice.until('her node is away', async () => oneOf(await alice.client.admin.nodes(signal)).state !== 'online');
    const removing = alice.client.members.remove({ member: 'bob', note: '', now: false }, signal);
    await expect(removing).rejects.toMatchObject({ code: 'NOT_ENOUGH_NODES' });
    expect((await alice.countsOn(bob)).chunks).toBeGreaterThan(0);
    expect((await bob.keeps(alice)).chunks).toBeGreaterThan(0);
    await own.start();
    await alice.until('her node is here', async () => oneOf(await alice.client.admin.nodes(signal)).state === 'online');
  });

  it('cannot be had while their holder does not let their owner in, and that is said alike wherever they are told of', async () => {
    let left = { chunksLeft: 0, chunksBelow: 0 as number | undefined };
    for await (const { chunksLeft, chunksBelow } of alice.client.copies.replace('bob', signal))
      left = { chunksLeft, chunksBelow };
    expect(left).toEqual({ chunksLeft: 0, chunksBelow: (await alice.countsOn(bob)).chunks });
    await bob.client.members.suspend('alice', '', signal);
    const connection = async (): Promise<string | undefined> => (await alice.client.peers.list(signal)).peers[0]?.connection;
    await alice.until('it is known', async () => (await connection()) === 'not-admitted');
    const { received } = await alice.client.copies.listPledges(signal);
    expect(received.map(({ name, state }) => [name, state])).toEqual([['bob', 'not-admitted']]);
    const { findings } = await alice.client.copies.showPolicy('/photos', signal);
    expect(findings.map(({ next }) => next)).toEqual([expect.stringContaining('alk with the people of bob')]);
    const { holders, path } = { holders: new Set<string>(), path: '/photos/c.jpg' };
    for await (const { nodes } of alice.client.tree.locate(path, { recursive: false, withChunks: false }, signal)) {
      for (const { name, state } of nodes) holders.add(`${name} ${state}`);
    }
    expect([...holders]).toContain('bob not-admitted');
    const target = { path, version: 0, offsetBytes: 0, lengthBytes: 0 };
    for await (const { extents } of alice.client.files.readFiles([target], signal, true)) {
      expect(extents[0]).toMatchObject({ awayNames: [], refusingNames: ['bob'] });
    }
    await bob.client.members.reinstate('alice', signal);
    await alice.until('it lets her in', async () => (await connection()) === 'connected');
  });

  it('do not count when their holder is removed at once, and are told of at both until they are given up', async () => {
    await bob.client.members.remove({ member: 'alice', note: '', now: true }, signal);
    const codes = async (who: Household): Promise<readonly string[]> => (await who.findings()).map(({ code }) => code);
    expect(await codes(bob)).toContain('kept-for-removed');
    await alice.client.members.remove({ member: 'bob', note: '', now: true }, signal);
    await alice.until('they do not count', async () => (await codes(alice)).includes('forfeited-with-member'));
    await alice.until('all is on record', async () => (await alice.countsOn(bob)).chunks === 0);
    expect(await codes(alice)).toContain('under-protected');
    const { chunks: released } = await bob.client.copies.releaseKept('alice', () => undefined, signal);
    expect(released).toBeGreaterThan(0);
    expect(await bob.keeps(alice)).toEqual({ bytes: 0, chunks: 0 });
    expect(await codes(bob)).not.toContain('kept-for-removed');
  });
});
