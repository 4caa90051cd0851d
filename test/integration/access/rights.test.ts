import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MemberId, NodeId, UploadId } from '../../../src/base/index.js';
import type { ChunkEntry } from '../../../src/chunks/index.js';
import { chunkListDigest, createSigner, generateKeyPair, issueTicket, type Ticket } from '../../../src/identity/index.js';
import type { ChunkConnection, TicketSlot } from '../../../src/transport/index.js';
import { errorOf } from '../../support/rpc.js';
import { flipBit, hasher } from '../../unit/identity/support.js';
import { chunkNameRules } from './rules/chunk-names.js';
import { type AccessClient, AccessWorld } from './support/access-world.js';
import type { RunningNode } from './support/messages.js';
import { codeOf, onlyOutcome } from './support/requests.js';
import { commitOf, contentOf, keyHashOf, openData, portIn, readAccess, send, store } from './support/transfers.js';

const signal = new AbortController().signal;
const OTHER_ORIGIN = 'b'.repeat(51).concat('a') as MemberId;
const SKEW_MS = 2 * 60 * 1000;
const MINUTE_MS = 60_000;

let world: AccessWorld;
let laptop: AccessClient;
let tablet: AccessClient;
let attic: RunningNode;
let cellar: RunningNode;
const connections: ChunkConnection[] = [];

beforeAll(async () => {
  world = await AccessWorld.start({ nodes: ['attic', 'cellar'] });
  laptop = world.client;
  tablet = await world.joinClient('tablet');
  const [first, second] = world.nodes;
  if (first === undefined || second === undefined) throw new Error('two nodes were asked for');
  [attic, cellar] = [first, second];
});

afterAll(async () => {
  for (const connection of connections) connection.close();
  await world.stop();
});

async function connect(client: AccessClient, node: RunningNode): Promise<ChunkConnection> {
  const connection = await openData(world, client.own, node.port);
  connections.push(connection);
  return connection;
}

const common = (node: RunningNode, client: AccessClient) => ({
  origin: world.founded.material.memberId,
  nodeId: node.nodeId as NodeId,
  clientKeyHash: keyHashOf(client),
  expiresAtMs: Date.now() + MINUTE_MS,
  ticketId: world.ports.random.bytes(16),
  revocationPosition: 0,
});

const sign = (ticket: Ticket): Uint8Array => issueTicket(ticket, createSigner(world.founded.material.ticketKeys));

/** A ticket as the coordinator would sign it, with something else in it than it would. */
function putTicket(node: RunningNode, client: AccessClient, odd: Partial<Extract<Ticket, { kind: 'put' }>> = {}): Uint8Array {
  const uploadId = 'uploaduploaduploaduploadua' as UploadId;
  return sign({ ...common(node, client), kind: 'put', uploadId, byteBudget: 1_000_000, ...odd });
}

function readTicket(
  node: RunningNode,
  client: AccessClient,
  chunks: readonly ChunkEntry[],
  odd: Partial<Extract<Ticket, { kind: 'read' }>> = {},
): Uint8Array {
  return sign({ ...common(node, client), kind: 'read', listDigest: chunkListDigest(chunks, hasher), ...odd });
}

const show = (connection: ChunkConnection, ticket: Uint8Array, chunks: readonly ChunkEntry[] = []): Promise<TicketSlot> =>
  connection.presentTicket({ ticket, chunks }, { signal });

async function refused(attempt: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  const { code, message } = await errorOf(attempt);
  return { code, message };
}

