import { accept, assert, type ChunkId, CollectiveError, LIMITS, toCollectiveError, type NodeId } from '../base/index.js';
import { openChunkStore, type ChunkStore } from '../chunks/index.js';
import { type CredentialSet, followingSigner, LiveCredentials, type OwnCredentials, ownIdentity } from '../identity/index.js';
import type { Listener } from '../ports/index.js';
import {
  ChunkServer,
  createClient,
  NodeSessionServiceDefinition,
  RefusalLog,
  type RpcChannel,
  WitnessServiceDefinition,
} from '../transport/index.js';
import { callerCredentials, cutRefused } from './certificates/callers.js';
import { NodeCertificate } from './certificates/node-certificate.js';
import { CoordinatorKnowledge } from './coordinator-knowledge.js';
import type { NodeOptions, NodeWorld } from './node-options.js';
import { DamageNews } from './session/damage-news.js';
import { SessionLoop } from './session/session-loop.js';
import { StoreReporter } from './store-reporter.js';
import { StoreWatch } from './store-watch.js';
import { KeptCopies } from './witness/kept-copies.js';
import { WitnessLoop } from './witness/witness-loop.js';
import { TicketGate } from './tickets/ticket-gate.js';

/** A node daemon: keeps chunks, serves them to who has a ticket, and keeps its coordinator informed. */
export interface StorageNode {
  readonly nodeId: NodeId;
  /**
   * Resolves when the data port listens and the store can be used; the coordinator need not be there. `signal` ends only the
   * starting. Errors: CERTIFICATE_INVALID, CONFIG_INVALID, DATA_FORMAT_UNSUPPORTED, ALREADY_RUNNING, CANCELLED.
   */
  start(signal: AbortSignal): Promise<{ readonly port: number }>;
  /** Lets what is in flight finish for a few seconds, then closes everything. */
  stop(): Promise<void>;
  /** Whether the coordinator has welcomed this node and is still there. */
  readonly connected: boolean;
}

/** Error: CERTIFICATE_INVALID, PERMISSION_DENIED for credentials that are no node's. */
export function createNode(options: NodeOptions, world: NodeWorld): StorageNode {
  const identity = accept(ownIdentity(options.own, ['node']));
  assert(identity.role === 'node', 'the role was checked');
  return new NodeDaemon(identity.nodeId, options, world);
}

const STOP_GRACE_MS = 5000;

class NodeDaemon implements StorageNode {
  readonly nodeId: NodeId;
  readonly #options: NodeOptions;
  readonly #world: NodeWorld;
  /** What was started, each with what ends it; ended in reverse order. */
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly #damageNews = new DamageNews();
  readonly #own: LiveCredentials;
  #session: SessionLoop | undefined;
  #watch: StoreWatch | undefined;
  #started = false;

  constructor(nodeId: NodeId, options: NodeOptions, world: NodeWorld) {
    this.nodeId = nodeId;
    this.#options = options;
    this.#own = new LiveCredentials(presentOf(options.own));
    this.#world = { ...world, logger: world.logger.child({ nodeId }) };
  }

  get connected(): boolean {
    return this.#session?.connected ?? false;
  }

