import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChunkId, type NodeId, ok, type UploadId } from '../../../src/base/index.js';
import { chunkIdOf, splitFile } from '../../../src/chunks/index.js';
import { CommandLoop } from '../../../src/coordinator/commands/command-loop.js';
import { openMember } from '../../../src/coordinator/open-member.js';
import { createSigner, fixedPeers, type OwnCredentials } from '../../../src/identity/index.js';
import {
  createClient,
  FilesServiceDefinition,
  HoldingServiceDefinition,
  PeerFilesServiceDefinition,
  serve,
} from '../../../src/transport/index.js';
import { NodeHasher } from '../../../src/runtime/index.js';
import { EMPTY_FILE, requestId } from '../access/support/requests.js';
import { Household } from '../../support/household/household.js';
import { signal } from './support.js';

const PLEDGED_BYTES = 8_000_000;

/** Carol keeps it. */
const letter = randomBytes(200_000);
let bob: Household;
let mallory: Household;
let carol: Household;
beforeAll(async () => {
  [bob, mallory, carol] = await Promise.all([
    Household.found('bob', 2),
    Household.found('mallory', 1),
    Household.found('carol', 1),
  ]);
  await bob.befriend(mallory);
  await bob.befriend(carol);
  await carol.pledgeTo(bob, PLEDGED_BYTES);
  await bob.sharedFolder('/shared', 1);
  await bob.sharedFolder('/kept', 2);
  await bob.put('/kept/letter', letter);
  await bob.client.grants.give({ path: '/shared', member: 'mallory', rights: ['read', 'write'], lifeMs: 0 }, signal);
});
afterAll(async () => {
  for (const each of [bob, mallory, carol]) await each?.close();
});

type Chunk = { readonly chunkId: ChunkId; readonly lengthBytes: number };

const chunksOf = (content: Uint8Array): readonly Chunk[] =>
  [...splitFile(content.length)].map(({ offset, length }) => ({
    chunkId: chunkIdOf(new NodeHasher(), content.subarray(offset, offset + length)),
    lengthBytes: length,
  }));

/** Her log says that she keeps these for bob, of whom she has nothing: ids and lengths are in his log, which everybody has. */
async function claim(chunks: readonly Chunk[]): Promise<void> {
  const { coordinator } = mallory;
  const { directory, ports, founded } = coordinator;
  await coordinator.stop();
  const logSigners = [createSigner(founded.material.logKeys)];
  const { log, views } = await openMember({ directory, origin: founded.material.memberId, logSigners, ports, signal });
  const commands = new CommandLoop({ log, views, ...ports });
  await commands.submit({
    actor: 'coordinator',
    request: undefined,
    decide: () =>
      ok([
        {
          type: 'ForeignCopiesAccepted' as const,
          origin: bob.coordinator.founded.material.memberId,
          uploadId: 'b'.repeat(25).concat('a') as UploadId,
          nodeIds: mallory.nodes.map(({ nodeId }) => nodeId as NodeId),
          chunks: chunks.map((chunk) => ({ ...chunk, holders: [0] })),
        },
        { type: 'PledgeChanged' as const, memberId: bob.coordinator.founded.material.memberId, bytes: PLEDGED_BYTES },
      ]),
    answer: () => undefined,
  });
  await commands.stop();
  await views.flush();
  await views.close();
  await log.close();
  await coordinator.start();
}

function herself(): OwnCredentials {
  const { memberId, ca, coordinatorLeaf, coordinatorKeys } = mallory.coordinator.founded.material;
  return { memberId, ca, leaf: coordinatorLeaf, privateKeyPem: coordinatorKeys.privateKeyPem };
}
const peersOfHers = () => fixedPeers([{ ...bob.coordinator.founded.material, endpoints: [bob.coordinator.peerEndpoint] }]);
const keyHash = (): Uint8Array => new NodeHasher().sha256(new Uint8Array(mallory.coordinator.founded.firstClient.keys.publicKey));
const dialBob = () => {
  const { memberId } = bob.coordinator.founded.material;
  return mallory.coordinator.transport.connectPeer({ own: herself(), memberId, peers: peersOfHers() });
};

async function offered(chunks: readonly Chunk[]) {
  const atBob = dialBob();
  const nodeKeyHash = keyHash();
  try {
    return await createClient(HoldingServiceDefinition, atBob).offerSources({ nodeKeyHash, chunks: [...chunks] }, { signal });
  } finally {
    atBob.close();
  }
}

