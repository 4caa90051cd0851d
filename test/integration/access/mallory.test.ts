import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isNodeId, LIMITS } from '../../../src/base/index.js';
import type { ChunkEntry } from '../../../src/chunks/index.js';
import { memberChannel } from '../../../src/client/calls/member-channel.js';
import {
  chunkListDigest,
  createSigner,
  fixedPeers,
  issueTicket,
  type KeyPair,
  type OwnCredentials,
} from '../../../src/identity/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import {
  type ChunkConnection,
  CopiesServiceDefinition,
  createClient,
  dialNode,
  FilesServiceDefinition,
  HoldingServiceDefinition,
  type NodeAccess,
  PeerFilesServiceDefinition,
  PeerServiceDefinition,
  type Receipt,
} from '../../../src/transport/index.js';
import { memberListRules } from './rules/member-lists.js';
import type { AccessClient, AccessWorld } from './support/access-world.js';
import { type MembersWorld, startMembers } from './support/members-world.js';
import { codeOf, EMPTY_FILE, onlyOutcome, requestId } from './support/requests.js';
import { type Content, commitOf, contentOf, keyHashOf, openData, portIn, readAccess, store } from './support/transfers.js';

const signal = new AbortController().signal;
const PATIENCE_MS = 240_000;
const CHUNK_BYTES = 64 * 1024;
const PLEDGED_BYTES = 4 * CHUNK_BYTES;

let members: MembersWorld;
/** Who is attacked, and whose coordinator is a program of its own. */
let bob: AccessWorld;
let mallory: AccessWorld;
let secret: Content;
/** What others know bob's nodes by. */
let trust: NodeAccess['trust'];

beforeAll(async () => {
  members = await startMembers();
  ({ bob, carol: mallory } = members);
  const copies = createClient(CopiesServiceDefinition, bob.client.channel);
  await copies.setPledge({ requestId: requestId(), member: 'carol', bytes: PLEDGED_BYTES }, { signal });
  for (const path of ['/secret', '/shared', '/shared/inbox', '/shared/read']) {
    const directory = { path, mode: 0o755, modified: undefined, makeParents: false, existOk: false };
    await bob.client.files.makeDirectories({ requestId: requestId(), directories: [directory] }, { signal });
  }
  const policy = { path: '/', copies: 1, minimumCopies: 1, spread: 'nodes' };
  await copies.setPolicy({ requestId: requestId(), ...policy }, { signal });
  secret = contentOf('what only bob may read');
  await store(bob, bob.client, '/secret/diary', secret, 1);
  await store(bob, bob.client, '/shared/read/old', contentOf('before'), 1);
  for (const [path, right] of [
    ['/shared/inbox', 'write'],
    ['/shared/read', 'read'],
  ] as const) {
    await bob.client.grants.giveGrant({ requestId: requestId(), path, member: 'carol', rights: [right], lifeMs: 0 }, { signal });
  }
  const targets = [{ path: '/shared/read/old', version: 0, offsetBytes: 0, lengthBytes: 0 }];
  for await (const { nodes } of remote().readFiles({ targets }, { signal })) ({ trust } = first(nodes));
}, PATIENCE_MS);

afterAll(() => members?.stop());

const coordinatorOf = (world: AccessWorld): OwnCredentials => {
  const { memberId, ca, coordinatorLeaf: leaf, coordinatorKeys } = world.founded.material;
  return { memberId, ca, leaf, privateKeyPem: coordinatorKeys.privateKeyPem };
};

/** As mallory's coordinator at bob's peer port. */
function atBob() {
  const { memberId, ca } = bob.founded.material;
  const peers = fixedPeers([{ memberId, ca, endpoints: [`127.0.0.1:${bob.peerPort}`] }]);
  return mallory.transport.connectPeer({ own: coordinatorOf(mallory), memberId, peers });
}

const holding = () => createClient(HoldingServiceDefinition, atBob());
const remote = (client: AccessClient = mallory.client) =>
  createClient(FilesServiceDefinition, memberChannel(client.channel, 'bob'));

const uploadId = (last: string): string => `${'a'.repeat(25)}${last}`;
const blob = (seed: number): Content => contentOf(`${seed}`.padEnd(CHUNK_BYTES, '.'));

