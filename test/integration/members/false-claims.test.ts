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
import { contentOf, Household } from '../../support/household/household.js';
import { signal } from './support.js';

const PLEDGED_BYTES = 8_000_000;

let bob: Household;
let mallory: Household;
beforeAll(async () => {
  [bob, mallory] = await Promise.all([Household.found('bob', 2), Household.found('mallory', 1)]);
  await bob.befriend(mallory);
  await bob.sharedFolder('/shared', 1);
}, 60_000);
afterAll(async () => {
  for (const each of [bob, mallory]) await each?.close();
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

it('a member that says it keeps what is for own nodes alone is not believed, and is given no way to it', async () => {
  const [diary, photo] = [contentOf(200_000, 3), contentOf(200_000, 5)];
  await bob.put('/diary', diary);
  await bob.put('/shared/photo', photo);
  const [secret, shared] = [chunksOf(diary), chunksOf(photo)];
  expect((await offered([...secret, ...shared])).sources).toEqual([]);
  await claim([...secret, ...shared]);
  await bob.until('her log is known', async () => (await bob.client.copies.listPledges(signal)).received.length > 0);
  // What is unlike from the start is looked at without a wait.
  await bob.coordinator.stop();
  await bob.coordinator.start();
  await bob.until('both logs were compared', async () => (await bob.countsOn(mallory)).chunks > 0);
  expect((await offered(secret)).sources).toEqual([]);
  expect(await bob.countsOn(mallory)).toEqual({ bytes: photo.length, chunks: shared.length });
}, 60_000);

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

it('a client makes no file of chunks that only the coordinator of its own member says to have', async () => {
  const diary = contentOf(200_000, 7);
  const chunks = chunksOf(diary);
  await bob.put('/diary-2', diary);
  await bob.client.grants.give({ path: '/shared', member: 'mallory', rights: ['read', 'write'], lifeMs: 0 }, signal);
  const listener = await lying();
  const atBob = dialBob();
  try {
    const files = createClient(PeerFilesServiceDefinition, atBob);
    const { firstClient, material } = mallory.coordinator.founded;
    const { openUpload, commitFiles } = FilesServiceDefinition.methods;
    const ask = async (method: string, request: Uint8Array): Promise<Uint8Array> => {
      const call = { clientId: firstClient.clientId, clientKeyHash: keyHash(), method, request };
      for await (const { response } of files.forwardForClient(call, { signal })) return response;
      throw new Error('there was no answer');
    };
    const opening = { requestId: requestId(), copies: 0, expectedBytes: 1, path: '/shared' };
    const opened = await ask('OpenUpload', openUpload.requestType.encode(opening).finish());
    const { uploadId } = openUpload.responseType.decode(opened);
    let offsetBytes = 0;
    const extents = chunks.map((chunk) => {
      offsetBytes += chunk.lengthBytes;
      return { ...chunk, offsetBytes: offsetBytes - chunk.lengthBytes };
    });
    const nodeId = mallory.nodes[0]?.nodeId ?? '';
    const receipts = [{ nodeId, memberId: material.memberId, signedReceipt: new Uint8Array(64), chunks: [...chunks] }];
    const file = { ...EMPTY_FILE, path: '/shared/mine', sizeBytes: diary.length, extents };
    const commit = { requestId: requestId(), uploadId, files: [file], receipts };
    const answer = await ask('CommitFiles', commitFiles.requestType.encode(commit).finish());
    expect(commitFiles.responseType.decode(answer).outcomes.map(({ failure }) => failure?.code)).toEqual(['RECEIPT_INVALID']);
    expect((await offered(chunks)).sources).toEqual([]);
  } finally {
    atBob.close();
    await listener.close(0);
  }
}, 60_000);
