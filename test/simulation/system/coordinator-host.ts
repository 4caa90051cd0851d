import { CollectiveError } from '../../../src/base/index.js';
import {
  createCoordinator,
  type Coordinator,
  type CoordinatorOptions,
  type MemberFileStore,
} from '../../../src/coordinator/index.js';
import type { SimFileSystem, SimRpcNetwork } from '../ports/index.js';
import { DaemonHost } from './daemon-host.js';
import { DIRECTORY, hasher, verifier } from './fixture.js';
import type { Machine, ProcessParts } from './machine.js';
import type { Trace } from './trace.js';

export interface CoordinatorHostOptions {
  readonly host: string;
  readonly machine: Machine;
  readonly rpc: SimRpcNetwork;
  readonly trace: Trace;
  /** Whose it is, and where it listens. */
  readonly settings: Pick<
    CoordinatorOptions,
    'material' | 'home' | 'enrolment' | 'peer' | 'homeEndpoints' | 'enrolmentEndpoints' | 'peerEndpoints'
  >;
}

/** A member's machine, and the real coordinator on it whenever it runs. */
export class CoordinatorHost extends DaemonHost<Coordinator> {
  readonly #settings: CoordinatorHostOptions['settings'];
  readonly #rpc: SimRpcNetwork;
  readonly #trace: Trace;
  /** An operator's word that this disk is the latest, whatever others hold. */
  assertLatest = false;

  constructor({ host, machine, rpc, trace, settings }: CoordinatorHostOptions) {
    super(host, machine);
    this.#settings = settings;
    this.#rpc = rpc;
    this.#trace = trace;
  }

  protected open(process: ProcessParts): Coordinator {
    const { host } = this;
    const { timers, random, logger } = process;
    const { clock, disk, stores } = this.machine;
    const world = { clock, timers, random };
    const coordinator = createCoordinator({
      ...this.#settings,
      directory: DIRECTORY,
      files: noKeyFiles,
      softwareVersion: 'simulated',
      diskId: `disk of ${host}`,
      assertLatest: this.assertLatest,
      processFacts: () => ({ pid: 1, residentBytes: 0, cpuUserMs: 0, cpuSystemMs: 0 }),
      transport: this.#rpc.from({ host, ...world }),
      ports: { fileSystem: disk, stores, hasher, verifier, logger, ...world },
    });
    coordinator.failed.then(
      (error) => {
        if (!this.isCurrent(process)) return;
        this.#trace.add(host, `gives up: ${error.code}`);
        this.#trace.aside(host, error.stack ?? error.message);
        this.failure = error.code;
      },
      () => undefined,
    );
    return coordinator;
  }

  /** Its disk is exchanged for another that was a copy of it once; databases are not copied. */
  putBack(disk: SimFileSystem): void {
    this.ended();
    this.machine.replaceDisk(disk);
    this.machine.stores.lose(`${DIRECTORY}/views`);
  }

  protected hangUp(): void {
    this.#rpc.killHost(this.host);
  }
}

/** Keys and certificates come from the fixture; what is renewed while it runs is made again by the next start. */
const noKeyFiles: MemberFileStore = {
  readSecret: (path) => Promise.reject(new CollectiveError('NOT_FOUND', `There is no ${path}.`)),
  readPublic: (path) => Promise.reject(new CollectiveError('NOT_FOUND', `There is no ${path}.`)),
  write: () => Promise.resolve(),
};