  async start(signal: AbortSignal): Promise<{ readonly port: number }> {
    assert(!this.#started, 'a node is started once');
    this.#started = true;
    try {
      return await this.#start(signal);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      throw new CollectiveError('IO_FAILED', 'The node could not close everything.', { cause: new AggregateError(failures) });
    }
  }

  async #start(signal: AbortSignal): Promise<{ readonly port: number }> {
    const { own, storePath, capacityBytes, reserveBytes, coordinatorFile } = { ...this.#options, own: this.#own };
    const { hasher, verifier, logger } = this.#world;
    const reserve = reserveBytes === undefined ? {} : { reserveBytes };
    const onRepaired = (chunkIds: readonly ChunkId[]): void => {
      this.#damageNews.repaired(chunkIds);
      this.#session?.storeChanged();
    };
    const store = await openChunkStore({ ...this.#world, root: storePath, capacityBytes, onRepaired, ...reserve }, signal);
    this.#closers.push(() => store.close());
    const { timers } = this.#world;
    const watch = new StoreWatch({ store, timers, logger, onWritable: () => this.#session?.storeChanged() });
    this.#watch = watch;
    this.#closers.push(() => watch.stop());
    const knowledge = new CoordinatorKnowledge({ memberId: own.memberId, file: coordinatorFile, hasher, verifier, logger });
    await knowledge.load();
    if (signal.aborted) throw new CollectiveError('CANCELLED', 'The start was cancelled.');
    const listener = await this.#listen(store, knowledge);
    this.#startSession(store, knowledge, listener.port);
    this.#watch?.look();
    logger.info('node started', { port: listener.port, store: storePath });
    return { port: listener.port };
  }

  async #listen(store: ChunkStore, knowledge: CoordinatorKnowledge): Promise<Listener> {
    const { host, port } = this.#options;
    const own = this.#own;
    const { clock, timers, logger, hasher, verifier, network } = this.#world;
    const gate = new TicketGate({
      own,
      nodeId: this.nodeId,
      store,
      knowledge,
      signer: followingSigner(own, hasher),
      verifier,
      hasher,
      clock,
      logger,
      onStoreTrouble: () => {
        this.#session?.storeChanged();
        this.#watch?.look();
      },
    });
    const server = new ChunkServer({ handler: gate, clock, timers, logger });
    const refusals = new RefusalLog(logger, clock);
    const listener = await network.listen(
      {
        host,
        port,
        credentials: callerCredentials(own, knowledge, clock),
        connectionsMax: LIMITS.dataConnections,
        handshakeTimeoutMs: LIMITS.handshakeTimeoutMs,
        onRefused: (remote, error) => {
          refusals.add(remote, toCollectiveError(error));
        },
      },
      server.accept,
    );
    // Whatever the disk does: they are cut off before what was said is kept.
    this.#closers.push(knowledge.onChange(() => cutRefused(server, own, knowledge, clock.nowMs())));
    this.#closers.push(() => listener.close());
    this.#closers.push(() => server.close(STOP_GRACE_MS, new AbortController().signal));
    return listener;
  }

  #startSession(store: ChunkStore, knowledge: CoordinatorKnowledge, port: number): void {
    const own = this.#own;
    const { name, homeEndpoints, host, capacityBytes, failureDomain, softwareVersion } = this.#options;
    const { transport, timers, clock, random, logger } = this.#world;
    const channel = transport.connect({ endpoints: homeEndpoints, own });
    this.#closers.push(() => {
      channel.close();
    });
    const certificate = new NodeCertificate({ ...this.#options, own, channel }, this.#world);
    certificate.start();
    this.#closers.push(() => certificate.stop());
    const session = new SessionLoop({
      client: createClient(NodeSessionServiceDefinition, channel),
      hello: {
        name,
        endpoints: [...(this.#options.endpoints ?? [`${host}:${port}`])],
        capacityBytes,
        failureDomain,
        softwareVersion,
        storeFormatVersion: STORE_FORMAT_VERSION,
      },
      store,
      fetching: { ...this.#world, own, nodeId: this.nodeId, store, signer: followingSigner(own, this.#world.hasher) },
      reporter: new StoreReporter(store, logger),
      damageNews: this.#damageNews,
      knowledge,
      timers,
      clock,
      random,
      logger,
      onTrust: (trust) => certificate.heard(trust),
      onEnded: (reason) => certificate.sessionEnded(reason),
    });
    this.#session = session;
    session.start();
    this.#closers.push(() => session.stop());
    this.#keepLog(channel, own);
  }

  /** The copy of the coordinator's log: on a stream of its own, so that neither waits for the other. */
  #keepLog(channel: RpcChannel, { memberId }: OwnCredentials): void {
    const { witness } = this.#options;
    if (witness === undefined) return;
    const copies = new KeptCopies({ ...this.#world, root: witness.path, origins: [memberId] });
    const client = createClient(WitnessServiceDefinition, channel);
    const keeping = new WitnessLoop({ ...this.#world, client, copies, diskId: witness.diskId });
    keeping.start();
    this.#closers.push(() => keeping.stop());
  }
}

const STORE_FORMAT_VERSION = 1;

const presentOf = ({ memberId, ca, leaf, privateKeyPem, previousCas = [] }: OwnCredentials): CredentialSet => ({
  memberId,
  ca,
  leaf,
  privateKeyPem,
  previousCas,
});
