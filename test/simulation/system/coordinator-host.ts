import { CollectiveError } from '../../../src/base/index.js';
import { createCoordinator, type Coordinator, type MemberFileStore } from '../../../src/coordinator/index.js';
import type { SimFileSystem, SimRpcNetwork, Survival } from '../ports/index.js';
import { COORDINATOR, DIRECTORY, ENROLMENT_ENDPOINT, HOME_ENDPOINT, hasher, verifier, type Fixture } from './fixture.js';
import type { Machine } from './machine.js';
import type { Trace } from './trace.js';

/** The coordinator's machine, and the real coordinator on it whenever it runs. */
export class CoordinatorHost {
  readonly host = COORDINATOR;
  readonly machine: Machine;
  readonly #fixture: Fixture;
  readonly #rpc: SimRpcNetwork;
  readonly #trace: Trace;
  #coordinator: Coordinator | undefined;
  #starting = new AbortController();
  #state: 'off' | 'starting' | 'running' = 'off';
  /** Why it gave up by itself; the supervisor starts it again. */
  failure: string | undefined;

  constructor(machine: Machine, fixture: Fixture, rpc: SimRpcNetwork, trace: Trace) {
    this.machine = machine;
    this.#fixture = fixture;
    this.#rpc = rpc;
    this.#trace = trace;
  }

  get state(): 'off' | 'starting' | 'running' {
    return this.#state;
  }

  /** Resolves when it serves; rejects when it does not start. Never settles when it is killed meanwhile. */
  async start(): Promise<void> {
    const { machine } = this;
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
      material: this.#fixture.material,
      files: noKeyFiles,
      home: { host: COORDINATOR, port: 7400 },
      enrolment: { host: COORDINATOR, port: 7401 },
      homeEndpoints: [HOME_ENDPOINT],
      enrolmentEndpoints: [ENROLMENT_ENDPOINT],
      softwareVersion: 'simulated',
      diskId: `disk of ${COORDINATOR}`,
      processFacts: () => ({ pid: 1, residentBytes: 0, cpuUserMs: 0, cpuSystemMs: 0 }),
      transport: this.#rpc.from({ host: COORDINATOR, ...world }),
      ports: { fileSystem: disk, stores, hasher, verifier, logger, ...world },
    });
    const mine = (): boolean => machine.process === process;
    coordinator.failed.then(
      (error) => {
        if (!mine()) return;
        this.#trace.add(COORDINATOR, `gives up: ${error.code}`);
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
    this.#rpc.killHost(COORDINATOR);
  }
}

/** Keys and certificates come from the fixture; what is renewed while it runs is made again by the next start. */
const noKeyFiles: MemberFileStore = {
  readSecret: (path) => Promise.reject(new CollectiveError('NOT_FOUND', `There is no ${path}.`)),
  readPublic: (path) => Promise.reject(new CollectiveError('NOT_FOUND', `There is no ${path}.`)),
  write: () => Promise.resolve(),
};
