import type { ChunkId, NodeId } from '../../../src/base/index.js';
import { SeededRandom, SimClock, SimFileSystem, SimNetwork, SimRpcNetwork, SimTime, SimTimers } from '../ports/index.js';
import { ClientHost } from './client-host.js';
import { Contents } from './contents.js';
import { CoordinatorHost } from './coordinator-host.js';
import type { DaemonHost } from './daemon-host.js';
import { COORDINATOR, ENROLMENT_ENDPOINT, fixture, type Fixture, HOME_ENDPOINT } from './fixture.js';
import { durableHead, History } from './history.js';
import { Machine } from './machine.js';
import { emptyNodeDisk, NodeHost, WITNESS_PATH } from './node-host.js';
import { missingOnDisk } from './stored-copies.js';
import { Trace } from './trace.js';
import { holds } from './violation.js';

const HEAD_FILE = /\/HEAD\.[01]$/;

/** Everything there is in one run, made from its seed. */
export class World {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly time = new SimTime();
  readonly timers: SimTimers;
  readonly trace: Trace;
  readonly fixture: Fixture;
  readonly contents: Contents;
  readonly history: History;
  readonly network: SimNetwork;
  readonly rpc: SimRpcNetwork;
  readonly coordinator: CoordinatorHost;
  readonly nodes: readonly NodeHost[];
  readonly clients: readonly ClientHost[];
  readonly daemons: readonly DaemonHost[];
  /** Copies that the faults of this run may have destroyed. */
  readonly doubtful = new Map<NodeId, Set<ChunkId>>();
  /** Clocks that are wrong, and by how much. */
  readonly jumped = new Map<Machine, number>();
  /** Whether the nodes keep the coordinator's log. */
  readonly witnessed: boolean;
  /** An older state of the coordinator's disk, as a backup has it. */
  image: SimFileSystem | undefined;
  readonly counts = new Map<string, number>();
  /** The first thing that must not be; the run ends with it. */
  failure: Error | undefined;
  /** The newest position that somebody was told of. */
  told = 0;

  static async create(seed: number, print?: (line: string) => void): Promise<World> {
    const made = await fixture();
    const disk = await emptyNodeDisk();
    return new World(seed, made, disk, print);
  }

  private constructor(seed: number, made: Fixture, nodeDisk: SimFileSystem, print: ((line: string) => void) | undefined) {
    this.seed = seed;
    this.fixture = made;
    this.random = new SeededRandom(`system/${seed}`);
    this.timers = new SimTimers(this.time);
    this.trace = new Trace(this.time, print);
    this.contents = new Contents(this.random.fork('contents'));
    this.history = new History(made.memberId, this.contents);
    const { time, trace, random } = this;
    const shared = { time, trace, random };
    this.network = new SimNetwork({ time, clock: new SimClock(time), random: random.fork('network') });
    this.rpc = new SimRpcNetwork({ time, random: random.fork('rpc') });
    const onSynced = (path: string): void => {
      // Whatever the log names from now on was promised before.
      if (HEAD_FILE.test(path)) this.#guarded(() => this.readLog());
    };
    const machine = new Machine({ ...shared, host: COORDINATOR, disk: made.disk, onSynced });
    this.coordinator = new CoordinatorHost({
      host: COORDINATOR,
      machine,
      rpc: this.rpc,
      trace,
      settings: {
        material: made.material,
        home: { host: COORDINATOR, port: 7400 },
        enrolment: { host: COORDINATOR, port: 7401 },
        homeEndpoints: [HOME_ENDPOINT],
        enrolmentEndpoints: [ENROLMENT_ENDPOINT],
      },
    });
    this.witnessed = random.chance(0.6);
    const capacityBytes = random.chance(0.1) ? 12_000_000 : 1_000_000_000;
    this.nodes = made.nodes.map(
      (identity) =>
        new NodeHost({
          machine: new Machine({ ...shared, host: identity.host, disk: nodeDisk }),
          identity,
          capacityBytes,
          keepsLog: this.witnessed,
          network: this.network,
          rpc: this.rpc,
        }),
    );
    this.clients = made.clients.map(
      (identity) =>
        new ClientHost(
          new Machine({ ...shared, host: identity.host, disk: new SimFileSystem() }),
          identity,
          this.network,
          this.rpc,
        ),
    );
    this.daemons = [this.coordinator, ...this.nodes];
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** Keeps the first of them. */
  fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
  }

  /** Takes in what the coordinator's disk holds for certain by now. */
  readLog(): void {
    this.history.read(this.coordinator.machine.disk, this.told);
    for (const { nodeId, chunkId } of this.history.model.newPromises.splice(0)) {
      const node = this.nodes.find(({ identity }) => identity.nodeId === nodeId);
      holds(node !== undefined, 'the holder of a copy is a node of this member');
      if (this.doubtful.get(nodeId)?.has(chunkId) === true) continue;
      const bytes = this.contents.chunk(chunkId);
      const missing = bytes === undefined ? 'the bytes, which nobody sent' : missingOnDisk(node.machine.disk, chunkId, bytes);
      holds(missing === undefined, `${node.host} signed for ${chunkId}, and its disk does not hold ${missing} for certain`);
      this.count('receipts held against the disk');
    }
  }

  /** What was acknowledged is on the disks of as many witnesses as the log itself asks for. */
  checkWitnesses(sequence: number): void {
    const rule = this.history.model.witnessRules.findLast((each) => each.sequence <= sequence);
    if (rule === undefined) return;
    const directory = `${WITNESS_PATH}/${this.fixture.memberId}`;
    const holding = this.nodes.filter(
      ({ identity, machine }) => rule.witnesses.includes(identity.nodeId) && durableHead(machine.disk, directory) >= sequence,
    ).length;
    const { required } = rule;
    holds(holding >= required, `event ${sequence} was acknowledged, and ${holding} witnesses hold it where ${required} have to`);
    this.count('answers held against the disks of witnesses');
  }

  #guarded(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.fail(error);
    }
  }

  doubt(nodeId: NodeId, chunkIds: Iterable<ChunkId>): void {
    const known = this.doubtful.get(nodeId) ?? new Set<ChunkId>();
    for (const chunkId of chunkIds) known.add(chunkId);
    this.doubtful.set(nodeId, known);
  }
}
