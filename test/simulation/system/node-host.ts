import { createChunkStore } from '../../../src/chunks/index.js';
import { createNode, type SmallFile, type StorageNode } from '../../../src/node/index.js';
import { isFileSystemError } from '../../../src/ports/index.js';
import { readSmallFile, writeFileAtomically } from '../../../src/runtime/index.js';
import { SimFileSystem, SimKeyValueStores, type SimNetwork, type SimRpcNetwork, type Survival } from '../ports/index.js';
import { HOME_ENDPOINT, hasher, verifier, type FixtureNode } from './fixture.js';
import type { Machine } from './machine.js';

export const NODE_DIRECTORY = '/node';
export const STORE_PATH = `${NODE_DIRECTORY}/store`;
export const WITNESS_PATH = `${NODE_DIRECTORY}/witness`;
const KNOWLEDGE_FILE = `${NODE_DIRECTORY}/coordinator-knowledge.json`;
const DATA_PORT = 7410;

let emptyDisk: Promise<SimFileSystem> | undefined;

/** A disk with the folders of a node that has just joined. */
export function emptyNodeDisk(): Promise<SimFileSystem> {
  emptyDisk ??= makeEmptyDisk();
  return emptyDisk;
}

async function makeEmptyDisk(): Promise<SimFileSystem> {
  const disk = new SimFileSystem();
  await disk.makeDirectory(NODE_DIRECTORY);
  await disk.makeDirectory(STORE_PATH);
  await createChunkStore({ root: STORE_PATH, fileSystem: disk, keyValueStores: new SimKeyValueStores() });
  return disk.copy('everything');
}

/** A node's machine, and the real node on it whenever it runs. */
export class NodeHost {
  readonly machine: Machine;
  readonly identity: FixtureNode;
  readonly #capacityBytes: number;
  readonly #keepsLog: boolean;
  readonly #network: SimNetwork;
  readonly #rpc: SimRpcNetwork;
  #node: StorageNode | undefined;
  #starting = new AbortController();
  #state: 'off' | 'starting' | 'running' = 'off';

  constructor(options: {
    readonly machine: Machine;
    readonly identity: FixtureNode;
    readonly capacityBytes: number;
    /** Whether it keeps a copy of the coordinator's log. */
    readonly keepsLog: boolean;
    readonly network: SimNetwork;
    readonly rpc: SimRpcNetwork;
  }) {
    this.machine = options.machine;
    this.identity = options.identity;
    this.#capacityBytes = options.capacityBytes;
    this.#keepsLog = options.keepsLog;
    this.#network = options.network;
    this.#rpc = options.rpc;
  }

  get state(): 'off' | 'starting' | 'running' {
    return this.#state;
  }

  get host(): string {
    return this.identity.host;
  }

  get connected(): boolean {
    return this.#node?.connected ?? false;
  }

  /** Resolves when its data port listens; rejects when it does not start. Never settles when it is killed meanwhile. */
  async start(): Promise<void> {
    const { machine } = this;
    const { host, own } = this.identity;
    const process = machine.boot();
    const { timers, random, logger } = process;
    const { clock, disk, stores } = machine;
    this.#state = 'starting';
    const starting = new AbortController();
    this.#starting = starting;
    const world = { clock, timers, random };
    const node = createNode(
      {
        own,
        name: host,
        homeEndpoints: [HOME_ENDPOINT],
        host,
        port: DATA_PORT,
        failureDomain: host,
        softwareVersion: 'simulated',
        storePath: STORE_PATH,
        capacityBytes: this.#capacityBytes,
        reserveBytes: 0,
        coordinatorFile: knowledgeFile(disk, random),
        ...(this.#keepsLog ? { witness: { path: WITNESS_PATH, diskId: `disk of ${host}` } } : {}),
      },
      {
        fileSystem: disk,
        keyValueStores: stores,
        network: this.#network.from(host),
        transport: this.#rpc.from({ host, ...world }),
        hasher,
        verifier,
        logger,
        ...world,
      },
    );
    const mine = (): boolean => machine.process === process;
    try {
      await node.start(starting.signal);
    } catch (error) {
      if (mine()) this.kill();
      throw error;
    }
    if (!mine()) return;
    this.#node = node;
    this.#state = 'running';
  }

  async stop(): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    const process = this.machine.process;
    try {
      await node?.stop();
    } finally {
      if (this.machine.process === process) this.kill();
    }
  }

  kill(): void {
    this.#ended();
    this.machine.kill();
  }

  powerLoss(survival: Survival): void {
    this.#ended();
    this.machine.powerLoss(survival);
  }

  #ended(): void {
    this.#state = 'off';
    this.#node = undefined;
    this.#starting.abort();
    this.#network.killHost(this.identity.host);
    this.#rpc.killHost(this.identity.host);
  }
}

const KNOWLEDGE_BYTES_MAX = 64 * 1024;

function knowledgeFile(fileSystem: SimFileSystem, random: Parameters<typeof writeFileAtomically>[0]['random']): SmallFile {
  return {
    async read() {
      try {
        return await readSmallFile(fileSystem, KNOWLEDGE_FILE, KNOWLEDGE_BYTES_MAX);
      } catch (error) {
        if (isFileSystemError(error) && error.errno === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: (bytes) => writeFileAtomically({ fileSystem, random }, KNOWLEDGE_FILE, bytes),
  };
}
