import { createChunkStore } from '../../../src/chunks/index.js';
import { createNode, type SmallFile, type StorageNode } from '../../../src/node/index.js';
import { isFileSystemError } from '../../../src/ports/index.js';
import { readSmallFile, writeFileAtomically } from '../../../src/runtime/index.js';
import { SimFileSystem, SimKeyValueStores, type SimNetwork, type SimRpcNetwork } from '../ports/index.js';
import { DaemonHost } from './daemon-host.js';
import { HOME_ENDPOINT, hasher, verifier, type FixtureNode } from './fixture.js';
import type { Machine, ProcessParts } from './machine.js';

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

export interface NodeHostOptions {
  readonly machine: Machine;
  readonly identity: FixtureNode;
  readonly capacityBytes: number;
  /** Whether it keeps a copy of the coordinator's log. */
  readonly keepsLog: boolean;
  readonly network: SimNetwork;
  readonly rpc: SimRpcNetwork;
}

/** A node's machine, and the real node on it whenever it runs. */
export class NodeHost extends DaemonHost<StorageNode> {
  readonly identity: FixtureNode;
  readonly #options: NodeHostOptions;

  constructor(options: NodeHostOptions) {
    super(options.identity.host, options.machine);
    this.identity = options.identity;
    this.#options = options;
  }

  get connected(): boolean {
    return this.program?.connected ?? false;
  }

  protected open({ timers, random, logger }: ProcessParts): StorageNode {
    const { host } = this;
    const { clock, disk, stores } = this.machine;
    const { capacityBytes, keepsLog, network, rpc } = this.#options;
    const world = { clock, timers, random };
    return createNode(
      {
        own: this.identity.own,
        name: host,
        homeEndpoints: [HOME_ENDPOINT],
        host,
        port: DATA_PORT,
        failureDomain: host,
        softwareVersion: 'simulated',
        storePath: STORE_PATH,
        capacityBytes,
        reserveBytes: 0,
        coordinatorFile: knowledgeFile(disk, random),
        ...(keepsLog ? { witness: { path: WITNESS_PATH, diskId: `disk of ${host}` } } : {}),
      },
      {
        fileSystem: disk,
        keyValueStores: stores,
        network: network.from(host),
        transport: rpc.from({ host, ...world }),
        hasher,
        verifier,
        logger,
        ...world,
      },
    );
  }

  protected hangUp(): void {
    this.#options.network.killHost(this.host);
    this.#options.rpc.killHost(this.host);
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
