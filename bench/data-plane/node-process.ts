import { mkdir } from 'node:fs/promises';
import { accept, CollectiveError, type MemberId, type NodeId } from '../../src/base/index.js';
import { createChunkStore, openChunkStore, type ChunkStore } from '../../src/chunks/index.js';
import { certificatesOfPem, createSigner, generateKeyPair, openCa, publicKeyOf, verifyLeaf } from '../../src/identity/index.js';
import {
  createLogger,
  createTlsNetwork,
  LevelKeyValueStores,
  NodeFileSystem,
  NodeHasher,
  NodeSignatureVerifier,
  SystemClock,
  SystemRandom,
  SystemTimers,
} from '../../src/runtime/index.js';
import { ChunkServer } from '../../src/transport/chunk-protocol/index.js';
import { createStoreHandler } from '../../test/unit/chunk-protocol/store-handler.js';
import { cpuSeconds, type FromNode, type NodeStart, type ToNode } from './messages.js';

// A node's data side, and nothing else of a node: the store behind the chunk protocol.
const hasher = new NodeHasher();
const clock = new SystemClock();
const timers = new SystemTimers();
const answer = (message: FromNode): void => {
  process.send?.(message);
};

async function serve(start: NodeStart): Promise<ChunkStore> {
  const logger = await createLogger({ level: 'warn' });
  await mkdir(start.root, { recursive: true });
  const options = {
    root: start.root,
    fileSystem: new NodeFileSystem(),
    keyValueStores: new LevelKeyValueStores(),
    hasher,
    clock,
    timers,
    logger,
    capacityBytes: 100e9,
  };
  await createChunkStore(options);
  const store = await openChunkStore(options, new AbortController().signal);
  const ca = accept(openCa(accept(certificatesOfPem(start.credentials.trustedCa))[0] ?? new Uint8Array(0)));
  const handler = createStoreHandler({
    store,
    clock,
    hasher,
    logger,
    nodeId: start.nodeId as NodeId,
    signer: createSigner(generateKeyPair(new SystemRandom(), hasher)),
    verifier: new NodeSignatureVerifier(),
    ticketKeys: () => [publicKeyOf(Buffer.from(start.ticketPublicKey, 'hex'), hasher)],
    clientKeyHash: ({ leaf }) => {
      const verified = verifyLeaf(leaf, { ca, memberId: start.memberId as MemberId, nowMs: clock.nowMs(), roles: ['client'] });
      if (!verified.ok) throw verified.error;
      return verified.value.publicKeyHash;
    },
  });
  const server = new ChunkServer({ handler, clock, timers, logger });
  const listener = await createTlsNetwork().listen(
    {
      host: '127.0.0.1',
      port: 0,
      credentials: { ...start.credentials, verifyPeer: () => undefined },
      connectionsMax: 16,
      handshakeTimeoutMs: 5000,
    },
    server.accept,
  );
  answer({ kind: 'listening', port: listener.port });
  return store;
}

let store: Promise<ChunkStore> | undefined;

async function onMessage(message: ToNode): Promise<void> {
  if (message.kind === 'start') {
    store = serve(message.start);
    await store;
  } else if (message.kind === 'cpu') {
    answer({ kind: 'cpu', cpuSeconds: cpuSeconds(), peakRssBytes: process.resourceUsage().maxRSS * 1024 });
  } else {
    await (await store)?.close();
    process.exit(0);
  }
}

process.on('message', (message: ToNode) => {
  onMessage(message).catch((error: unknown) => {
    console.error(error instanceof CollectiveError ? `${error.code}: ${error.message}` : error);
    process.exit(1);
  });
});
