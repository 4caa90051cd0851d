import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { equalBytes, LIMITS, type MemberId } from '../../../src/base/index.js';
import { generateKeyPair } from '../../../src/identity/index.js';
import type { ChunkConnection } from '../../../src/transport/index.js';
import { forever } from '../../support/fake-sessions.js';
import { bytesOf, entryOf, NodeBench } from '../../support/node-world.js';
import { errorOf, ownCredentials } from '../../support/rpc.js';
import {
  coordinatorOf,
  createMember,
  flipBit,
  hasher,
  nodeOf,
  OTHER_NODE_ID,
  seededRandom,
} from '../../unit/identity/support.js';

const signal = forever;
const SMALL = 10_000;
const LARGE = 1024 * 1024;

// Refusals leave no trace at a node, so one serves all of these.
let bench: NodeBench;
let port: number;
let connection: ChunkConnection;
beforeAll(async () => {
  bench = await NodeBench.create();
  await bench.coordinator.start();
  ({ port } = await bench.startNode());
  await bench.coordinator.hears('heartbeat');
  connection = await bench.connect(port);
});
afterAll(async () => {
  await bench.close();
});

describe('another origin', () => {
  const OTHER = 'b'.repeat(51).concat('a') as MemberId;

  it("what is held for one origin does not exist for another's ticket: not for hold, receipt, get or ranged get", async () => {
    const content = bytesOf(7, LARGE);
    const [chunk = entryOf(content)] = await bench.store(connection, [content], OTHER);
    const own = await connection.presentTicket({ ticket: bench.putTicket(), chunks: [] }, { signal });
    expect(await connection.held(own, [chunk], { signal })).toEqual([false]);
    expect((await errorOf(connection.receipt(own, [chunk], { signal }))).code).toBe('CHUNK_UNKNOWN');
    const reading = await bench.readSlot(connection, [chunk]);
    const buffer = new Uint8Array(LARGE);
    expect((await errorOf(connection.get(reading, chunk, buffer, { signal }))).code).toBe('CHUNK_UNKNOWN');
    const range = { offset: 0, bytes: 10 };
    expect((await errorOf(connection.getRange(reading, chunk, range, buffer, { signal }))).code).toBe('CHUNK_UNKNOWN');
    const theirs = await bench.readSlot(connection, [chunk], { origin: OTHER });
    expect(equalBytes(await connection.get(theirs, chunk, buffer, { signal }), content)).toBe(true);
  });

  it('having sent the bytes oneself earns them for the own origin, and only then', async () => {
    const content = bytesOf(8, SMALL);
    const [chunk = entryOf(content)] = await bench.store(connection, [content], OTHER);
    await bench.store(connection, [content]);
    const reading = await bench.readSlot(connection, [chunk]);
    expect(await connection.get(reading, chunk, new Uint8Array(SMALL), { signal })).toEqual(content);
  });

  it("the inventory tells the coordinator of its own member's chunks alone", async () => {
    const [theirs] = await bench.store(connection, [bytesOf(101, SMALL)], OTHER);
    const [mine] = await bench.store(connection, [bytesOf(102, SMALL)]);
    const page = await bench.coordinator.order({ $case: 'inventory', value: { afterChunkId: '' } });
    const listed = page.$case === 'inventory' ? page.value.chunks : [];
    expect(listed).toContainEqual(mine);
    expect(listed).not.toContainEqual(theirs);
  });
});

