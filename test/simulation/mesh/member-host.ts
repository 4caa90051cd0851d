import { CollectiveError } from '../../../src/base/index.js';
import { CollectiveClient } from '../../../src/client/index.js';
import { createCoordinator, type Coordinator, type MemberFileStore } from '../../../src/coordinator/index.js';
import { MemoryLocalFiles } from '../../unit/client/support/memory-local-files.js';
import type { SimFileSystem, SimRpcNetwork, Survival } from '../ports/index.js';
import { hasher, verifier } from '../system/fixture.js';
import type { Machine } from '../system/machine.js';
import type { Trace } from '../system/trace.js';
import { DIRECTORY, ENROLMENT_PORT, type FoundedMember, HOME_PORT, PEER_PORT } from './fixture.js';

export type HostState = 'off' | 'starting' | 'running';

export interface MemberHostOptions {
  readonly founded: FoundedMember;
  readonly machine: Machine;
  readonly rpc: SimRpcNetwork;
  readonly trace: Trace;
}

/** A member's machine, and the real coordinator on it whenever it runs. */
export class MemberHost {
  readonly founded: FoundedMember;
  readonly machine: Machine;
  readonly #rpc: SimRpcNetwork;
  readonly #trace: Trace;
  #coordinator: Coordinator | undefined;
  #starting = new AbortController();
  #state: HostState = 'off';
  /** Why it gave up by itself; the supervisor starts it again. */
  failure: string | undefined;
  /** An operator's word that this disk is the latest, whatever others hold. */
  assertLatest = false;

  constructor({ founded, machine, rpc, trace }: MemberHostOptions) {
    this.founded = founded;
    this.machine = machine;
    this.#rpc = rpc;
    this.#trace = trace;
  }

  get host(): string {
    return this.founded.name;
  }

  get state(): HostState {
    return this.#state;
  }

  /** Resolves when it serves; rejects when it does not start. Never settles when it is killed meanwhile. */
  async start(): Promise<void> {
    const { machine, host, founded } = this;
    const process = machine.boot();
    const { timers, random, logger } = process;
    const { clock, disk, stores } = machine;
    this.#state = 'starting';
    this.failure = undefined;
    const starting = new AbortController();
    this.#starting = starting;
    const world = { clock, timers, random };
    const coordinator = createCoordinator({
      directory: DIRECTORY,
      material: founded.material,
      files: noKeyFiles,
      home: { host, port: HOME_PORT },
      enrolment: { host, port: ENROLMENT_PORT },
      peer: { host, port: PEER_PORT },
      homeEndpoints: [`${host}:${HOME_PORT}`],
      enrolmentEndpoints: [`${host}:${ENROLMENT_PORT}`],
      peerEndpoints: [`${host}:${PEER_PORT}`],
      softwareVersion: 'simulated',
      diskId: `disk of ${host}`,
      assertLatest: this.assertLatest,
      processFacts: () => ({ pid: 1, residentBytes: 0, cpuUserMs: 0, cpuSystemMs: 0 }),
      transport: this.#rpc.from({ host, ...world }),
      ports: { fileSystem: disk, stores, hasher, verifier, logger, ...world },
    });
    const mine = (): boolean => machine.process === process;
    coordinator.failed.then(
      (error) => {
        if (!mine()) return;
        this.#trace.add(host, `gives up: ${error.code}`);
        this.#trace.aside(host, error.stack ?? error.message);
        this.failure = error.code;
      },
      () => undefined,
    );
    try {
      await coordinator.start(starting.signal);
    } catch (error) {
      if (mine()) this.kill();
      throw error;
    }
    if (!mine()) return;
    this.#coordinator = coordinator;
    this.#state = 'running';
  }

  /** In order, as by SIGTERM. */
  async stop(): Promise<void> {
    const coordinator = this.#coordinator;
    this.#coordinator = undefined;
    const process = this.machine.process;
    try {
      await coordinator?.stop();
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

  /** Its disk is exchanged for another that was a copy of it once; databases are not copied. */
  putBack(disk: SimFileSystem): void {
    this.#ended();
    this.machine.replaceDisk(disk);
    this.machine.stores.lose(`${DIRECTORY}/views`);
  }

  #ended(): void {
    this.#state = 'off';
    this.#coordinator = undefined;
    this.#starting.abort();
    this.#rpc.killHost(this.host);
  }
}

/** Keys and certificates come from the fixture; what is renewed while it runs is made again by the next start. */
const noKeyFiles: MemberFileStore = {
  readSecret: (path) => Promise.reject(new CollectiveError('NOT_FOUND', `There is no ${path}.`)),
  readPublic: (path) => Promise.reject(new CollectiveError('NOT_FOUND', `There is no ${path}.`)),
  write: () => Promise.resolve(),
};

/** A member's person at another machine. Each operation is a program of its own: started, run once, ended. */
export class MemberClient {
  readonly founded: FoundedMember;
  readonly machine: Machine;
  readonly #rpc: SimRpcNetwork;
  #client: CollectiveClient | undefined;
  #abort = new AbortController();

  constructor({ founded, machine, rpc }: Pick<MemberHostOptions, 'founded' | 'machine' | 'rpc'>) {
    this.founded = founded;
    this.machine = machine;
    this.#rpc = rpc;
  }

  get busy(): boolean {
    return this.#client !== undefined;
  }

  open(): { readonly client: CollectiveClient; readonly signal: AbortSignal } {
    const { host } = this.machine;
    const { timers, random, logger } = this.machine.boot();
    const world = { clock: this.machine.clock, timers, random };
    const transport = this.#rpc.from({ host, ...world });
    const { own } = this.founded.client;
    const client = new CollectiveClient({
      channel: transport.connect({ endpoints: [`${this.founded.name}:${HOME_PORT}`], own }),
      openNode: () => Promise.reject(new CollectiveError('NODE_UNREACHABLE', 'There are no nodes in this simulation.')),
      local: new MemoryLocalFiles(),
      hasher,
      logger,
      ...world,
    });
    this.#client = client;
    this.#abort = new AbortController();
    return { client, signal: this.#abort.signal };
  }

  end(): void {
    this.#client?.close();
    this.kill();
  }

  kill(): void {
    this.#abort.abort();
    this.#client = undefined;
    this.machine.kill();
    this.#rpc.killHost(this.machine.host);
  }
}
