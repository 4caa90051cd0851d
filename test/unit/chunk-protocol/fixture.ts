import { setMaxListeners } from 'node:events';
import { accept, type MemberId, type NodeId, type UploadId } from '../../../src/base/index.js';
import type { ChunkEntry, ChunkStore } from '../../../src/chunks/index.js';
import {
  chunkListDigest,
  createSigner,
  generateKeyPair,
  issueTicket,
  publicKeyOf,
  verifyLeaf,
  type Ticket,
} from '../../../src/identity/index.js';
import type { ByteStream, Clock, Listener, Network, Signer, Timers, TlsCredentials } from '../../../src/ports/index.js';
import { NodeHasher, NodeSignatureVerifier, SystemRandom } from '../../../src/runtime/index.js';
import { ChunkConnection, ChunkServer, type TicketSlot } from '../../../src/transport/chunk-protocol/index.js';
import { createStoreHandler } from './store-handler.js';
import { StoreFixture, ALICE, UPLOAD } from '../../conformance/chunk-store/fixture.js';
import { silentLogger } from '../../conformance/chunk-store/silent-logger.js';
import { createAuthority, createCredentials } from '../../support/certificates.js';
import { SimFileSystem, SimKeyValueStores } from '../../simulation/ports/index.js';

export const hasher = new NodeHasher();
export const verifier = new NodeSignatureVerifier();
const random = new SystemRandom();
export const NODE_ID = 'nodenodenodenode' as NodeId;
export const options = { signal: new AbortController().signal };
// Many requests at once wait on it.
setMaxListeners(0, options.signal);

export interface World {
  readonly network: { readonly node: Network; readonly client: Network };
  readonly clock: Clock;
  readonly timers: Timers;
  readonly host: string;
}

/** A node that serves a store, and clients that connect to it with certificates and tickets. */
export class ProtocolFixture {
  readonly world: World;
  readonly disk: SimFileSystem;
  readonly files: StoreFixture;
  readonly store: ChunkStore;
  readonly server: ChunkServer;
  readonly nodeSigner: Signer;
  readonly clientKeyHash: Uint8Array;
  readonly #coordinator: Signer;
  readonly #listener: Listener;
  readonly #credentials: { readonly client: TlsCredentials };
  readonly #connections: ChunkConnection[] = [];
  #tickets = 0;

  private constructor(
    parts: Pick<ProtocolFixture, 'world' | 'disk' | 'files' | 'store' | 'server' | 'nodeSigner' | 'clientKeyHash'>,
    own: {
      coordinator: Signer;
      listener: Listener;
      client: TlsCredentials;
    },
  ) {
    this.world = parts.world;
    this.disk = parts.disk;
    this.files = parts.files;
    this.store = parts.store;
    this.server = parts.server;
    this.nodeSigner = parts.nodeSigner;
    this.clientKeyHash = parts.clientKeyHash;
    this.#coordinator = own.coordinator;
    this.#listener = own.listener;
    this.#credentials = { client: own.client };
  }

  static async create(world: World, capacityBytes = 1_000_000_000): Promise<ProtocolFixture> {
    const disk = new SimFileSystem();
    await disk.makeDirectory('/store');
    const files = new StoreFixture('/store', disk, new SimKeyValueStores(), { capacityBytes });
    await files.create();
    const store = await files.open();
    const authority = await createAuthority();
    const [node, client] = await Promise.all([
      createCredentials(authority, { role: 'node' }),
      createCredentials(authority, { role: 'client' }),
    ]);
    const keyHashOf = (leaf: Uint8Array): Uint8Array =>
      accept(verifyLeaf(leaf, { ca: authority.ca, memberId: authority.memberId, nowMs: Date.now(), roles: ['client'] }))
        .publicKeyHash;
    const coordinator = createSigner(generateKeyPair(random, hasher));
    const nodeSigner = createSigner(generateKeyPair(random, hasher));
    const handler = createStoreHandler({
      store,
      hasher,
      verifier,
      nodeId: NODE_ID,
      signer: nodeSigner,
      logger: silentLogger,
      clock: world.clock,
      ticketKeys: () => [publicKeyOf(coordinator.publicKey, hasher)],
      clientKeyHash: ({ leaf }) => keyHashOf(leaf),
    });
    const server = new ChunkServer({ handler, clock: world.clock, timers: world.timers, logger: silentLogger });
    const listener = await world.network.node.listen(
      { host: world.host, port: 0, credentials: node, connectionsMax: 32, handshakeTimeoutMs: 5000 },
      server.accept,
    );
    return new ProtocolFixture(
      { world, disk, files, store, server, nodeSigner, clientKeyHash: keyHashOf(client.leaf) },
      { coordinator, listener, client },
    );
  }

  /** A bare stream to the node, for bytes that no client would send. */
  dial(): Promise<ByteStream> {
    const { client } = this.#credentials;
    return this.world.network.client.connect({
      host: this.world.host,
      port: this.#listener.port,
      credentials: client,
      timeoutMs: 5000,
      signal: options.signal,
    });
  }

  async connect(): Promise<ChunkConnection> {
    const { clock, timers } = this.world;
    const connection = await ChunkConnection.open({ stream: await this.dial(), hasher, clock, timers }, options.signal);
    this.#connections.push(connection);
    return connection;
  }

  ticket(
    right: Partial<Ticket> & ({ readonly kind: 'put' } | { readonly kind: 'read'; readonly listDigest: Uint8Array }),
  ): Uint8Array {
    this.#tickets += 1;
    const common = {
      origin: ALICE,
      nodeId: NODE_ID,
      clientKeyHash: this.clientKeyHash,
      expiresAtMs: this.world.clock.nowMs() + 600_000,
      ticketId: Uint8Array.from({ length: 16 }, () => this.#tickets),
      revocationPosition: 0,
    };
    const ticket: Ticket =
      right.kind === 'put'
        ? { ...common, uploadId: UPLOAD, byteBudget: 1e9, ...right, kind: 'put' }
        : { ...common, ...right, kind: 'read' };
    return issueTicket(ticket, this.#coordinator);
  }

  showPut(
    connection: ChunkConnection,
    { origin = ALICE, uploadId = UPLOAD, byteBudget = 1e9 }: { origin?: MemberId; uploadId?: UploadId; byteBudget?: number } = {},
  ): Promise<TicketSlot> {
    return connection.presentTicket({ ticket: this.ticket({ kind: 'put', origin, uploadId, byteBudget }), chunks: [] }, options);
  }

  showRead(connection: ChunkConnection, chunks: readonly ChunkEntry[], origin: MemberId = ALICE): Promise<TicketSlot> {
    const ticket = this.ticket({ kind: 'read', origin, listDigest: chunkListDigest(chunks, hasher) });
    return connection.presentTicket({ ticket, chunks }, options);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await this.server.close(1000, options.signal);
    await this.#listener.close();
    await this.files.close();
  }
}
