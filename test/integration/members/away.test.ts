import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCollectiveError, LIMITS } from '../../../src/base/index.js';
import { NodeLocalFiles } from '../../../src/cli/local/node-local-files.js';
import { type AwayTree, CollectiveClient, createNodeDialler } from '../../../src/client/index.js';
import { memberChannel } from '../../../src/client/calls/member-channel.js';
import { fixedPeers } from '../../../src/identity/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import {
  createClient,
  dialNode,
  FilesServiceDefinition,
  HoldingServiceDefinition,
  PeerAdminServiceDefinition,
  type ReadFilesResponse,
} from '../../../src/transport/index.js';
import type { AccessWorld } from '../access/support/access-world.js';
import { type MembersWorld, startMembers } from '../access/support/members-world.js';
import { codeOf, requestId } from '../access/support/requests.js';
import { keyHashOf } from '../access/support/transfers.js';

const signal = new AbortController().signal;
const PATIENCE_MS = 240_000;
const PHOTO = new Uint8Array(Buffer.from('a photo of bob, which carol keeps too. '.repeat(5000)));
const SECRET = new Uint8Array(Buffer.from('what bob keeps with carol and shows to nobody'));
const SONG = new Uint8Array(Buffer.from('a song of bob, which alice and carol keep'));

let members: MembersWorld;
let alice: AccessWorld;
let bob: AccessWorld;
let carol: AccessWorld;
let client: CollectiveClient;
let headOfBob: number;
/** What everybody can know of bob's files from his log. */
const known = new Map<string, { readonly fileId: string; readonly version: number; readonly chunks: readonly Chunk[] }>();
const told: AwayTree[] = [];

interface Chunk {
  readonly chunkId: string;
  readonly lengthBytes: number;
}

function clientOf(world: AccessWorld): CollectiveClient {
  const { own } = world.client;
  return new CollectiveClient({
    ...world.ports,
    channel: world.transport.connect({ endpoints: [`127.0.0.1:${world.homePort}`], own }),
    openNode: createNodeDialler({ ...world.ports, own, network: createTlsNetwork() }),
    local: new NodeLocalFiles(world.ports),
    onAway: (tree) => told.push(tree),
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error('not in time');
    await alice.ports.timers.sleep(20, signal);
  }
}

/** As a member's coordinator, at a holder's peer port. */
const at = (holderWorld: AccessWorld, world: AccessWorld) => {
  const { memberId, ca, coordinatorLeaf: leaf, coordinatorKeys } = world.founded.material;
  const { privateKeyPem } = coordinatorKeys;
  const holder = holderWorld.founded.material;
  const peers = fixedPeers([{ memberId: holder.memberId, ca: holder.ca, endpoints: [`127.0.0.1:${holderWorld.peerPort}`] }]);
  const own = { memberId, ca, leaf, privateKeyPem };
  return createClient(HoldingServiceDefinition, world.transport.connectPeer({ own, memberId: holder.memberId, peers }));
};

const knownOf = (path: string) => {
  const file = known.get(path);
  if (file === undefined) throw new Error(`${path} was stored`);
  return file;
};

/** Asks a holder for the chunks of one of bob's files as parts of that file, or of another. */
async function ask(holder: AccessWorld, world: AccessWorld, path: string, as = path) {
  const { chunks } = knownOf(path);
  const { fileId, version } = knownOf(as);
  return at(holder, world).locateForReader(
    {
      owner: bob.founded.material.memberId,
      clientKeyHash: keyHashOf(world.client),
      versions: [{ fileId, version }],
      chunks: chunks.map((chunk) => ({ ...chunk, version: 0, extentListId: '' })),
    },
    { signal },
  );
}

async function write(writer: CollectiveClient, path: string, content: Uint8Array): Promise<void> {
  const bytes = (async function* () {
    yield content;
  })();
  const modified = { seconds: 1_700_000_000, nanoseconds: 0 };
  const report = await writer.write({ path, bytes, mode: 0o644, modified, copies: 0, signal });
  for (const { error } of report.failures) throw error;
  const targets = [{ path, version: 0, offsetBytes: 0, lengthBytes: 0 }];
  for await (const { files, extents } of bob.client.files.readFiles({ targets }, { signal })) {
    const { fileId = '', version = 0 } = files[0]?.info ?? {};
    known.set(path, { fileId, version, chunks: extents.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes })) });
  }
}