async function place(upload: string, chunks: readonly ChunkEntry[]) {
  const clientKeyHash = keyHashOf(mallory.client);
  return holding().placeCopies({ uploadId: upload, clientKeyHash, chunks: [...chunks], avoidNodeIds: [] }, { signal });
}

/** The code of the last try, and the receipts of those before it. */
async function putAll(access: NodeAccess, contents: readonly Content[], own = mallory.client.own): Promise<readonly Receipt[]> {
  const connection = await open(access, own);
  try {
    const slot = await connection.presentTicket({ ticket: access.ticket, chunks: [] }, { signal });
    const receipts: Receipt[] = [];
    for (const { chunk, bytes } of contents) {
      await connection.put(slot, chunk, bytes, { signal });
      const signedReceipt = await connection.receipt(slot, [chunk], { signal });
      receipts.push({ nodeId: access.nodeId, signedReceipt, chunks: [chunk] });
    }
    return receipts;
  } finally {
    connection.close();
  }
}

/** At a node of bob's. */
async function open(access: NodeAccess, own = mallory.client.own): Promise<ChunkConnection> {
  const { memberId } = bob.founded.material;
  return dialNode({ own, network: createTlsNetwork(), ...mallory.ports }, { ...access, memberId, trust }, signal);
}

const first = (nodes: readonly NodeAccess[]): NodeAccess => {
  const [access] = nodes;
  if (access === undefined) throw new Error('a node was chosen');
  return access;
};

const accept = (upload: string, receipts: readonly Receipt[]) =>
  codeOf(
    holding().acceptCopies({ uploadId: upload, clientKeyHash: keyHashOf(mallory.client), receipts: [...receipts] }, { signal }),
  );

describe('a member that was pledged room', () => {
  it('gets no other chunk than its own by an id that it knows from a log', async () => {
    const upload = uploadId('a');
    const { placements, nodes } = await place(upload, [secret.chunk]);
    expect(placements[0]?.held).toBe(false);
    const connection = await open(first(nodes));
    const slot = await connection.presentTicket({ ticket: first(nodes).ticket, chunks: [] }, { signal });
    expect(await codeOf(connection.receipt(slot, [secret.chunk], { signal }))).toBe('CHUNK_UNKNOWN');
    connection.close();
    const located = await holding().locateCopies(
      { clientKeyHash: keyHashOf(mallory.client), chunks: [secret.chunk] },
      { signal },
    );
    expect(located).toEqual({ locations: [{ nodes: [], unknown: true }], nodes: [] });
    expect(await holding().releaseCopies({ chunkIds: [secret.chunk.chunkId] }, { signal })).toEqual({ released: 0 });
  });

  it('gets no more room by asking many times, or at once, or by leaving what it put unaccepted', async () => {
    const upload = uploadId('e');
    const one = blob(0);
    const asked = await Promise.all(Array.from({ length: 40 }, () => place(upload, [one.chunk])));
    const tickets = asked.flatMap(({ nodes }) => nodes);
    let stored = 0;
    for (const access of tickets) {
      stored += 1;
      const got = await codeOf(putAll(access, [blob(stored)]));
      if (got !== 'OK') stored -= 1;
    }
    expect(stored * CHUNK_BYTES).toBeLessThanOrEqual(4 * PLEDGED_BYTES);
  });

  it('puts nothing on record by receipts of other uploads, other keys, or with another chunk in them', async () => {
    const alice = members.alice;
    const copies = createClient(CopiesServiceDefinition, bob.client.channel);
    await copies.setPledge({ requestId: requestId(), member: 'carol', bytes: 64 * PLEDGED_BYTES }, { signal });
    const [upload, other] = [uploadId('i'), uploadId('m')];
    const mine = blob(1000);
    const { nodes } = await place(upload, [mine.chunk]);
    expect(await codeOf(putAll(first(nodes), [mine], alice.client.own))).toBe('TICKET_INVALID');
    const receipts = await putAll(first(nodes), [mine]);
    expect(await accept(other, receipts)).toBe('RECEIPT_INVALID');
    expect(
      await accept(
        upload,
        receipts.map((each) => ({ ...each, chunks: [secret.chunk] })),
      ),
    ).toBe('RECEIPT_INVALID');
    expect(
      await accept(
        upload,
        receipts.map((each) => ({ ...each, nodeId: mallory.nodes[0]?.nodeId ?? '' })),
      ),
    ).not.toBe('OK');
    expect(await accept(upload, Array.from({ length: 300 }, () => receipts).flat())).toBe('LIMIT_EXCEEDED');
    expect(await accept(upload, receipts)).toBe('OK');
    expect(
      await codeOf(
        place(
          upload,
          Array.from({ length: 513 }, () => mine.chunk),
        ),
      ),
    ).toBe('LIMIT_EXCEEDED');
  });
});