describe('tickets that are not good', () => {
  it.each<[string, (own: NodeBench) => Uint8Array, string]>([
    ['for another node', (own) => own.putTicket({ nodeId: OTHER_NODE_ID }), 'TICKET_INVALID'],
    ['of another client', (own) => own.putTicket({ clientKeyHash: new Uint8Array(32).fill(7) }), 'TICKET_INVALID'],
    ['that has expired', (own) => own.putTicket({ expiresAtMs: Date.now() - LIMITS.clockSkewMs - 1000 }), 'TICKET_EXPIRED'],
    ['of a key that nobody announced', (own) => own.putTicket({}, generateKeyPair(seededRandom('x'), hasher)), 'TICKET_INVALID'],
    ['that was altered', (own) => flipBit(own.putTicket(), 100), 'TICKET_INVALID'],
    ['that is cut off', (own) => own.putTicket().subarray(0, 100), 'TICKET_INVALID'],
    ['that is empty', () => new Uint8Array(), 'TICKET_INVALID'],
    ['from beyond what the node knows of revocations', (own) => own.putTicket({ revocationPosition: 99 }), 'UNAVAILABLE'],
  ])('a ticket %s is refused', async (_what, make, code) => {
    const error = await errorOf(connection.presentTicket({ ticket: make(bench), chunks: [] }, { signal }));
    expect(error.code).toBe(code);
    await bench.store(connection, [bytesOf(1, SMALL)]);
  });

  it('a ticket to read is for its list: not with another one, and not for a chunk beside it', async () => {
    const chunks = await bench.store(connection, [bytesOf(1, SMALL), bytesOf(2, SMALL)]);
    const [first, second = entryOf(bytesOf(2, SMALL))] = chunks;
    const listed = chunks.slice(0, 1);
    const ticket = bench.readTicket(listed);
    expect((await errorOf(connection.presentTicket({ ticket, chunks }, { signal }))).code).toBe('TICKET_INVALID');
    expect((await errorOf(connection.presentTicket({ ticket, chunks: [] }, { signal }))).code).toBe('TICKET_INVALID');
    const slot = await connection.presentTicket({ ticket, chunks: listed }, { signal });
    expect((await errorOf(connection.get(slot, second, new Uint8Array(SMALL), { signal }))).code).toBe('PERMISSION_DENIED');
    expect(first).toBeDefined();
  });

  it('a ticket to read lets nothing in, and a ticket to put shows nothing', async () => {
    const content = bytesOf(1, SMALL);
    const chunks = await bench.store(connection, [content]);
    const [chunk = entryOf(content)] = chunks;
    const reading = await bench.readSlot(connection, chunks);
    const putting = await connection.presentTicket({ ticket: bench.putTicket(), chunks: [] }, { signal });
    const refused = [
      connection.put(reading, chunk, content, { signal }),
      connection.held(reading, chunks, { signal }),
      connection.receipt(reading, chunks, { signal }),
      connection.get(putting, chunk, new Uint8Array(SMALL), { signal }),
      connection.getRange(putting, chunk, { offset: 0, bytes: 1 }, new Uint8Array(LARGE), { signal }),
    ];
    const codes = (await Promise.all(refused.map(errorOf))).map(({ code }) => code);
    expect(codes).toEqual(refused.map(() => 'PERMISSION_DENIED'));
  });

  it('the budget of a ticket holds over all connections that show it', async () => {
    const ticket = bench.putTicket({ byteBudget: 2 * SMALL });
    const another = await bench.connect(port);
    const here = await connection.presentTicket({ ticket, chunks: [] }, { signal });
    const there = await another.presentTicket({ ticket, chunks: [] }, { signal });
    const contents = [bytesOf(1, SMALL), bytesOf(2, SMALL), bytesOf(3, SMALL)] as const;
    await connection.put(here, entryOf(contents[0]), contents[0], { signal });
    await another.put(there, entryOf(contents[1]), contents[1], { signal });
    const error = await errorOf(connection.put(here, entryOf(contents[2]), contents[2], { signal }));
    expect(error.code).toBe('TICKET_INVALID');
    expect(error.message).toMatch(/20\.0 kB.*20\.0 kB/);
  });

  it.each([
    ['another member', async () => ownCredentials(await createMember('stranger', Date.now() - 60_000), nodeOf(bench.member))],
    ['the role of the coordinator', async () => ownCredentials(bench.member, coordinatorOf(bench.member))],
  ])('a certificate of %s does not even connect', async (_what, make) => {
    const own = { ...(await make()), ca: bench.member.ca, memberId: bench.member.memberId };
    await expect(bench.connect(port, own)).rejects.toMatchObject({ name: 'CollectiveError' });
    const refusal = bench.logger.lines.find(({ message }) => message === 'connection refused');
    expect(String(refusal?.fields['reason'])).toMatch(/certificate|open to/);
  });
});