const remote = () => createClient(FilesServiceDefinition, memberChannel(alice.client.channel, 'bob'));
const grant = async (path: string, lifeMs = 0): Promise<string> =>
  (
    await bob.client.grants.giveGrant(
      { requestId: requestId(), path, member: 'alice', rights: ['read', 'write'], lifeMs },
      { signal },
    )
  ).grant?.grantId ?? '';

async function read(path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  await client.read(
    path,
    (bytes) => {
      parts.push(Buffer.from(bytes));
      return Promise.resolve();
    },
    { signal },
  );
  return Buffer.concat(parts);
}

async function pageOf(path: string): Promise<ReadFilesResponse> {
  const targets = [{ path, version: 0, offsetBytes: 0, lengthBytes: 0 }];
  for await (const page of remote().readFiles({ targets }, { signal })) return page;
  throw new Error('an answer has a page');
}

/** Alice's and carol's copies of bob's log hold all of it, and their views show it. */
async function untilKnown(): Promise<void> {
  const { log } = await bob.client.admin.getStatus({}, { signal });
  headOfBob = log?.headSequence ?? 0;
  for (const world of [alice, carol]) {
    await until(async () => {
      const { logs } = await createClient(PeerAdminServiceDefinition, world.client.channel).listPeers({}, { signal });
      return logs.some(({ origin, appliedSequence }) => origin === bob.founded.material.memberId && appliedSequence >= headOfBob);
    });
  }
}

beforeAll(async () => {
  members = await startMembers();
  ({ alice, bob, carol } = members);
  for (const path of ['/shared', '/private', '/brief', '/withdrawn', '/songs']) {
    const directory = { path, mode: 0o755, modified: undefined, makeParents: false, existOk: false };
    await bob.client.files.makeDirectories({ requestId: requestId(), directories: [directory] }, { signal });
  }
  const pledgedBy = async (world: AccessWorld): Promise<void> => {
    await world.client.copies.setPledge({ requestId: requestId(), member: 'bob', bytes: 1e9 }, { signal });
    const { memberId } = world.founded.material;
    await until(async () =>
      (await bob.client.copies.listPledges({}, { signal })).received.some((each) => each.memberId === memberId),
    );
  };
  const policy = (copies: number) =>
    bob.client.copies.setPolicy(
      { requestId: requestId(), path: '/', copies, minimumCopies: copies, spread: 'members' },
      { signal },
    );
  const writer = clientOf(bob);
  await pledgedBy(carol);
  await policy(2);
  await write(writer, '/shared/photo', PHOTO);
  await write(writer, '/private/secret', SECRET);
  await write(writer, '/brief/note', Buffer.from('granted for a moment'));
  await write(writer, '/withdrawn/note', Buffer.from('granted no more'));
  await pledgedBy(alice);
  await policy(3);
  await write(writer, '/songs/song', SONG);
  writer.close();
  await grant('/shared');
  await grant('/songs');
  const withdrawn = await grant('/withdrawn');
  await grant('/brief', 1);
  await bob.client.grants.withdrawGrant({ requestId: requestId(), grantId: withdrawn }, { signal });
  await untilKnown();
  client = clientOf(alice);
  await bob.stop();
}, PATIENCE_MS);

let carolStopped = false;
afterAll(async () => {
  client?.close();
  await Promise.all([alice?.stop(), carolStopped ? undefined : carol?.stop()]);
});

