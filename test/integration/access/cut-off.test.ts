import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memberChannel } from '../../../src/client/calls/member-channel.js';
import { isCollectiveError, type NodeId } from '../../../src/base/index.js';
import { chunkListDigest, createSigner, issueTicket } from '../../../src/identity/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import {
  type ChunkConnection,
  createClient,
  dialNode,
  FilesServiceDefinition,
  type NodeAccess,
  type ReadFilesResponse,
} from '../../../src/transport/index.js';
import { hasher } from '../../unit/identity/support.js';
import type { AccessClient, AccessWorld } from './support/access-world.js';
import { type MembersWorld, startMembers } from './support/members-world.js';
import { codeOf, EMPTY_FILE, requestId } from './support/requests.js';
import { type Content, contentOf, keyHashOf, send, store } from './support/transfers.js';

const signal = new AbortController().signal;
const PATIENCE_MS = 240_000;
const MINUTE_MS = 60_000;
const CLOCKS_DIFFER_MS = 2 * MINUTE_MS;
/** How many answers a stream has: far more than connections hold back for a reader who does not read. */
const PAGES = 16;
const EXTENTS_A_PAGE = 512;

let members: MembersWorld;
let alice: AccessWorld;
let bob: AccessWorld;
let carol: AccessWorld;
let letter: Content;
let diary: Content;

/** A file of one chunk again and again, which takes that many answers to tell of. */
async function storeLong(path: string, content: Content): Promise<void> {
  const { files } = bob.client;
  const { uploadId, receipts } = await send(bob, bob.client, content, 1);
  const { chunkId, lengthBytes } = content.chunk;
  const extentListIds: string[] = [];
  for (let page = 0; page < PAGES; page += 1) {
    const extents = Array.from({ length: EXTENTS_A_PAGE }, (_, index) => ({
      offsetBytes: (page * EXTENTS_A_PAGE + index) * lengthBytes,
      lengthBytes,
      chunkId,
    }));
    extentListIds.push(
      (await files.recordExtents({ requestId: requestId(), uploadId, extents, receipts }, { signal })).extentListId,
    );
  }
  const file = { ...EMPTY_FILE, path, sizeBytes: PAGES * EXTENTS_A_PAGE * lengthBytes, extentListIds };
  const { outcomes } = await files.commitFiles({ requestId: requestId(), uploadId, files: [file], receipts: [] }, { signal });
  expect(outcomes[0]?.failure).toBeUndefined();
}

const remote = (client: AccessClient) => createClient(FilesServiceDefinition, memberChannel(client.channel, 'bob'));
const target = (path: string) => ({ path, version: 0, offsetBytes: 0, lengthBytes: 0 });
const reading = (client: AccessClient, path: string): AsyncIterator<ReadFilesResponse> =>
  remote(client)
    .readFiles({ targets: [target(path)] }, { signal })
    [Symbol.asyncIterator]();
const grantTo = async (member: string, path: string): Promise<string> => {
  const asked = { requestId: requestId(), path, member, rights: ['read'], lifeMs: 0 };
  return (await bob.client.grants.giveGrant(asked, { signal })).grant?.grantId ?? '';
};

/** Takes all that there is; how many answers that was, and what ended it. */
async function rest(
  pages: AsyncIterator<unknown>,
): Promise<{ readonly count: number; readonly end: string; readonly why: string }> {
  let count = 0;
  try {
    while ((await pages.next()).done !== true) count += 1;
  } catch (error) {
    if (!isCollectiveError(error)) throw error;
    return { count, end: error.code, why: error.message };
  }
  return { count, end: 'OK', why: '' };
}

beforeAll(async () => {
  members = await startMembers(['attic', 'cellar']);
  ({ alice, bob, carol } = members);
  for (const path of ['/shared', '/private']) {
    const directory = { path, mode: 0o755, modified: undefined, makeParents: false, existOk: false };
    await bob.client.files.makeDirectories({ requestId: requestId(), directories: [directory] }, { signal });
  }
  letter = contentOf('a letter to alice');
  diary = contentOf('nothing for alice');
  await store(bob, bob.client, '/shared/letter', letter, 1);
  await store(bob, bob.client, '/private/diary', diary, 1);
  await storeLong('/shared/big', contentOf('bit by bit'));
}, PATIENCE_MS);

afterAll(() => members?.stop());

