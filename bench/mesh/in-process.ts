import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LIMITS } from '../../src/base/index.js';
import { withPlainSignals } from '../../test/simulation/system/plain-signals.js';
import { type Figure, figure } from '../measure/statistics.js';
import { makeMany, type Spread, spreadOf } from './changes.js';
import { DAY, DAY_MS, partOfADay } from './day.js';
import { Mesh } from './mesh.js';
import { SNAPSHOT_PERIOD_MS, snapshotBytes } from './snapshots.js';
import { describeKinds, keepAliveBytes, type Sent, wireBytes } from './traffic.js';

export interface MeshSize {
  readonly coordinators: number;
  readonly nodesEach: number;
  /** Of meeting, being idle, changes, a day and a partition so many from the first. */
  readonly parts: number;
  readonly changes: number;
}

const SETTLE_MS = 180_000;
const IDLE_MS = 300_000;
const BETWEEN_CHANGES_MS = 2_000;
const DAY_PART_MS = 10 * 60_000;
const BACKLOG_EVENTS = 10_000;
const MEGABYTE = 1e6;

/** The whole of it in virtual time, but for seconds of CPU and bytes of memory. */
export async function benchMesh(size: MeshSize, progress: (text: string) => void): Promise<readonly Figure[]> {
  const mesh = new Mesh(1);
  const before = heapBytes();
  progress(`${size.coordinators} coordinators are founded ...`);
  // Keys and certificates come out of a thread pool, in real time.
  await mesh.found(size.coordinators, size.nodesEach);
  return withPlainSignals(() => mesh.time.run(() => new MeshBench(mesh, size, before, progress).run()));
}

class MeshBench {
  readonly #mesh: Mesh;
  readonly #size: MeshSize;
  /** Bytes. */
  readonly #heapBefore: number;
  readonly #progress: (text: string) => void;
  readonly #figures: Figure[] = [];

  constructor(mesh: Mesh, size: MeshSize, heapBefore: number, progress: (text: string) => void) {
    this.#mesh = mesh;
    this.#size = size;
    this.#heapBefore = heapBefore;
    this.#progress = progress;
  }

