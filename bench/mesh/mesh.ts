import { CollectiveError, type NodeId, toBase32 } from '../../src/base/index.js';
import { CollectiveClient } from '../../src/client/index.js';
import { createCoordinator, type Coordinator } from '../../src/coordinator/index.js';
import { certificateIssued } from '../../src/coordinator/member/certificate-issued.js';
import type { CollectiveEvent } from '../../src/events/index.js';
import { generateKeyPair, issueLeaf } from '../../src/identity/index.js';
import type { Logger } from '../../src/ports/index.js';
import {
  createClient,
  type ListPeersResponse,
  PeerAdminServiceDefinition,
  PeerServiceDefinition,
  type RpcTransport,
} from '../../src/transport/index.js';
import {
  SeededRandom,
  SimClock,
  type SimFileSystem,
  SimKeyValueStores,
  SimRpcNetwork,
  SimTime,
  SimTimers,
} from '../../test/simulation/ports/index.js';
import { hasher, verifier } from '../../test/simulation/system/fixture.js';
import { MemoryLocalFiles } from '../../test/unit/client/support/memory-local-files.js';
import {
  admission,
  DIRECTORY,
  diskWith,
  ENROLMENT_PORT,
  type FoundedMember,
  foundedMember,
  HOME_PORT,
  PEER_PORT,
} from '../../test/simulation/mesh/fixture.js';
import { Traffic } from './traffic.js';

/** One way between two hosts: each link has its own, drawn once. */
const LINK_MS: readonly [number, number] = [5, 60];
const NEVER_MS = 365 * 24 * 3_600_000;

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

/** One coordinator of the mesh, the real one, on simulated parts. */
export class BenchMember {
  readonly founded: FoundedMember;
  readonly disk: SimFileSystem;
  readonly client: CollectiveClient;
  readonly #stores: SimKeyValueStores;
  readonly #mesh: Mesh;
  readonly #peers: ReturnType<typeof peerAdmin>;
  #coordinator: Coordinator | undefined;

  constructor(mesh: Mesh, founded: FoundedMember, disk: SimFileSystem) {
    this.#mesh = mesh;
    this.founded = founded;
    const random = mesh.random.fork(founded.name);
    this.disk = disk.copy('everything', {
      random: random.fork('disk'),
      time: mesh.time,
      latencyMs: 0.5,
      syncLatencyMs: 8,
      onSynced: (path) => mesh.synced(founded.name, path),
    });
    this.#stores = new SimKeyValueStores(random.fork('stores'));
    const { clock, timers } = mesh;
    // Next to the coordinator: what its people ask takes no time on the network.
    const transport = mesh.rpc.from({ host: founded.name, clock, timers, random: random.fork('client') });
    const channel = transport.connect({ endpoints: [`${founded.name}:${HOME_PORT}`], own: founded.client.own });
    this.client = new CollectiveClient({
      channel,
      openNode: () => Promise.reject(new CollectiveError('NODE_UNREACHABLE', 'There are no nodes here.')),
      local: new MemoryLocalFiles(),
      hasher,
      logger: silent,
      clock,
      timers,
      random: random.fork('calls'),
    });
    this.#peers = peerAdmin(transport, founded);
  }

  async start(): Promise<void> {
    const { founded, disk } = this;
    const host = founded.name;
    const { clock, timers, rpc, random } = this.#mesh;
    const world = { clock, timers, random: random.fork(`${host} runs`) };
    this.#coordinator = createCoordinator({
      directory: DIRECTORY,
      material: founded.material,
      files: { readSecret: nothing, readPublic: nothing, write: () => Promise.resolve() },
      home: { host, port: HOME_PORT },
      enrolment: { host, port: ENROLMENT_PORT },
      peer: { host, port: PEER_PORT },
      homeEndpoints: [`${host}:${HOME_PORT}`],
      enrolmentEndpoints: [`${host}:${ENROLMENT_PORT}`],
      peerEndpoints: [`${host}:${PEER_PORT}`],
      softwareVersion: 'benchmark',
      assertLatest: true,
      nodeUnreachableAfterMs: NEVER_MS,
      processFacts: () => ({ pid: 1, residentBytes: 0, cpuUserMs: 0, cpuSystemMs: 0 }),
      transport: rpc.from({ host, ...world }),
      ports: { fileSystem: disk, stores: this.#stores, hasher, verifier, logger: silent, ...world },
    });
    await this.#coordinator.start(new AbortController().signal);
  }

  async stop(): Promise<void> {
    await this.#coordinator?.stop();
  }

  said(): Promise<ListPeersResponse> {
    return this.#peers();
  }
}

function peerAdmin(transport: RpcTransport, founded: FoundedMember): () => Promise<ListPeersResponse> {
  const channel = transport.connect({ endpoints: [`${founded.name}:${HOME_PORT}`], own: founded.client.own });
  const calls = createClient(PeerAdminServiceDefinition, channel);
  return () => calls.listPeers({}, { signal: new AbortController().signal, timeoutMs: 60_000 });
}

const nothing = (): Promise<string> => Promise.reject(new CollectiveError('NOT_FOUND', 'There is no such file.'));