describe('a ticket that is not for this', () => {
  const content = contentOf('a letter');
  let put: Uint8Array;
  let read: Uint8Array;
  let mine: ChunkConnection;
  beforeAll(async () => {
    const stored = await store(world, laptop, '/letter', content, 2);
    const atAttic = (accesses: readonly { readonly nodeId: string; readonly ticket: Uint8Array }[]): Uint8Array =>
      accesses.find(({ nodeId }) => nodeId === attic.nodeId)?.ticket ?? new Uint8Array();
    put = atAttic(stored.nodes);
    read = atAttic(await readAccess(laptop, '/letter'));
    mine = await connect(laptop, attic);
  });

  it('is of no use to another client of the same member', async () => {
    const theirs = await connect(tablet, attic);
    const why = { code: 'TICKET_INVALID', message: expect.stringMatching(/given to another client/) as string };
    expect(await refused(show(theirs, put))).toEqual(why);
    expect(await refused(show(theirs, read, [content.chunk]))).toEqual(why);
  });

  it('is of no use at another node', async () => {
    const elsewhere = await connect(laptop, cellar);
    const why = { code: 'TICKET_INVALID', message: expect.stringMatching(/for another node/) as string };
    expect(await refused(show(elsewhere, put))).toEqual(why);
    expect(await refused(show(elsewhere, read, [content.chunk]))).toEqual(why);
  });

  it('is of no use after its end, but for what clocks may differ', async () => {
    const over = { expiresAtMs: Date.now() - SKEW_MS - 1000 };
    expect(await refused(show(mine, putTicket(attic, laptop, over)))).toMatchObject({ code: 'TICKET_EXPIRED' });
    const reading = readTicket(attic, laptop, [content.chunk], over);
    expect(await refused(show(mine, reading, [content.chunk]))).toMatchObject({ code: 'TICKET_EXPIRED' });
    mine.releaseTicket(await show(mine, putTicket(attic, laptop, { expiresAtMs: Date.now() - MINUTE_MS })));
  });

  it('is of no use with another list, or for a chunk beside its list', async () => {
    const other = contentOf('another letter').chunk;
    for (const list of [[], [other], [content.chunk, other], [{ ...content.chunk, lengthBytes: 7 }]]) {
      expect(await refused(show(mine, read, list))).toMatchObject({ code: 'TICKET_INVALID' });
    }
    const slot = await show(mine, read, [content.chunk]);
    expect(await refused(mine.get(slot, other, new Uint8Array(100), { signal }))).toMatchObject({ code: 'PERMISSION_DENIED' });
    mine.releaseTicket(slot);
  });

  it('lets nothing in that is for reading, and shows nothing that is for storing', async () => {
    const reading = await show(mine, read, [content.chunk]);
    expect((await refused(mine.put(reading, content.chunk, content.bytes, { signal }))).code).toBe('PERMISSION_DENIED');
    expect((await refused(mine.held(reading, [content.chunk], { signal }))).code).toBe('PERMISSION_DENIED');
    expect((await refused(mine.receipt(reading, [content.chunk], { signal }))).code).toBe('PERMISSION_DENIED');
    const putting = await show(mine, put);
    const into = new Uint8Array(content.bytes.length);
    expect((await refused(mine.get(putting, content.chunk, into, { signal }))).code).toBe('PERMISSION_DENIED');
    for (const slot of [reading, putting]) mine.releaseTicket(slot);
  });

  it('cannot be changed in any of its bytes, nor signed by anybody else', async () => {
    for (let index = 0; index < put.length; index += 1) {
      expect([index, (await refused(show(mine, flipBit(put, index)))).code]).toEqual([index, 'TICKET_INVALID']);
    }
    const stranger = createSigner(generateKeyPair(world.ports.random, hasher));
    const uploadId = 'uploaduploaduploaduploadua' as UploadId;
    const forged = issueTicket({ ...common(attic, laptop), kind: 'put', uploadId, byteBudget: 1 }, stranger);
    expect((await refused(show(mine, forged))).code).toBe('TICKET_INVALID');
    for (const nonsense of [new Uint8Array(), new Uint8Array(1), new Uint8Array(1024)]) {
      expect((await refused(show(mine, nonsense))).code).toBe('TICKET_INVALID');
    }
  });

  it('lets in no more than it says, and nothing under the name of something else', async () => {
    const slot = await show(mine, putTicket(attic, laptop, { byteBudget: content.bytes.length - 1 }));
    expect((await refused(mine.put(slot, content.chunk, content.bytes, { signal }))).code).toBe('TICKET_INVALID');
    mine.releaseTicket(slot);
    const roomy = await show(mine, putTicket(attic, laptop));
    const other = contentOf('A letter');
    expect((await refused(mine.put(roomy, content.chunk, other.bytes, { signal }))).code).toBe('REQUEST_INVALID');
    mine.releaseTicket(roomy);
  });
});

describe('the chunks of another origin', () => {
  const secret = contentOf("what another member keeps at alice's node");
  const absent = contentOf('what nobody ever stored');
  let connection: ChunkConnection;
  let own: TicketSlot;
  let theirReceipt: Uint8Array;

  beforeAll(async () => {
    connection = await connect(laptop, attic);
    const theirs = await show(connection, putTicket(attic, laptop, { origin: OTHER_ORIGIN }));
    await connection.put(theirs, secret.chunk, secret.bytes, { signal });
    theirReceipt = await connection.receipt(theirs, [secret.chunk], { signal });
    own = await show(connection, putTicket(attic, laptop));
  });

  it('are not held, not receipted and not read: as if they were not there', async () => {
    const tell = async ({ chunk }: typeof secret): Promise<unknown> => {
      const reading = await show(connection, readTicket(attic, laptop, [chunk]), [chunk]);
      const into = new Uint8Array(chunk.lengthBytes);
      const answers = [
        await connection.held(own, [chunk], { signal }),
        await refused(connection.receipt(own, [chunk], { signal })),
        await refused(connection.get(reading, chunk, into, { signal })),
        await refused(connection.getRange(reading, chunk, { offset: 0, bytes: 1 }, into, { signal })),
      ];
      expect(Buffer.from(into).every((byte) => byte === 0)).toBe(true);
      connection.releaseTicket(reading);
      return JSON.parse(JSON.stringify(answers).replaceAll(chunk.chunkId, 'ID').replaceAll(`${chunk.lengthBytes}`, 'LENGTH'));
    };
    const said = await tell(secret);
    expect(said).toEqual(await tell(absent));
    expect(said).toMatchObject([[false], { code: 'CHUNK_UNKNOWN' }, { code: 'CHUNK_UNKNOWN' }, { code: 'CHUNK_UNKNOWN' }]);
  });

  it('are not told of by the coordinator, which places them like any new ones', async () => {
    const { uploadId } = await send(world, laptop, contentOf('something else'), 1);
    const { placements } = await laptop.files.placeChunks({ uploadId, chunks: [secret.chunk], avoidNodeIds: [] }, { signal });
    expect(placements[0]?.heldBy).toEqual([]);
  });

  it('cannot be committed: not by their name, and not by a receipt of that origin', async () => {
    const { uploadId } = await send(world, laptop, contentOf('something new'), 1);
    const commit = (receipts: Parameters<typeof commitOf>[3]): Promise<string> =>
      onlyOutcome(laptop.files.commitFiles(commitOf('/secret', secret, uploadId, receipts), { signal }));
    expect(await commit([])).toBe('RECEIPT_INVALID');
    expect(await commit([{ nodeId: attic.nodeId, signedReceipt: theirReceipt, chunks: [secret.chunk] }])).toBe('RECEIPT_INVALID');
  });

  it('are whole for their own origin', async () => {
    const ticket = readTicket(attic, laptop, [secret.chunk], { origin: OTHER_ORIGIN });
    const slot = await show(connection, ticket, [secret.chunk]);
    const read = await connection.get(slot, secret.chunk, new Uint8Array(secret.bytes.length), { signal });
    expect(Buffer.from(read).equals(Buffer.from(secret.bytes))).toBe(true);
  });
});