  async run(): Promise<readonly Figure[]> {
    const { coordinators } = this.#size;
    const before = this.#heapBefore;
    await this.#form();
    this.#add('JS heap of one coordinator with its simulated disk, all logs held', 'MB', [
      (heapBytes() - before) / coordinators / MEGABYTE,
    ]);
    let idle = 0;
    const parts = [
      async () => {
        idle = await this.#idle();
      },
      () => this.#changes(idle),
      () => this.#day(),
      () => this.#heal(),
    ];
    for (const part of parts.slice(0, this.#size.parts - 1)) await part();
    this.#add('JS heap of one coordinator with its simulated disk, in the end', 'MB', [
      (heapBytes() - before) / coordinators / MEGABYTE,
    ]);
    for (const member of this.#mesh.members) await member.stop();
    return this.#figures;
  }

  async #form(): Promise<void> {
    const sent = this.#mesh.traffic.total;
    const cpu = cpuSeconds();
    await this.#mesh.start();
    const wholeMs = await this.#mesh.untilWhole();
    this.#add('all have started within 5 s: then until all are connected and have applied all logs', 's', [wholeMs / 1000]);
    this.#add('the same: sent by all together', 'MB', [this.#mesh.traffic.since(sent).wireBytes / MEGABYTE]);
    this.#add('the same: CPU of all together', 's', [cpuSeconds() - cpu]);
  }

  /** Bytes on the wire in a second, of all together. */
  async #idle(): Promise<number> {
    const mesh = this.#mesh;
    // What follows from meeting, witnesses above all, is recorded and spread first.
    await mesh.timers.sleep(SETTLE_MS);
    const sent = mesh.traffic.total;
    const cpu = cpuSeconds();
    await mesh.timers.sleep(IDLE_MS);
    const idle = mesh.traffic.since(sent);
    this.#progress(`in ${IDLE_MS / 1000} s: ${describeKinds(idle)}`);
    const perSecond = idle.wireBytes / (IDLE_MS / 1000);
    this.#add('idle: sent by one coordinator', 'bytes/s', [perSecond / this.#size.coordinators]);
    this.#add('idle: pings of HTTP/2 on top, one coordinator', 'bytes/s', [
      ((this.#size.coordinators - 1) * keepAliveBytes(LIMITS.peerKeepaliveMs)) / 2,
    ]);
    this.#add('idle: CPU of one coordinator', '% of a core', [
      (100 * (cpuSeconds() - cpu) * 1000) / IDLE_MS / this.#size.coordinators,
    ]);
    return perSecond;
  }

  async #changes(idlePerSecond: number): Promise<void> {
    const mesh = this.#mesh;
    const random = mesh.random.fork('changes');
    const spreads: Spread[] = [];
    const startMs = mesh.time.nowMs;
    const sent = mesh.traffic.total;
    const cpu = cpuSeconds();
    for (let change = 0; change < this.#size.changes; change += 1) {
      const author = mesh.members[random.integer(mesh.members.length)];
      if (author === undefined) continue;
      spreads.push(await spreadOf(mesh, author, `change-${change}`));
      await mesh.timers.sleep(random.fraction() * BETWEEN_CHANGES_MS);
    }
    const seconds = (mesh.time.nowMs - startMs) / 1000;
    const changes = mesh.traffic.since(sent);
    this.#progress(`in ${Math.round(seconds)} s with ${this.#size.changes} changes: ${describeKinds(changes)}`);
    const bytes = changes.wireBytes - idlePerSecond * seconds;
    const one = spreads.flatMap(({ ownMs }) => ownMs);
    const all = spreads.map(({ everybodyOwnMs }) => everybodyOwnMs);
    this.#add('a change: until one other has applied it, without its link: p50', 'ms', [percentile(one, 50)]);
    this.#add('a change: until one other has applied it, without its link: p99', 'ms', [percentile(one, 99)]);
    this.#add('a change: until all have applied it: p50', 'ms', [
      percentile(
        spreads.map(({ everybodyMs }) => everybodyMs),
        50,
      ),
    ]);
    this.#add('a change: until all have applied it, without the longest link: p50', 'ms', [percentile(all, 50)]);
    this.#add('a change: until all have applied it, without the longest link: p99', 'ms', [percentile(all, 99)], 'below 1000');
    this.#add('a change: sent by all together', 'bytes', [bytes / this.#size.changes]);
    this.#add('a change: sent for each that gets it', 'bytes', [bytes / this.#size.changes / (this.#size.coordinators - 1)]);
    this.#add('a change: CPU of all together', 'ms', [(1000 * (cpuSeconds() - cpu)) / this.#size.changes]);
  }

  async #day(): Promise<void> {
    const mesh = this.#mesh;
    this.#progress('a part of a normal day ...');
    const sent = mesh.traffic.total;
    await partOfADay(mesh, DAY_PART_MS);
    const part = mesh.traffic.since(sent);
    this.#progress(`in that part: ${describeKinds(part)}`);
    const times = DAY_MS / DAY_PART_MS;
    const bytes = part.wireBytes * times;
    const { coordinators, nodesEach } = this.#size;
    const snapshot = snapshotBytes(coordinators, nodesEach);
    const snapshots = (DAY_MS / SNAPSHOT_PERIOD_MS) * coordinators * (coordinators - 1) * wireBytes(snapshot);
    const day = `${DAY.files} files and ${DAY.otherChanges} other changes of each`;
    this.#add(`a day (${day}): sent by all together`, 'MB', [bytes / MEGABYTE]);
    this.#add('one snapshot of the forerunner', 'bytes', [snapshot]);
    this.#add('a day of snapshots to every peer each 30 s: sent by all together', 'MB', [snapshots / MEGABYTE]);
    this.#add('a day: snapshots against events', 'times', [snapshots / bytes], 'at least 100');
    this.#add('a day: the same with the answers, which hold as much again', 'times', [(2 * snapshots) / bytes]);
    const pings = ((coordinators * (coordinators - 1)) / 2) * keepAliveBytes(LIMITS.peerKeepaliveMs) * (DAY_MS / 1000);
    this.#add('a day: the same with the pings of HTTP/2, which those who send snapshots have not', 'times', [
      snapshots / (bytes + pings),
    ]);
    const plain = (DAY_MS / SNAPSHOT_PERIOD_MS) * coordinators * (coordinators - 1) * snapshot;
    this.#add('a day: the same without what the layers below add', 'times', [plain / (part.bytes * times)]);
  }

  async #heal(): Promise<void> {
    const mesh = this.#mesh;
    this.#progress('a partition ...');
    const half = Math.floor(mesh.members.length / 2);
    const links = mesh.members
      .slice(0, half)
      .flatMap(({ founded }) => mesh.members.slice(half).map((other) => [founded.name, other.founded.name] as const));
    for (const [left, right] of links) mesh.rpc.partition(left, right);
    await mesh.timers.sleep(120_000);
    const writers = mesh.members.slice(0, half);
    await Promise.all(writers.map((member) => makeMany(member, Math.ceil(BACKLOG_EVENTS / half), 'backlog')));
    await mesh.timers.sleep(10_000);
    for (const [left, right] of links) mesh.rpc.heal(left, right);
    const [sent, cpu]: readonly [Sent, number] = [mesh.traffic.total, cpuSeconds()];
    const healedMs = await mesh.untilWhole();
    const { wireBytes: bytes } = mesh.traffic.since(sent);
    this.#add('two halves, 10,000 events in one: from healing until all have all of it', 's', [healedMs / 1000]);
    this.#add('the same: sent by all together', 'MB', [bytes / MEGABYTE]);
    this.#add('the same: sent for each event and each that lacked it', 'bytes', [
      bytes / BACKLOG_EVENTS / (mesh.members.length - half),
    ]);
    this.#add('the same: CPU of one that lacked them', 's', [(cpuSeconds() - cpu) / (mesh.members.length - half)]);
  }

  #add(name: string, unit: string, values: readonly number[], bar = ''): void {
    const { coordinators, nodesEach } = this.#size;
    const made = figure(`${coordinators}/${coordinators * nodesEach}: ${name}`, unit, values, bar);
    this.#progress(`${made.name}: ${made.median} ${unit}`);
    this.#figures.push(made);
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

let collect: (() => void) | undefined;

/** After a collection, so that only what is in use counts. */
function heapBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose_gc');
    collect = () => {
      runInNewContext('gc()');
    };
  }
  collect();
  return process.memoryUsage().heapUsed;
}