const path = (client: ReturnType<typeof remote>, at: string) => ({
  stat: () => codeOf(client.stat({ path: at }, { signal })),
  list: () => codeOf(client.listDirectory({ path: at, afterName: '', limit: 0 }, { signal })),
  read: (more: object = {}) =>
    codeOf(pages(client.readFiles({ targets: [{ path: at, version: 0, offsetBytes: 0, lengthBytes: 0, ...more }] }, { signal }))),
});
async function pages(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _page of stream);
}

describe('a client of another member', () => {
  it('sees nothing beside its grants, however the path is spelt', async () => {
    const client = remote();
    for (const at of [
      '/secret',
      '/secret/diary',
      '/secret//diary',
      '//secret/diary/',
      '/shared/inbox',
      '/secret/ diary',
      '/sécret/diary',
    ]) {
      expect([at, await path(client, at).read(), await path(client, at).stat()]).toEqual(
        at === '/shared/inbox' ? [at, 'PERMISSION_DENIED', 'OK'] : [at, 'PERMISSION_DENIED', 'PERMISSION_DENIED'],
      );
    }
    for (const at of [
      '/shared/read/../../secret/diary',
      '/shared/read/./old',
      'bob:/secret/diary',
      'carol:/x',
      'secret',
      '',
      '/shared/read/\0',
    ]) {
      expect([at, ['PATH_INVALID', 'NAME_INVALID', 'UNSUPPORTED', 'PERMISSION_DENIED']]).toEqual([
        at,
        expect.arrayContaining([await path(client, at).read()]),
      ]);
    }
  });

  it('reads no other file through a path that it may read', async () => {
    const client = remote();
    const info = await bob.client.files.stat({ path: '/secret/diary' }, { signal });
    const fileId = info.entry?.fileId ?? '';
    for (const more of [
      { fileId },
      { fileId, deletedToo: true },
      { fileId, version: 1, deletedToo: true },
      { atMs: 1, deletedToo: true },
    ]) {
      const found: string[] = [];
      const targets = [{ path: '/shared/read/old', version: 0, offsetBytes: 0, lengthBytes: 0, ...more }];
      const code = await codeOf(
        (async () => {
          for await (const { extents } of client.readFiles({ targets }, { signal }))
            for (const { chunkId } of extents) found.push(chunkId);
        })(),
      );
      expect([code, found.includes(secret.chunk.chunkId)]).toEqual([code, false]);
    }
  });

  it('makes no file of chunks that it has not sent', async () => {
    const client = remote();
    const { uploadId: upload } = await client.openUpload(
      { requestId: requestId(), copies: 0, expectedBytes: 10, path: '/shared/inbox' },
      { signal },
    );
    const { placements, nodes } = await client.placeChunks(
      { uploadId: upload, chunks: [secret.chunk], avoidNodeIds: [] },
      { signal },
    );
    expect(placements[0]?.heldBy).toEqual([]);
    const access = first(nodes);
    const connection = await open(access);
    const slot = await connection.presentTicket({ ticket: access.ticket, chunks: [] }, { signal });
    expect(await connection.held(slot, [secret.chunk], { signal })).toEqual([false]);
    expect(await codeOf(connection.receipt(slot, [secret.chunk], { signal }))).toBe('CHUNK_UNKNOWN');
    connection.close();
    expect(await onlyOutcome(client.commitFiles(commitOf('/shared/inbox/diary', secret, upload, []), { signal }))).toBe(
      'RECEIPT_INVALID',
    );
    const lists = { ...EMPTY_FILE, path: '/shared/inbox/diary', sizeBytes: secret.bytes.length, extentListIds: ['a'.repeat(52)] };
    expect(
      await onlyOutcome(
        client.commitFiles({ requestId: requestId(), uploadId: upload, files: [lists], receipts: [] }, { signal }),
      ),
    ).not.toBe('OK');
  });

  it('does nothing with uploads of others, and nothing to what was granted itself', async () => {
    const client = remote();
    const { uploadId: ofBob } = await bob.client.files.openUpload(
      { requestId: requestId(), copies: 1, expectedBytes: 10 },
      { signal },
    );
    expect(await codeOf(client.placeChunks({ uploadId: ofBob, chunks: [secret.chunk], avoidNodeIds: [] }, { signal }))).toBe(
      'UPLOAD_UNKNOWN',
    );
    expect(await codeOf(client.closeUpload({ requestId: requestId(), uploadId: ofBob, abandoned: true }, { signal }))).toBe(
      'UPLOAD_UNKNOWN',
    );
    const move = (fromPath: string, toPath: string) =>
      codeOf(client.moveEntry({ requestId: requestId(), fromPath, toPath, replace: true }, { signal }));
    expect(await move('/shared/inbox', '/shared/inbox2')).toBe('PERMISSION_DENIED');
    expect(await move('/secret/diary', '/shared/inbox/diary')).toBe('PERMISSION_DENIED');
    expect(await move('/shared/read/old', '/shared/inbox/old')).toBe('PERMISSION_DENIED');
    expect(await codeOf(client.removeEntry({ requestId: requestId(), path: '/shared/inbox', recursive: true }, { signal }))).toBe(
      'PERMISSION_DENIED',
    );
    const link = { path: '/shared/inbox/link', target: '/secret', modified: undefined, replace: false };
    await client.makeSymlinks({ requestId: requestId(), symlinks: [link] }, { signal });
    expect(await path(client, '/shared/inbox/link/diary').read()).toBe('PERMISSION_DENIED');
    const copy = { fromPath: '/secret/diary', toPath: '/shared/inbox/diary', version: 0, replace: false, makeParents: false };
    expect(await onlyOutcome(client.copyEntries({ requestId: requestId(), copies: [copy] }, { signal }))).not.toBe('OK');
  });

  it('is not taken for a client of the owner, whatever id its coordinator names, and gets no other method', async () => {
    const calls = createClient(PeerFilesServiceDefinition, atBob());
    const { stat } = FilesServiceDefinition.methods;
    const ask = (method: string, clientId: string, request = stat.requestType.encode({ path: '/secret/diary' }).finish()) =>
      codeOf(pages(calls.forwardForClient({ clientId, clientKeyHash: keyHashOf(bob.client), method, request }, { signal })));
    const ids = [bob.founded.firstClient.clientId, 'x', '', '../../..'];
    for (const id of ids) expect(['PERMISSION_DENIED', 'REQUEST_INVALID']).toContain(await ask('Stat', id));
    const [clientId = ''] = ids;
    for (const method of ['ListDeleted', 'RestoreEntry', 'PurgeEntry']) {
      expect([method, await ask(method, clientId, new Uint8Array())]).toEqual([method, 'PERMISSION_DENIED']);
    }
    const { requestType } = FilesServiceDefinition.methods.reportDamage;
    const copy = {
      chunkId: secret.chunk.chunkId,
      nodeId: bob.nodes[0]?.nodeId ?? '',
      code: 'CHUNK_DAMAGED',
      memberId: undefined,
    };
    const report = requestType.encode({ copies: [{ ...copy, path: '/secret/diary' }] }).finish();
    expect(await ask('ReportDamage', clientId, report)).toBe('PERMISSION_DENIED');
    for (const method of ['', '../AdminService/GetStatus', 'toString', '__proto__', 'stat'])
      expect(await ask(method, clientId)).toBe('UNSUPPORTED');
  });

  it('gets nothing at a node by the ticket of another client, nor at another node', async () => {
    const access = first(await readAccess(bob.client, '/secret/diary'));
    const present = async (connection: ChunkConnection): Promise<string> => {
      const code = await codeOf(connection.presentTicket({ ticket: access.ticket, chunks: [secret.chunk] }, { signal }));
      connection.close();
      return code;
    };
    expect(await present(await open(access))).toBe('TICKET_INVALID');
    expect(await present(await openData(mallory, mallory.client.own, mallory.nodes[0]?.port ?? 0))).toBe('TICKET_INVALID');
    expect(await present(await openData(bob, bob.client.own, portIn(access)))).toBe('OK');
  });
});

