import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientId, UploadId } from '../../../src/base/index.js';
import { createSigner, endorse, type OwnCredentials, tlsCredentialsTo } from '../../../src/identity/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import { type AdmittedMember, ChunkConnection, type MemberTrust } from '../../../src/transport/index.js';
import { clock, forever, timers } from '../../support/fake-sessions.js';
import { bytesOf, entryOf, NodeBench, type TestNode } from '../../support/node-world.js';
import { errorOf, ownCredentials } from '../../support/rpc.js';
import { createMember, hasher, type TestMember } from '../../unit/identity/support.js';

const signal = forever;
const SMALL = 10_000;
const OTHER_UPLOAD = 'c'.repeat(25).concat('a') as UploadId;
const network = createTlsNetwork();

const trustOf = (member: TestMember): MemberTrust => {
  const validFrom = { epoch: 1, sequence: 1 };
  const subject = member.ca.sha256;
  const signer = createSigner(member.identityKeys);
  const endorsement = endorse({ memberId: member.memberId, purpose: 'member-ca', subject, validFrom }, signer);
  return {
    identityPublicKey: member.identityKeys.publicKey,
    cas: [{ certificate: member.ca.der, endorsement, acceptedUntilMs: 0 }],
  };
};

const admitted = (member: TestMember, revokedClientIds: string[] = []): AdmittedMember => ({
  memberId: member.memberId,
  trust: trustOf(member),
  revokedClientIds,
});

const clientOf = (member: TestMember, id: string): Promise<OwnCredentials> =>
  ownCredentials(member, { role: 'client', memberId: member.memberId, clientId: id as ClientId });

describe('clients of other members at the data port', () => {
  let bench: NodeBench;
  let alice: TestMember;
  let client: OwnCredentials;
  let running: TestNode;
  const close: (() => void)[] = [];

  beforeEach(async () => {
    bench = await NodeBench.create();
    alice = await createMember('alice, who is admitted', Date.now() - 60_000);
    client = await clientOf(alice, 'aliceclientalice');
    await bench.coordinator.start();
    running = await bench.startNode();
    await bench.coordinator.hears('heartbeat');
  });
  afterEach(async () => {
    for (const each of close.splice(0)) each();
    await bench.close();
  });

  const tell = (members: AdmittedMember[]): Promise<void> =>
    bench.coordinator.tells({
      ticketPublicKeys: [bench.coordinator.ticketKeys.publicKey],
      revocationPosition: 0,
      revokedClientIds: [],
      member: undefined,
      admitted: members,
    });
  const connect = async (own: OwnCredentials): Promise<ChunkConnection> => {
    const credentials = tlsCredentialsTo(bench.nodeOwn, own, ['node'], clock);
    const stream = await network.connect({ host: '127.0.0.1', port: running.port, credentials, timeoutMs: 30_000, signal });
    const connection = await ChunkConnection.open({ stream, hasher, clock, timers }, signal);
    close.push(() => {
      connection.close();
    });
    return connection;
  };
  const putOf = (own: OwnCredentials, sentOnly: boolean): Uint8Array =>
    bench.putTicket({ clientKeyHash: bench.keyHashOf(own), sentOnly });

  it('are let in once their member is admitted, use what they have a ticket for, and nothing without one', async () => {
    await expect(connect(client)).rejects.toThrow(/refused|certificate|closed|connection|cut/i);
    await tell([admitted(alice)]);
    const connection = await connect(client);
    const slot = await connection.presentTicket({ ticket: putOf(client, true), chunks: [] }, { signal });
    const content = bytesOf(3, SMALL);
    const chunk = entryOf(content);
    await connection.put(slot, chunk, content, { signal });
    expect((await connection.receipt(slot, [chunk], { signal })).length).toBeGreaterThan(0);
    // A ticket that was given to a client of the own member, who may know its chunks.
    const stolen = connection.presentTicket({ ticket: bench.readTicket([chunk]), chunks: [chunk] }, { signal });
    expect((await errorOf(stolen)).code).toBe('TICKET_INVALID');
  });

  it('are held against the CA of the member that their certificates name, and of nobody else', async () => {
    const mallory = await createMember('mallory, who is admitted too', Date.now() - 60_000);
    await tell([admitted(alice), admitted(mallory)]);
    const forged = await clientOf({ ...mallory, memberId: alice.memberId }, 'aliceclientalice');
    await expect(connect(forged)).rejects.toThrow(/refused|certificate|closed|connection|cut/i);
    const ours = await clientOf({ ...mallory, memberId: bench.member.memberId }, 'ownedclientowned');
    await expect(connect(ours)).rejects.toThrow(/refused|certificate|closed|connection|cut/i);
    await expect(connect(await clientOf(mallory, 'malloryclientmal'))).resolves.toBeDefined();
  });

  it('get no receipt for what the origin holds already, when their ticket is for what they send', async () => {
    await tell([admitted(alice)]);
    const own = await bench.connect(running.port);
    const content = bytesOf(9, SMALL);
    const [chunk] = await bench.store(own, [content]);
    if (chunk === undefined) throw new Error('it was stored');
    const connection = await connect(client);
    const open = await connection.presentTicket({ ticket: putOf(client, false), chunks: [] }, { signal });
    expect(await connection.held(open, [chunk], { signal })).toEqual([true]);
    const other = bench.putTicket({ clientKeyHash: bench.keyHashOf(client), sentOnly: true, uploadId: OTHER_UPLOAD });
    const slot = await connection.presentTicket({ ticket: other, chunks: [] }, { signal });
    expect(await connection.held(slot, [chunk], { signal })).toEqual([false]);
    expect((await errorOf(connection.receipt(slot, [chunk], { signal }))).code).toBe('CHUNK_UNKNOWN');
    await connection.put(slot, chunk, content, { signal });
    expect((await connection.receipt(slot, [chunk], { signal })).length).toBeGreaterThan(0);
  });

  it('are cut off when they are revoked or their member goes, and stay so over a restart', async () => {
    await tell([admitted(alice)]);
    const connection = await connect(client);
    const slot = await connection.presentTicket({ ticket: putOf(client, true), chunks: [] }, { signal });
    await tell([admitted(alice, ['aliceclientalice'])]);
    // The node has cut it by now: this end sees it when the news is through, and nothing that is asked meanwhile is answered.
    await expect(connection.held(slot, [entryOf(bytesOf(4, SMALL))], { signal })).rejects.toThrow(/closed|connection|cut|lost/i);
    await connection.closed;
    await expect(connect(client)).rejects.toThrow(/refused|certificate|closed|connection|cut/i);
    const second = await clientOf(alice, 'secondclientseco');
    const other = await connect(second);
    await tell([]);
    await other.closed;
    await expect(connect(second)).rejects.toThrow(/refused|certificate|closed|connection|cut/i);
    await tell([admitted(alice, ['aliceclientalice'])]);
    await running.node.stop();
    await bench.coordinator.stop();
    running = await bench.startNode();
    await expect(connect(client)).rejects.toThrow(/refused|certificate|closed|connection|cut/i);
    await expect(connect(second)).resolves.toBeDefined();
  });

  it('come from members whose CA their identity key endorsed, or the word about them is refused', async () => {
    const stranger = await createMember('stranger', Date.now() - 60_000);
    const crossed = { ...admitted(alice), trust: { ...trustOf(alice), cas: trustOf(stranger).cas } };
    // The node ends the session over it, and so answers nothing.
    tell([crossed]).catch(() => undefined);
    await bench.coordinator.welcomed(2);
    await expect(connect(client)).rejects.toThrow(/refused|certificate|closed|connection|cut/i);
  });
});
