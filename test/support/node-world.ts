import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accept } from '../../src/base/index.js';
import { chunkIdOf, createChunkStore, type ChunkEntry } from '../../src/chunks/index.js';
import {
  chunkListDigest,
  createSigner,
  issueTicket,
  tlsCredentials,
  verifyLeaf,
  type OwnCredentials,
  type PutTicket,
  type ReadTicket,
} from '../../src/identity/index.js';
import { createNode, type NodeOptions, type NodeWorld, type SmallFile, type StorageNode } from '../../src/node/index.js';
import { createTlsNetwork, LevelKeyValueStores, NodeFileSystem } from '../../src/runtime/index.js';
import { ChunkConnection, type TicketSlot } from '../../src/transport/index.js';
import {
  CLIENT_ID,
  coordinatorOf,
  createMember,
  hasher,
  NODE_ID,
  nodeOf,
  type TestMember,
  UPLOAD_ID,
  verifier,
} from '../unit/identity/support.js';
import { FailingFileSystem } from './failing-file-system.js';
import { FakeCoordinator, forever, random, timers, clock, transport } from './fake-sessions.js';
import { MemoryLogger, ownCredentials } from './rpc.js';

const network = createTlsNetwork({ useOnread: 'auto' });

export interface TestNode {
  readonly node: StorageNode;
  readonly port: number;
  readonly options: NodeOptions;
  readonly logger: MemoryLogger;
}

export class MemoryFile implements SmallFile {
  bytes: Uint8Array | undefined;

  async read(): Promise<Uint8Array | undefined> {
    return this.bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.bytes = bytes.slice();
  }
}

/** One member with a coordinator and a node on real disks and sockets. */
export class NodeBench {
  readonly member: TestMember;
  readonly coordinator: FakeCoordinator;
  readonly nodeOwn: OwnCredentials;
  readonly client: OwnCredentials;
  readonly folder: string;
  readonly file = new MemoryFile();
  readonly logger = new MemoryLogger();
  readonly disk = new FailingFileSystem(new NodeFileSystem());
  readonly #closers: (() => unknown)[] = [];

  private constructor(fields: {
    readonly member: TestMember;
    readonly coordinator: FakeCoordinator;
    readonly nodeOwn: OwnCredentials;
    readonly client: OwnCredentials;
    readonly folder: string;
  }) {
    this.member = fields.member;
    this.coordinator = fields.coordinator;
    this.nodeOwn = fields.nodeOwn;
    this.client = fields.client;
    this.folder = fields.folder;
  }

  static async create(): Promise<NodeBench> {
    const member = await createMember('node bench', Date.now() - 60_000);
    const coordinator = new FakeCoordinator(await ownCredentials(member, coordinatorOf(member)));
    const nodeOwn = await ownCredentials(member, nodeOf(member));
    const client = await ownCredentials(member, { role: 'client', memberId: member.memberId, clientId: CLIENT_ID });
    const folder = await mkdtemp(join(tmpdir(), 'collective-node-'));
    await coordinator.reserve();
    const bench = new NodeBench({ member, coordinator, nodeOwn, client, folder });
    await mkdir(bench.storePath);
    await createChunkStore({
      root: bench.storePath,
      fileSystem: bench.world.fileSystem,
      keyValueStores: bench.world.keyValueStores,
    });
    return bench;
  }

  get storePath(): string {
    return join(this.folder, 'store');
  }

  get world(): NodeWorld {
    return {
      fileSystem: this.disk,
      keyValueStores: new LevelKeyValueStores(),
      network,
      transport,
      clock,
      timers,
      random,
      hasher,
      verifier,
      logger: this.logger,
    };
  }

  async startNode(changes: Partial<NodeOptions> = {}): Promise<TestNode> {
    const options: NodeOptions = {
      own: this.nodeOwn,
      name: 'attic',
      homeEndpoints: [this.coordinator.endpoint],
      host: '127.0.0.1',
      port: 0,
      failureDomain: 'house',
      softwareVersion: '0.1.0',
      storePath: this.storePath,
      capacityBytes: 1024 * 1024 * 1024,
      reserveBytes: 0,
      coordinatorFile: this.file,
      ...changes,
    };
    const node = createNode(options, this.world);
    this.#closers.push(() => node.stop());
    const { port } = await node.start(forever);
    return { node, port, options, logger: this.logger };
  }

  async connect(port: number, own = this.client): Promise<ChunkConnection> {
    const stream = await network.connect({
      host: '127.0.0.1',
      port,
      credentials: tlsCredentials(own, ['node'], clock),
      timeoutMs: 30_000,
      signal: forever,
    });
    const connection = await ChunkConnection.open({ stream, hasher, clock, timers }, forever);
    this.#closers.push(() => {
      connection.close();
    });
    return connection;
  }

  keyHashOf(own: OwnCredentials): Uint8Array {
    const check = { ca: own.ca, memberId: own.memberId, nowMs: Date.now() };
    return accept(verifyLeaf(own.leaf, check)).publicKeyHash;
  }

  putTicket(changes: Partial<PutTicket> = {}, keys = this.coordinator.ticketKeys): Uint8Array {
    const ticket: PutTicket = {
      ...this.#common(),
      kind: 'put',
      uploadId: UPLOAD_ID,
      byteBudget: 64 * 1024 * 1024,
      ...changes,
    };
    return issueTicket(ticket, createSigner(keys));
  }

  readTicket(chunks: readonly ChunkEntry[], changes: Partial<ReadTicket> = {}): Uint8Array {
    const ticket: ReadTicket = { ...this.#common(), kind: 'read', listDigest: chunkListDigest(chunks, hasher), ...changes };
    return issueTicket(ticket, createSigner(this.coordinator.ticketKeys));
  }

  /** Puts chunks and gets a receipt for them, under a ticket of the origin. */
  async store(
    connection: ChunkConnection,
    contents: readonly Uint8Array[],
    origin = this.member.memberId,
  ): Promise<ChunkEntry[]> {
    const slot = await connection.presentTicket({ ticket: this.putTicket({ origin }), chunks: [] }, { signal: forever });
    const chunks = contents.map(entryOf);
    for (const [index, chunk] of chunks.entries()) {
      await connection.put(slot, chunk, contents[index] ?? new Uint8Array(), { signal: forever });
    }
    await connection.receipt(slot, chunks, { signal: forever });
    connection.releaseTicket(slot);
    return chunks;
  }

  readSlot(connection: ChunkConnection, chunks: readonly ChunkEntry[], changes: Partial<ReadTicket> = {}): Promise<TicketSlot> {
    return connection.presentTicket({ ticket: this.readTicket(chunks, changes), chunks }, { signal: forever });
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.coordinator.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  #common() {
    return {
      origin: this.member.memberId,
      nodeId: NODE_ID,
      clientKeyHash: this.keyHashOf(this.client),
      expiresAtMs: Date.now() + 600_000,
      ticketId: random.bytes(16),
      revocationPosition: 0,
    };
  }
}

export const entryOf = (bytes: Uint8Array): ChunkEntry => ({ chunkId: chunkIdOf(hasher, bytes), lengthBytes: bytes.length });

/** Bytes that are the same for the same seed and different for another. */
export function bytesOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed + 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}