describe('a ticket for a client of another member', () => {
  /** For her client at bob's node, to read bob's diary. */
  const made = async (keys: KeyPair, expiresAtMs: number, origin = bob.founded.material.memberId): Promise<Uint8Array> => {
    const { nodeId } = first(await readAccess(bob.client, '/secret/diary'));
    if (!isNodeId(nodeId)) throw new Error('bob has a node');
    const ticket = {
      kind: 'read' as const,
      origin,
      nodeId,
      clientKeyHash: keyHashOf(mallory.client),
      expiresAtMs,
      ticketId: new Uint8Array(16),
      revocationPosition: 0,
      listDigest: chunkListDigest([secret.chunk], mallory.ports.hasher),
    };
    return issueTicket(ticket, createSigner(keys));
  };
  const shown = async (ticket: Uint8Array): Promise<string> => {
    const connection = await open(first(await readAccess(bob.client, '/secret/diary')));
    const code = await codeOf(connection.presentTicket({ ticket, chunks: [secret.chunk] }, { signal }));
    connection.close();
    return code;
  };

  it('is good until it ends, and not by the word of its own coordinator', async () => {
    const nowMs = mallory.ports.clock.nowMs();
    const { ticketKeys } = bob.founded.material;
    expect(await shown(await made(ticketKeys, nowMs + LIMITS.ticketLifeMs))).toBe('OK');
    expect(await shown(await made(ticketKeys, nowMs - LIMITS.clockSkewMs - 1))).toBe('TICKET_EXPIRED');
    const hers = mallory.founded.material;
    for (const origin of [hers.memberId, bob.founded.material.memberId])
      expect(await shown(await made(hers.ticketKeys, nowMs + LIMITS.ticketLifeMs, origin))).toBe('TICKET_INVALID');
  });
});

