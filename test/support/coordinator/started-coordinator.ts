import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type Coordinator,
  type FoundedMember,
  createCoordinator,
  initialiseMember,
  type MemberFileStore,
} from '../../../src/coordinator/index.js';
import type { OwnCredentials } from '../../../src/identity/index.js';
import {
  createLogger,
  LevelKeyValueStores,
  NodeFileSystem,
  NodeHasher,
  NodeSignatureVerifier,
  readPrivateKeyFile,
  readSmallFile,
  SystemClock,
  SystemRandom,
  SystemTimers,
  writeFileAtomically,
} from '../../../src/runtime/index.js';
import {
  AdminServiceDefinition,
  createClient,
  createGrpcTransport,
  FilesServiceDefinition,
  MemberServiceDefinition,
  type RpcChannel,
  type RpcClient,
  type RpcTransport,
  WitnessAdminServiceDefinition,
} from '../../../src/transport/index.js';
import { freePorts } from '../cluster/index.js';

const FILE_BYTES = 64 * 1024;

export const realPorts = async () => ({
  clock: new SystemClock(),
  timers: new SystemTimers(),
  random: new SystemRandom(),
  hasher: new NodeHasher(),
  verifier: new NodeSignatureVerifier(),
  fileSystem: new NodeFileSystem(),
  stores: new LevelKeyValueStores(),
  logger: await createLogger({ level: 'error' }),
});

type RealPorts = Awaited<ReturnType<typeof realPorts>>;

/** A founded member with its coordinator in this process: real disk, real LevelDB, real gRPC over TLS. */
export class StartedCoordinator {
  readonly directory: string;
  readonly founded: FoundedMember;
  readonly ports: RealPorts;
  readonly transport: RpcTransport;
  readonly #homePort: number;
  readonly #enrolmentPort: number;
  readonly #peerPort: number;
  readonly #introductions: 'admit' | 'ask';
  #coordinator: Coordinator | undefined;
  #channel: RpcChannel | undefined;

  private constructor(
    directory: string,
    founded: FoundedMember,
    ports: RealPorts,
    listening: readonly [number, number, number],
    introductions: 'admit' | 'ask',
  ) {
    this.ports = ports;
    this.transport = createGrpcTransport(ports);
    this.directory = directory;
    this.founded = founded;
    [this.#homePort, this.#enrolmentPort, this.#peerPort] = listening;
    this.#introductions = introductions;
  }

  static async found(
    options: { readonly name?: string; readonly introductions?: 'admit' | 'ask' } = {},
  ): Promise<StartedCoordinator> {
    const directory = await mkdtemp(join(tmpdir(), 'collective-coordinator-'));
    const [home = 0, enrolment = 0, peer = 0] = await freePorts(3);
    const ports = await realPorts();
    const founded = await initialiseMember({
      directory,
      name: options.name ?? 'alice',
      clientName: 'laptop',
      passphrase: 'correct horse battery',
      files: memberFiles(directory, ports),
      ports,
      homeEndpoints: [`127.0.0.1:${home}`],
      enrolmentEndpoints: [`127.0.0.1:${enrolment}`],
      peerEndpoints: [`127.0.0.1:${peer}`],
    });
    const listening = [home, enrolment, peer] as const;
    const started = new StartedCoordinator(directory, founded, ports, listening, options.introductions ?? 'admit');
    await started.start();
    return started;
  }

  async start(): Promise<void> {
    this.#coordinator = createCoordinator({
      directory: this.directory,
      material: this.founded.material,
      files: memberFiles(this.directory, this.ports),
      home: { host: '127.0.0.1', port: this.#homePort },
      enrolment: { host: '127.0.0.1', port: this.#enrolmentPort },
      peer: { host: '127.0.0.1', port: this.#peerPort },
      peerEndpoints: [`127.0.0.1:${this.#peerPort}`],
      introductions: this.#introductions,
      homeEndpoints: [`127.0.0.1:${this.#homePort}`],
      enrolmentEndpoints: [`127.0.0.1:${this.#enrolmentPort}`],
      softwareVersion: 'test',
      processFacts: () => ({ pid: process.pid, residentBytes: 0, cpuUserMs: 0, cpuSystemMs: 0 }),
      transport: this.transport,
      ports: this.ports,
    });
    await this.#coordinator.start(new AbortController().signal);
  }

  async stop(): Promise<void> {
    this.#channel?.close();
    this.#channel = undefined;
    await this.#coordinator?.stop();
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true });
  }

  get homeEndpoint(): string {
    return `127.0.0.1:${this.#homePort}`;
  }

  get files(): RpcClient<typeof FilesServiceDefinition> {
    return createClient(FilesServiceDefinition, this.#connect());
  }

  get admin(): RpcClient<typeof AdminServiceDefinition> {
    return createClient(AdminServiceDefinition, this.#connect());
  }

  get enrolmentEndpoint(): string {
    return `127.0.0.1:${this.#enrolmentPort}`;
  }

  get peerEndpoint(): string {
    return `127.0.0.1:${this.#peerPort}`;
  }

  get members(): RpcClient<typeof MemberServiceDefinition> {
    return createClient(MemberServiceDefinition, this.#connect());
  }

  get witnesses(): RpcClient<typeof WitnessAdminServiceDefinition> {
    return createClient(WitnessAdminServiceDefinition, this.#connect());
  }

  /** The caller closes it. */
  connectAs(own: OwnCredentials): RpcChannel {
    return this.transport.connect({ endpoints: [`127.0.0.1:${this.#homePort}`], own });
  }

  #connect(): RpcChannel {
    const { material, firstClient } = this.founded;
    this.#channel ??= this.connectAs({
      memberId: material.memberId,
      ca: material.ca,
      leaf: firstClient.leaf,
      privateKeyPem: firstClient.keys.privateKeyPem,
    });
    return this.#channel;
  }
}

/** Keys and certificates below one directory, with the checks of the product. */
export function memberFiles(directory: string, ports: RealPorts): MemberFileStore {
  return {
    readSecret: (path) => readPrivateKeyFile(join(directory, path)),
    async readPublic(path) {
      return Buffer.from(await readSmallFile(ports.fileSystem, join(directory, path), FILE_BYTES)).toString('utf8');
    },
    async write(path, text) {
      await mkdir(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
      await writeFileAtomically(ports, join(directory, path), Buffer.from(text));
    },
  };
}
