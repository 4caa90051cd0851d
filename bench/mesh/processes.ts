import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, type Place } from '../../test/support/cluster/index.js';
import { cpuSecondsOf, residentBytesOf } from '../measure/process.js';
import { type Figure, figure } from '../measure/statistics.js';
import type { CollectiveEvent } from '../../src/events/index.js';
import { appendOffline, foundingOf } from './own-log.js';
import { durableSequence, invite, logsFolder, peerList, sleep } from './people.js';

export interface ProcessesSize {
  readonly coordinators: number;
  /** Of all together. */
  readonly nodes: number;
  /** Whether the first invites each of the others, who are introduced by it; otherwise they have all admitted each other before. */
  readonly invited: boolean;
}

const AT_ONCE = 4;
const MESH_LIMIT_MS = 20 * 60_000;
const IDLE_MS = 60_000;
const CHANGES = 10;
const MEGABYTE = 1e6;
const READY_MS = 300_000;
const FIRST_PORT = 20_000;
const PORTS_EACH = 100;

/** Real processes with certificates on loopback, set up with the commands that people type. */
export async function benchProcesses(size: ProcessesSize, progress: (text: string) => void): Promise<readonly Figure[]> {
  const root = await mkdtemp(join(tmpdir(), 'collective-mesh-'));
  const bench = new ProcessesBench(root, size, progress);
  try {
    return await bench.run();
  } finally {
    await bench.stop();
    await rm(root, { recursive: true });
  }
}

/** Ports that the kernel does not give to connections, of which there are thousands here. */
const placeOf = (index: number): Place => ({
  listenHost: '127.0.0.1',
  within: [],
  ports: (nodes) => {
    const first = FIRST_PORT + index * PORTS_EACH;
    const ofNodes = Array.from({ length: nodes }, (_, node) => first + 3 + node);
    return Promise.resolve({ home: first, enrolment: first + 1, peer: first + 2, nodes: ofNodes });
  },
});

class ProcessesBench {
  readonly #root: string;
  readonly #size: ProcessesSize;
  readonly #progress: (text: string) => void;
  readonly #figures: Figure[] = [];
  readonly #members: Cluster[] = [];

  constructor(root: string, size: ProcessesSize, progress: (text: string) => void) {
    this.#root = root;
    this.#size = size;
    this.#progress = progress;
  }