/** Coordinators that all know each other, in one process and virtual time; nodes are events and rows of their coordinators. */
export class Mesh {
  readonly random: SeededRandom;
  readonly time = new SimTime();
  readonly timers = new SimTimers(this.time);
  readonly clock = new SimClock(this.time);
  readonly traffic = new Traffic();
  readonly rpc: SimRpcNetwork;
  readonly members: BenchMember[] = [];
  readonly #links: SeededRandom;
  readonly #delays = new Map<string, number>();
  readonly #synced = new Set<(host: string, path: string) => void>();

  constructor(seed: number) {
    this.random = new SeededRandom(`bench mesh ${seed}`);
    this.#links = this.random.fork('links');
    this.rpc = new SimRpcNetwork({
      time: this.time,
      random: this.random.fork('rpc'),
      linkDelayMs: (from, to) => this.delayMs(from, to),
      onMessage: (from, to, path, message) => {
        if (from !== to) this.traffic.add(message?.length ?? 0, kindOf(path, message));
      },
    });
  }

  /** One way, of every message between these two. */
  delayMs(from: string, to: string): number {
    if (from === to) return 0;
    const link = from < to ? `${from} ${to}` : `${to} ${from}`;
    const known = this.#delays.get(link);
    if (known !== undefined) return known;
    const delay = LINK_MS[0] + this.#links.fork(link).fraction() * (LINK_MS[1] - LINK_MS[0]);
    this.#delays.set(link, delay);
    return delay;
  }

  /** Members with so many nodes on record each, who have all admitted each other; not started. */
  async found(count: number, nodesEach: number): Promise<void> {
    const founded: FoundedMember[] = [];
    for (let index = 0; index < count; index += 1) founded.push(await foundedMember(`member-${index + 1}`));
    for (const member of founded) {
      const others = founded.filter((other) => other !== member).map((other) => admission(other));
      const disk = await diskWith(member, [others, await nodeEvents(member, nodesEach, this.clock.nowMs())]);
      this.members.push(new BenchMember(this, member, disk));
    }
  }

  /** Told of each file on a member's disk that has just become durable. Returns what ends that. */
  onSynced(listener: (host: string, path: string) => void): () => void {
    this.#synced.add(listener);
    return () => this.#synced.delete(listener);
  }

  synced(host: string, path: string): void {
    for (const listener of this.#synced) listener(host, path);
  }

  /** Starts everybody within a few seconds of each other, in virtual time. */
  async start(): Promise<void> {
    const random = this.random.fork('starts');
    await Promise.all(
      this.members.map(async (member) => {
        await this.timers.sleep(random.fraction() * 5000);
        await member.start();
      }),
    );
  }

  /** Waits until everybody has a connection to everybody and has applied all of everybody's log. Virtual ms that it took. */
  async untilWhole(limitMs = 600_000): Promise<number> {
    const startMs = this.time.nowMs;
    for (const member of this.members) {
      while (!(await this.#isWhole(member))) {
        if (this.time.nowMs - startMs > limitMs) throw new Error(`the mesh is not whole: ${await this.#lacking(member)}`);
        await this.timers.sleep(100);
      }
    }
    return this.time.nowMs - startMs;
  }

  async #isWhole(member: BenchMember): Promise<boolean> {
    const { peers, logs } = await member.said();
    const others = this.members.length - 1;
    const connected = peers.filter(({ connection }) => connection === 'connected').length;
    const whole = logs.filter((log) => log.appliedSequence > 0 && log.appliedSequence >= log.knownSequence).length;
    return connected === others && whole === others;
  }

  async #lacking(member: BenchMember): Promise<string> {
    const { peers, logs } = await member.said();
    const away = peers.filter(({ connection }) => connection !== 'connected');
    const behind = logs.filter((log) => log.appliedSequence < log.knownSequence || log.appliedSequence === 0);
    const [one] = away;
    return `${member.founded.name} lacks ${away.length} of ${peers.length} peers (${one?.connection}: ${one?.reason}) and ${behind.length} logs`;
  }
}

/** What a message between coordinators says: its kind in a session, or the call that it belongs to. */
function kindOf(path: string, message: Uint8Array | undefined): string {
  const call = path.slice(path.lastIndexOf('/') + 1);
  if (call !== 'Session' || message === undefined) return call;
  return PeerServiceDefinition.methods.session.requestType.decode(message).message?.$case ?? call;
}

/** What there is on record of nodes that have joined. */
async function nodeEvents(member: FoundedMember, count: number, nowMs: number): Promise<readonly CollectiveEvent[]> {
  const random = new SeededRandom(`nodes of ${member.name}`);
  const { ca, caKeys, memberId } = member.material;
  const events: CollectiveEvent[] = [];
  for (let index = 0; index < count; index += 1) {
    const nodeId = toBase32(random.bytes(10)) as NodeId;
    const name = `node-${index + 1}`;
    const { publicKey } = generateKeyPair(random, hasher);
    const leaf = await issueLeaf({ ca, caKeys, name: { role: 'node', memberId, nodeId }, publicKey, nowMs, random });
    events.push(
      certificateIssued({ leaf, ca, memberId, name, nowMs }),
      { type: 'NodeRegistered', nodeId, name },
      { type: 'NodeEndpointsChanged', nodeId, endpoints: [`10.0.0.${index + 1}:7410`], failureDomain: name },
      { type: 'NodeCapacityChanged', nodeId, capacityBytes: 4_000_000_000_000, fullnessPercent: 0 },
    );
  }
  return events;
}