describe('receipts', () => {
  it('are good for the client, the upload and the list they were given for', async () => {
    const content = contentOf('a photo');
    const { uploadId, receipts } = await send(world, laptop, content, 2);
    const commit = (client: AccessClient, upload: string, odd: Parameters<typeof commitOf>[3]): Promise<string> =>
      onlyOutcome(client.files.commitFiles(commitOf('/photo', content, upload, odd), { signal }));
    const other = await send(world, laptop, contentOf('another photo'), 2);
    const theirs = await send(world, tablet, contentOf('a photo of the tablet'), 2);
    expect(await commit(laptop, other.uploadId, receipts)).toBe('RECEIPT_INVALID');
    expect(await commit(tablet, theirs.uploadId, receipts)).toBe('RECEIPT_INVALID');
    expect(await commit(laptop, uploadId, other.receipts)).toBe('RECEIPT_INVALID');
    const [first] = receipts;
    if (first === undefined) throw new Error('there is a receipt');
    // One node's word is not two nodes' word, however often it is shown or whosever it is said to be.
    expect(await commit(laptop, uploadId, [first])).toBe('RECEIPT_INVALID');
    expect(await commit(laptop, uploadId, [first, first])).toBe('RECEIPT_INVALID');
    const swapped = receipts.map((receipt, index) => ({ ...receipt, nodeId: receipts[1 - index]?.nodeId ?? '' }));
    expect(await commit(laptop, uploadId, swapped)).toBe('RECEIPT_INVALID');
    const longer = receipts.map((receipt) => ({ ...receipt, chunks: [...receipt.chunks, contentOf('more').chunk] }));
    expect(await commit(laptop, uploadId, longer)).toBe('RECEIPT_INVALID');
    for (const index of [0, 40, 100, 194]) {
      const changed = receipts.map((receipt) => ({ ...receipt, signedReceipt: flipBit(receipt.signedReceipt, index) }));
      expect(await commit(laptop, uploadId, changed)).toBe('RECEIPT_INVALID');
    }
    expect(await codeOf(laptop.files.stat({ path: '/photo' }, { signal }))).toBe('NOT_FOUND');
    expect(await commit(laptop, uploadId, receipts)).toBe('OK');
  });

  it('cannot be made by another node, or by a client', async () => {
    const content = contentOf('a promise');
    const { uploadId } = await send(world, laptop, contentOf('kept elsewhere'), 1);
    const receipt = { nodeId: attic.nodeId, signedReceipt: new Uint8Array(195), chunks: [content.chunk] };
    const commit = commitOf('/promise', content, uploadId, [receipt, { ...receipt, nodeId: 'nonodenonodenono' }]);
    expect(await onlyOutcome(laptop.files.commitFiles(commit, { signal }))).toBe('RECEIPT_INVALID');
  });
});

chunkNameRules({
  port: () => attic.port,
  shown: () => ({ tls: true, own: laptop.own }),
  putTicket: () => putTicket(attic, laptop),
});

describe('afterwards', () => {
  it('the nodes are well, what was stored is read, and there was no fault', async () => {
    const content = contentOf('a letter');
    for (const access of await readAccess(tablet, '/letter')) {
      const connection = await openData(world, tablet.own, portIn(access));
      const slot = await show(connection, access.ticket, [content.chunk]);
      const read = await connection.get(slot, content.chunk, new Uint8Array(content.bytes.length), { signal });
      expect(Buffer.from(read).toString()).toBe('a letter');
      connection.close();
    }
    const { nodes } = await laptop.admin.listNodes({}, { signal });
    expect(nodes.map(({ state, storeState }) => [state, storeState])).toEqual([
      ['online', 'ready'],
      ['online', 'ready'],
    ]);
    expect(world.refusals.faults).toEqual([]);
  });
});