describe('a member whose copies are kept here', () => {
  it('has nodes look at no more copies in an hour than it may tell of', async () => {
    const { chunkId } = secret.chunk;
    const nodeId = bob.nodes[0]?.nodeId ?? '';
    const report = (length: number) =>
      codeOf(holding().reportCopies({ copies: Array.from({ length }, () => ({ chunkId, nodeId })) }, { signal }));
    for (let left = LIMITS.damageReports; left >= LIMITS.chunksPerCall; left -= LIMITS.chunksPerCall) {
      expect(await report(LIMITS.chunksPerCall)).toBe('OK');
    }
    expect(await report(LIMITS.chunksPerCall)).toBe('LIMIT_EXCEEDED');
  });
});

memberListRules({
  channel: atBob,
  owner: () => members.alice.founded.material.memberId,
  faults: () => bob.refusals.faults.map(({ message }) => message),
});

describe('memory of a coordinator that is told too much', () => {
  it('stays bounded, whatever twenty sessions at once say', async () => {
    const before = await bob.residentBytes();
    const peer = createClient(PeerServiceDefinition, atBob());
    const junk = new Uint8Array(900_000);
    const head = (n: number) => ({
      origin: n
        .toString(32)
        .replace(/[^a-v]/g, 'a')
        .padEnd(52, 'a'),
      epoch: 1,
      sequence: 2 ** 52,
      headerHash: new Uint8Array(32),
    });
    const flood = async function* (session: number) {
      const long = session % 4 === 0;
      yield {
        message: {
          $case: 'hello' as const,
          value: {
            protocolVersion: 1,
            bootId: `${session}`,
            softwareVersion: 'v'.repeat(long ? 500_000 : 10),
            endpoints: long ? Array.from({ length: 10_000 }, () => 'nowhere:1') : [],
          },
        },
      };
      for (let round = 0; round < 25; round += 1) {
        yield {
          message: {
            $case: 'frontier' as const,
            value: { heads: Array.from({ length: 1000 }, (_, n) => head(round * 1000 + n)) },
          },
        };
        yield {
          message: {
            $case: 'fork' as const,
            value: { origin: members.alice.founded.material.memberId, held: junk, other: new Uint8Array() },
          },
        };
        yield {
          message: { $case: 'blocks' as const, value: { origin: members.alice.founded.material.memberId, blocks: [junk] } },
        };
        yield { message: { $case: 'ping' as const, value: { nonce: round } } };
      }
    };
    const sessions = Array.from({ length: 20 }, (_, number) => pages(peer.session(flood(number), { signal })));
    await Promise.allSettled(sessions);
    expect(await codeOf(bob.client.files.stat({ path: '/' }, { signal }))).toBe('OK');
    const grown = (await bob.residentBytes()) - before;
    expect(grown).toBeLessThan(100e6);
  });
});