describe('the tree of a member whose coordinator and nodes are away', () => {
  it('is read whole where it is granted, from who keeps a copy, and says as of when it is known', async () => {
    expect((await read('bob:/shared/photo')).equals(PHOTO)).toBe(true);
    expect(client.awayTrees).toEqual(told);
    expect(told).toEqual([
      {
        member: 'bob',
        memberId: bob.founded.material.memberId,
        epoch: 1,
        sequence: headOfBob,
        timeMs: expect.any(Number),
        heardMs: expect.any(Number),
        frozen: undefined,
      },
    ]);
    const [tree] = told;
    expect(Math.abs((tree?.heardMs ?? 0) - Date.now())).toBeLessThan(PATIENCE_MS);
    const names: string[] = [];
    for await (const { path } of client.list('bob:/', signal)) names.push(path);
    expect(names).toEqual(['bob:/shared', 'bob:/songs']);
    const found: string[] = [];
    for await (const { path } of client.tree.find('bob:/', {}, signal)) found.push(path);
    expect(found).toEqual(['bob:/shared', 'bob:/shared/photo', 'bob:/songs', 'bob:/songs/song']);
    expect((await client.stat('bob:/shared/photo', signal)).bytes).toBe(PHOTO.length);
    expect((await client.files.statWithUsage('bob:/shared', signal)).usage).toMatchObject({ files: 1, bytes: PHOTO.length });
    const holders: string[] = [];
    for await (const located of client.tree.locate('bob:/shared/photo', { withChunks: false, recursive: false }, signal)) {
      if (located.kind === 'file') holders.push(...located.nodes.map(({ name, state }) => `${name} ${state}`));
    }
    expect(holders.toSorted()).toEqual(['attic unreachable', 'carol online']);
  });

  it('shows nothing without a grant, whether it is there or not: not what was withdrawn, nor what has ended', async () => {
    for (const path of ['/private', '/private/secret', '/nothing', '/withdrawn', '/brief']) {
      const ended = 'You may not read bob:/brief any more: what was granted to you ended ';
      const message =
        path === '/brief' ? expect.stringContaining(ended) : `You may not read bob:${path}: it is not granted to you.`;
      const refused = { code: 'PERMISSION_DENIED', message: message as string };
      await expect(client.stat(`bob:${path}`, signal), path).rejects.toMatchObject(refused);
      expect(await codeOf(remote().listDirectory({ path, afterName: '', limit: 0 }, { signal })), path).toBe('PERMISSION_DENIED');
      expect(await codeOf(pageOf(path)), path).toBe('PERMISSION_DENIED');
    }
  });

  it('says with an error too as of when that is known', async () => {
    const seen: unknown[] = [];
    const channel = memberChannel(alice.client.channel, 'bob', {
      answered: () => undefined,
      failed: (error) => {
        if (isCollectiveError(error)) seen.push(error.details['knownOf'], error.details['knownSequence']);
        return error;
      },
    });
    expect(await codeOf(createClient(FilesServiceDefinition, channel).stat({ path: '/private' }, { signal }))).toBe(
      'PERMISSION_DENIED',
    );
    expect(seen).toEqual(['bob', headOfBob]);
  });

  it('is not written, and that is said', async () => {
    const directory = { path: '/shared/new', mode: 0o755, modified: undefined, makeParents: false, existOk: false };
    const attempt = remote().makeDirectories({ requestId: requestId(), directories: [directory] }, { signal });
    await expect(attempt).rejects.toMatchObject({
      code: 'COORDINATOR_UNREACHABLE',
      message: 'The coordinator of bob is away: its tree can only be read now, as far as it is known here.',
      next: expect.stringContaining('once bob is back'),
    });
    expect(
      await codeOf(remote().removeEntry({ requestId: requestId(), path: '/shared/photo', recursive: false }, { signal })),
    ).toBe('COORDINATOR_UNREACHABLE');
  });
});