describe('a long read in the folder of another member', () => {
  it('comes whole while it is granted', async () => {
    const grant = await grantTo('alice', '/shared');
    expect(await rest(reading(alice.client, '/shared/big'))).toEqual({ count: PAGES, end: 'OK', why: '' });
    await bob.client.grants.withdrawGrant({ requestId: requestId(), grantId: grant }, { signal });
  });

  it('ends when the grant is withdrawn, and says that it is not granted', async () => {
    const grant = await grantTo('alice', '/shared');
    const pages = reading(alice.client, '/shared/big');
    expect((await pages.next()).done).toBe(false);
    await bob.client.grants.withdrawGrant({ requestId: requestId(), grantId: grant }, { signal });
    const { count, end, why } = await rest(pages);
    expect(end).toBe('PERMISSION_DENIED');
    expect(why).toContain('not granted');
    expect(count).toBeLessThan(PAGES - 1);
  });

  it('is cut when the member is suspended, and says that it is not admitted', async () => {
    await grantTo('alice', '/shared');
    const pages = reading(alice.client, '/shared/big');
    expect((await pages.next()).done).toBe(false);
    await bob.client.members.suspendMember({ requestId: requestId(), member: 'alice', note: '' }, { signal });
    const { count, end, why } = await rest(pages);
    expect(end).toBe('NOT_ADMITTED');
    expect(why).toMatch(/suspended|not admitted/);
    expect(count).toBeLessThan(PAGES - 1);
    await bob.client.members.reinstateMember({ requestId: requestId(), member: 'alice' }, { signal });
    await members.together();
  });
});

describe("a ticket of another member's coordinator", () => {
  let access: NodeAccess;
  let other: NodeAccess;
  const connections: ChunkConnection[] = [];

  /** At a node of bob's, as somebody's client. */
  async function at(node: NodeAccess, client: AccessClient): Promise<ChunkConnection> {
    const { memberId } = bob.founded.material;
    const connection = await dialNode(
      { own: client.own, network: createTlsNetwork(), ...alice.ports },
      { ...node, memberId, trust: access.trust },
      signal,
    );
    connections.push(connection);
    return connection;
  }
  const shown = async (connection: ChunkConnection, ticket: Uint8Array, content = letter): Promise<string> =>
    codeOf(connection.presentTicket({ ticket, chunks: [content.chunk] }, { signal }));

  beforeAll(async () => {
    await grantTo('carol', '/shared');
    const pages = reading(alice.client, '/shared/letter');
    const page = await pages.next();
    const [given] = page.done === true ? [] : page.value.nodes;
    if (given === undefined) throw new Error('the letter lies somewhere');
    access = given;
    const elsewhere = bob.nodes.find(({ nodeId }) => nodeId !== given.nodeId);
    if (elsewhere === undefined) throw new Error('bob has two nodes');
    other = { ...given, nodeId: elsewhere.nodeId, endpoints: [`127.0.0.1:${elsewhere.port}`] };
  });
  afterAll(() => {
    for (const connection of connections) connection.close();
  });

  it('opens to whom it was given what it was given for', async () => {
    expect(await shown(await at(access, alice.client), access.ticket)).toBe('OK');
  });

  it("is of no use to a third member's client, who may read the same file", async () => {
    expect(await shown(await at(access, carol.client), access.ticket)).toBe('TICKET_INVALID');
  });

  it('is of no use at another node', async () => {
    expect(await shown(await at(other, alice.client), access.ticket)).toBe('TICKET_INVALID');
  });

  it('is of no use for another file', async () => {
    expect(await shown(await at(access, alice.client), access.ticket, diary)).toBe('TICKET_INVALID');
    const connection = await at(access, alice.client);
    const slot = await connection.presentTicket({ ticket: access.ticket, chunks: [letter.chunk] }, { signal });
    expect(await codeOf(connection.get(slot, diary.chunk, new Uint8Array(100), { signal }))).toBe('PERMISSION_DENIED');
  });

  it('is of no use after its time', async () => {
    const { memberId: origin, ticketKeys } = bob.founded.material;
    const until = (expiresAtMs: number): Uint8Array =>
      issueTicket(
        {
          kind: 'read',
          origin,
          nodeId: access.nodeId as NodeId,
          clientKeyHash: keyHashOf(alice.client),
          expiresAtMs,
          ticketId: alice.ports.random.bytes(16),
          revocationPosition: 0,
          listDigest: chunkListDigest([letter.chunk], hasher),
        },
        createSigner(ticketKeys),
      );
    const connection = await at(access, alice.client);
    expect(await shown(connection, until(Date.now() + MINUTE_MS))).toBe('OK');
    expect(await shown(connection, until(Date.now() - CLOCKS_DIFFER_MS - 1000))).toBe('TICKET_EXPIRED');
  });
});