  async run(): Promise<readonly Figure[]> {
    await this.#found();
    const [hub, ...guests] = this.#members;
    if (hub === undefined) return [];
    if (this.#size.invited) {
      const invited = performance.now();
      for (const guest of guests) await invite(hub, guest);
      this.#add('each invited by the first and introduced by it: until all are connected to all', 's', [
        (await this.#untilWhole(invited)) / 1000,
      ]);
    }
    await this.#startAtOnce();
    await this.#idle();
    await this.#changes(hub);
    return this.#figures;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop('SIGKILL')));
  }

  async #found(): Promise<void> {
    const { coordinators, nodes } = this.#size;
    const waiting = Array.from({ length: coordinators }, (_, index) => index);
    const work = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
        const memberName = `member-${index + 1}`;
        const root = join(this.#root, memberName);
        await mkdir(root);
        const own = Math.floor(nodes / coordinators) + (index < nodes % coordinators ? 1 : 0);
        this.#members.push(
          await Cluster.start({ root, memberName, nodes: own, capacity: '1G', place: placeOf(index), readyWithinMs: READY_MS }),
        );
        this.#progress(`${memberName} runs with ${own} nodes`);
      }
    };
    const started = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
    for (const each of started) if (each.status === 'rejected') throw each.reason;
  }

  /** All at once, as after a power cut. */
  async #startAtOnce(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.coordinator.stop('SIGKILL')));
    if (!this.#size.invited) await this.#admitAll();
    const begun = performance.now();
    await Promise.all(this.#members.map((member) => member.coordinator.start()));
    this.#add('all coordinators started at once: until all are ready', 's', [(performance.now() - begun) / 1000]);
    this.#add('the same: until all are connected to all', 's', [(await this.#untilWhole(begun)) / 1000]);
  }

  /** As if everybody had invited everybody. */
  async #admitAll(): Promise<void> {
    const founded = await Promise.all(
      this.#members.map(async (member) => {
        const logs = await logsFolder(member);
        return { member, logs, founding: await foundingOf(logs) };
      }),
    );
    for (const { member, logs } of founded) {
      const admitted = founded
        .filter((other) => other.member !== member)
        .map(
          ({ member: other, founding }): CollectiveEvent => ({
            type: 'MemberAdmitted',
            memberId: founding.memberId,
            name: founding.name,
            identityPublicKey: founding.identityPublicKey,
            caCertificate: founding.caCertificate,
            caEndorsement: founding.caEndorsement,
            endpoints: [`127.0.0.1:${other.ports.peer}`],
            inviteId: '',
            introducedBy: '',
          }),
        );
      let done = false;
      await appendOffline(logs, () => {
        const events = done ? [] : admitted;
        done = true;
        return events;
      });
    }
  }

  /** Milliseconds since `begun`. Asks one after the other: whoever is whole stays whole. */
  async #untilWhole(begun: number): Promise<number> {
    for (const member of this.#members) {
      for (;;) {
        const { peers, logs } = await peerList(member);
        const connected = peers.filter(({ connection }) => connection === 'connected').length;
        const applied = logs.filter((log) => log.appliedSequence > 0 && log.appliedSequence >= log.knownSequence).length;
        if (Math.min(connected, applied) >= this.#members.length - 1) break;
        if (performance.now() - begun > MESH_LIMIT_MS) {
          throw new Error(`${member.name} has ${connected} connections and ${applied} whole logs`);
        }
        await sleep(250);
      }
    }
    return performance.now() - begun;
  }

  async #idle(): Promise<void> {
    const before = this.#members.map((member) => cpuSecondsOf(member.coordinator.pid ?? 0));
    const nodes = this.#members.flatMap((member) => member.nodes.map(({ pid }) => pid ?? 0));
    const nodesBefore = nodes.map(cpuSecondsOf);
    await sleep(IDLE_MS);
    const cpu = this.#members.map((member, index) => cpuSecondsOf(member.coordinator.pid ?? 0) - (before[index] ?? 0));
    const ofNodes = nodes.map((pid, index) => cpuSecondsOf(pid) - (nodesBefore[index] ?? 0));
    const perMinute = (seconds: number): number => (100 * seconds * 1000) / IDLE_MS;
    this.#add('an idle coordinator: CPU', '% of a core', cpu.map(perMinute));
    const resident = this.#members.map((member) => residentBytesOf(member.coordinator.pid ?? 0).now / MEGABYTE);
    this.#add('an idle coordinator: resident memory', 'MB', resident);
    if (nodes.length === 0) return;
    this.#add('an idle node: CPU', '% of a core', ofNodes.map(perMinute));
    this.#add(
      'an idle node: resident memory',
      'MB',
      nodes.map((pid) => residentBytesOf(pid).now / MEGABYTE),
    );
  }

  /** From the end of the command that makes a folder to when every other disk holds it. */
  async #changes(author: Cluster): Promise<void> {
    const own = await logsFolder(author);
    const { stdout } = await author.ok(['status', '--json']);
    const { member } = JSON.parse(stdout.toString('utf8')) as { member: { id: string } };
    const others = this.#members.filter((other) => other !== author);
    const copies = await Promise.all(others.map(async (other) => join(await logsFolder(other), member.id)));
    const [first, last]: [number[], number[]] = [[], []];
    for (let change = 0; change < CHANGES; change += 1) {
      const before = durableSequence(join(own, member.id));
      let running = true;
      const made = author.ok(['mkdir', `/change-${change}`]).finally(() => {
        running = false;
      });
      while (running && durableSequence(join(own, member.id)) === before) await sleep(1);
      const begun = performance.now();
      const wanted = durableSequence(join(own, member.id));
      const lacking = new Set(copies);
      const tookMs: number[] = [];
      while (lacking.size > 0) {
        for (const copy of lacking) {
          if (durableSequence(copy) < wanted) continue;
          lacking.delete(copy);
          tookMs.push(performance.now() - begun);
        }
        await sleep(2);
      }
      await made;
      first.push(tookMs[Math.floor(tookMs.length / 2)] ?? 0);
      last.push(Math.max(...tookMs));
    }
    this.#add('a change durable at its author: until half of the others hold it durably', 'ms', first);
    this.#add('a change durable at its author: until all hold it durably', 'ms', last);
  }

  #add(name: string, unit: string, values: readonly number[], bar = ''): void {
    const { coordinators, nodes } = this.#size;
    const made = figure(`${coordinators} processes, ${nodes} nodes: ${name}`, unit, values, bar);
    this.#progress(`${made.name}: ${made.median} ${unit}`);
    this.#figures.push(made);
  }
}