describe('a holder of copies', () => {
  it('gives only chunks of files that the reader may read by the log of their owner', async () => {
    const given = await ask(carol, alice, '/shared/photo');
    expect(given.locations.map(({ nodes }) => nodes)).toEqual(knownOf('/shared/photo').chunks.map(() => [0]));
    for (const [path, as] of [
      ['/private/secret', '/private/secret'],
      ['/private/secret', '/shared/photo'],
      ['/brief/note', '/brief/note'],
      ['/withdrawn/note', '/withdrawn/note'],
    ] as const) {
      const refused = await ask(carol, alice, path, as);
      expect(refused, path).toEqual({ locations: [{ nodes: [], unknown: false, refused: true }], nodes: [] });
    }
    const { fileId } = knownOf('/shared/photo');
    const never = { fileId, version: 7 };
    const [chunk] = knownOf('/shared/photo').chunks;
    const owner = bob.founded.material.memberId;
    const clientKeyHash = keyHashOf(alice.client);
    const chunks = [{ chunkId: chunk?.chunkId ?? '', lengthBytes: chunk?.lengthBytes ?? 0, version: 0, extentListId: '' }];
    const other = await at(carol, alice).locateForReader({ owner, clientKeyHash, versions: [never], chunks }, { signal });
    expect(other.locations).toEqual([{ nodes: [], unknown: false, refused: true }]);
    // What is granted to alice is not for her to have as if it were hers.
    const asOwn = await at(carol, alice).locateCopies(
      { clientKeyHash, chunks: [...knownOf('/shared/photo').chunks] },
      { signal },
    );
    expect(asOwn.nodes).toEqual([]);
  });

  it('gives a ticket that no other client can use, and for no other chunk', async () => {
    const { nodes } = await ask(carol, alice, '/shared/photo');
    const [access] = nodes;
    if (access === undefined) throw new Error('carol has a node');
    const { memberId, ca } = carol.founded.material;
    const page = await pageOf('/shared/photo');
    const trust = page.nodes.find((node) => node.memberId === memberId)?.trust;
    expect(ca.der).toEqual(trust?.cas[0]?.certificate);
    const open = (own = alice.client.own) =>
      dialNode({ own, network: createTlsNetwork(), ...alice.ports }, { ...access, memberId, trust }, signal);
    const { chunks } = knownOf('/shared/photo');
    const list = chunks.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes })) as never[];
    const stranger = await open(await alice.redeem('client', 'tablet'));
    expect(await codeOf(stranger.presentTicket({ ticket: access.ticket, chunks: list }, { signal }))).toBe('TICKET_INVALID');
    stranger.close();
    const connection = await open();
    const secret = knownOf('/private/secret').chunks as never[];
    expect(await codeOf(connection.presentTicket({ ticket: access.ticket, chunks: secret }, { signal }))).toBe('TICKET_INVALID');
    const slot = await connection.presentTicket({ ticket: access.ticket, chunks: list }, { signal });
    const into = new Uint8Array(SECRET.length);
    const [chunk] = secret;
    if (chunk === undefined) throw new Error('the secret has a chunk');
    expect(await codeOf(connection.get(slot, chunk, into, { signal }))).toBe('PERMISSION_DENIED');
    connection.close();
  });

  it('gives nothing to a member to whom nothing is granted, nor of the own tree this way', async () => {
    // Bob asks for his own otherwise, and carol keeps a copy without being let read it.
    expect(await codeOf(ask(carol, bob, '/shared/photo'))).toBe('PERMISSION_DENIED');
    expect(await codeOf(ask(alice, carol, '/songs/song'))).toBe('PERMISSION_DENIED');
    const own = { owner: carol.founded.material.memberId, clientKeyHash: keyHashOf(alice.client), versions: [], chunks: [] };
    expect(await codeOf(at(carol, alice).locateForReader(own, { signal }))).toBe('REQUEST_INVALID');
    const unknown = { ...own, owner: 'a'.repeat(52) };
    expect(await codeOf(at(carol, alice).locateForReader(unknown, { signal }))).toMatch(/^(REQUEST_INVALID|PERMISSION_DENIED)$/);
  });
});

describe('a reader', () => {
  it('has as much looked up as anybody can read, and is told when to go on', async () => {
    const holder = at(carol, alice);
    const { fileId, version } = knownOf('/shared/photo');
    const [chunk] = knownOf('/shared/photo').chunks;
    const chunks = Array.from({ length: LIMITS.chunksPerCall }, (_, index) => ({
      chunkId: chunk?.chunkId ?? '',
      lengthBytes: chunk?.lengthBytes ?? 0,
      version: index,
      extentListId: index.toString(16).padStart(64, '0'),
    }));
    const request = {
      owner: bob.founded.material.memberId,
      clientKeyHash: keyHashOf(alice.client),
      versions: chunks.map(() => ({ fileId, version })),
      chunks,
    };
    const costs = LIMITS.chunksPerCall * 12;
    const ask = (): Promise<string> => codeOf(holder.locateForReader(request, { signal }));
    const begunMs = performance.now();
    // All at once, and what comes back while it is asked.
    const most = (): number => LIMITS.readerLookUps * (1 + (performance.now() - begunMs) / LIMITS.readerLookUpsMs);
    for (let asked = 0; (await ask()) !== 'LIMIT_EXCEEDED'; asked += costs) expect(asked).toBeLessThan(most());
    await expect(holder.locateForReader(request, { signal })).rejects.toMatchObject({
      next: expect.stringContaining('Go on in'),
    });
  });
});

describe('copies that the reader keeps itself', () => {
  it('are read from its own nodes when nobody else is there; of the rest it is said who has it', async () => {
    carolStopped = true;
    await carol.stop();
    expect((await read('bob:/songs/song')).equals(SONG)).toBe(true);
    const { extents } = await pageOf('/shared/photo');
    expect(extents[0]).toMatchObject({ nodes: [], holderNames: [], awayNames: ['bob', 'carol'] });
  });
});