it('a member is believed to keep only what it shows, and is given no way to anything else', async () => {
  const [diary, photo, unknown] = [randomBytes(200_000), randomBytes(200_000), randomBytes(1_000)];
  await bob.put('/diary', diary);
  await bob.put('/shared/photo', photo);
  const claimed = [...chunksOf(diary), ...chunksOf(photo)];
  expect((await offered(claimed)).sources).toEqual([]);
  await claim([...claimed, ...chunksOf(unknown)]);
  await bob.until('her log is known', async () => (await bob.client.copies.listPledges(signal)).received.length > 1);
  // What is unlike from the start is looked at without a wait.
  await bob.coordinator.stop();
  await bob.coordinator.start();
  // What no file has is given up once the rest was looked at.
  await mallory.until('both logs were compared', async () => (await mallory.events('ForeignCopiesReleased')) > 0);
  expect(await bob.countsOn(mallory)).toEqual({ bytes: 0, chunks: 0 });
  expect((await offered(claimed)).sources).toEqual([]);
});

/** What her coordinator says to who asks it to take receipts of her nodes, which it does not look at. */
async function lying() {
  const { coordinator } = mallory;
  const never = (): never => {
    throw new Error('she is not asked that');
  };
  await coordinator.stop();
  return coordinator.transport.listen({
    kind: 'peer',
    host: '127.0.0.1',
    port: Number(coordinator.peerEndpoint.split(':').at(-1)),
    own: herself(),
    peers: peersOfHers(),
    logger: coordinator.ports.logger,
    services: [
      serve(HoldingServiceDefinition, {
        acceptCopies: () => Promise.resolve({}),
        placeCopies: never,
        locateCopies: never,
        locateForReader: never,
        reportCopies: never,
        releaseCopies: never,
        fetchCopies: never,
        offerSources: never,
      }),
    ],
  });
}

/** What becomes of a commit to /shared by her client, whose receipts are of a node of that member and in no way signed. */
async function committedBy(holder: Household, chunks: readonly Chunk[]): Promise<string | undefined> {
  const atBob = dialBob();
  try {
    const files = createClient(PeerFilesServiceDefinition, atBob);
    const { clientId } = mallory.coordinator.founded.firstClient;
    const { openUpload, commitFiles } = FilesServiceDefinition.methods;
    const ask = async (method: string, request: Uint8Array): Promise<Uint8Array> => {
      const call = { clientId, clientKeyHash: keyHash(), method, request };
      for await (const { response } of files.forwardForClient(call, { signal })) return response;
      throw new Error('there was no answer');
    };
    const opening = { requestId: requestId(), copies: 0, expectedBytes: 1, path: '/shared' };
    const opened = await ask('OpenUpload', openUpload.requestType.encode(opening).finish());
    const { uploadId } = openUpload.responseType.decode(opened);
    let sizeBytes = 0;
    const extents = chunks.map((chunk) => {
      sizeBytes += chunk.lengthBytes;
      return { ...chunk, offsetBytes: sizeBytes - chunk.lengthBytes };
    });
    const nodeId = holder.nodes[0]?.nodeId ?? '';
    const receipts = [{ nodeId, memberId: holder.memberId, signedReceipt: new Uint8Array(64), chunks: [...chunks] }];
    const file = { ...EMPTY_FILE, path: `/shared/${requestId()}`, sizeBytes, extents };
    const commit = { requestId: requestId(), uploadId, files: [file], receipts };
    const answer = await ask('CommitFiles', commitFiles.requestType.encode(commit).finish());
    return commitFiles.responseType.decode(answer).outcomes[0]?.failure?.code;
  } finally {
    atBob.close();
  }
}

it('a client makes no file of chunks that only the coordinator of its own member says to have', async () => {
  const [diary, later] = [randomBytes(200_000), randomBytes(200_000)];
  await bob.put('/diary-2', diary);
  const listener = await lying();
  try {
    expect(await committedBy(mallory, chunksOf(diary))).toBe('RECEIPT_INVALID');
    expect((await offered(chunksOf(diary))).sources).toEqual([]);
    // Somebody else's log names it, and bob will have it one day.
    expect(await committedBy(mallory, chunksOf(later))).toBe('RECEIPT_INVALID');
    await bob.put('/from-a-friend', later);
    expect((await offered(chunksOf(later))).sources).toEqual([]);
  } finally {
    await listener.close(0);
    await mallory.coordinator.start();
  }
});

it('a client makes no file of chunks that a third member keeps, without that one having had them of it', async () => {
  expect((await bob.countsOn(carol)).bytes).toBe(letter.length);
  expect(await committedBy(carol, chunksOf(letter))).toBe('RECEIPT_INVALID');
});
