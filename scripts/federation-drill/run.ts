import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMemberId, type MemberId } from '../../src/base/index.js';
import { createWorld, type World } from '../../src/cli/compose/world.js';
import { createLogger } from '../../src/runtime/index.js';
import { type Cluster, Collective, type Network } from '../../test/support/cluster/index.js';
import { befriend, untilInStep } from '../../test/support/e2e/index.js';
import { Seeded } from '../kill-loop/seeded.js';
import { blocksOf, isBeginning, logOf } from '../recovery-drills/checks.js';
import { DISTURBANCES } from './disturbances.js';
import { Worker } from './worker.js';

export interface FederationDrillOptions {
  /** A new or empty folder; removed by the caller. */
  readonly root: string;
  readonly rounds: number;
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

export interface FederationDrillReport {
  readonly rounds: number;
  readonly acknowledged: number;
  readonly ways: Readonly<Record<string, number>>;
  /** Of each member's log, at the end. */
  readonly events: readonly number[];
  /** From healed to everybody having everything, the slowest of all rounds. */
  readonly slowestMs: number;
  readonly complaints: readonly string[];
}

const PEOPLE = ['alice', 'bob', 'carol'] as const;
const NODES = 2;
const IN_STEP_WITHIN_MS = 120_000;

/** Members on machines of their own, under load, disturbed in any way; after each round all have all logs, and nothing is lost. */
export async function runFederationDrill(options: FederationDrillOptions): Promise<FederationDrillReport> {
  const members = PEOPLE.map((name) => ({ name, nodes: NODES }));
  const collective = await Collective.start({ root: options.root, members, separateMachines: true });
  try {
    return await new Drill(options, collective).run();
  } finally {
    await collective.stop('SIGKILL');
  }
}

class Drill {
  readonly #options: FederationDrillOptions;
  readonly #collective: Collective;
  readonly #random: Seeded;
  readonly #complaints: string[] = [];
  readonly #ways: Record<string, number> = {};
  readonly #workers = new Map<string, Worker>();

  constructor(options: FederationDrillOptions, collective: Collective) {
    this.#options = options;
    this.#collective = collective;
    this.#random = new Seeded(options.seed);
  }

  async run(): Promise<FederationDrillReport> {
    const { rounds, seed, onProgress } = this.#options;
    const { network } = this.#collective;
    if (network === undefined) throw new Error('the drill needs machines of their own');
    const [alice, bob, carol] = PEOPLE.map((name) => this.#collective.of(name));
    await befriend(this.#required(alice), this.#required(bob));
    await befriend(this.#required(bob), this.#required(carol));
    await untilInStep(this.#collective.all, IN_STEP_WITHIN_MS);
    for (const [index, name] of PEOPLE.entries()) {
      this.#workers.set(name, new Worker(this.#collective.of(name), seed + 1 + index));
    }
    let slowestMs = 0;
    let done = 0;
    for (; done < rounds && this.#complaints.length === 0; done += 1) {
      try {
        slowestMs = Math.max(slowestMs, await this.#round(done, network));
      } catch (error) {
        this.#complain(done, error instanceof Error ? error.message : String(error));
      }
      onProgress?.(
        `${done + 1} of ${rounds} rounds, ${this.#acknowledged} changes acknowledged, ${this.#complaints.length} complaints`,
      );
    }
    for (const worker of this.#workers.values()) await worker.end();
    const events = this.#complaints.length === 0 ? await this.#compareLogs() : [];
    return { rounds: done, acknowledged: this.#acknowledged, ways: this.#ways, events, slowestMs, complaints: this.#complaints };
  }

  /** Returns how long it took from healed to in step. */
  async #round(number: number, network: Network): Promise<number> {
    const folder = `/round-${number}`;
    await Promise.all([...this.#workers.values()].map((worker) => worker.start(folder)));
    const disturbances = [
      this.#random.pick(DISTURBANCES),
      ...(this.#random.below(3) === 0 ? [this.#random.pick(DISTURBANCES)] : []),
    ];
    for (const { name, happen } of disturbances) {
      this.#ways[name] = (this.#ways[name] ?? 0) + 1;
      await happen(this.#collective, network, this.#random);
    }
    await sleep(this.#random.below(1000));
    await Promise.all([...this.#workers.values()].map((worker) => worker.rest()));
    await network.healAll();
    const healedMs = performance.now();
    await untilInStep(this.#collective.all, IN_STEP_WITHIN_MS);
    const tookMs = performance.now() - healedMs;
    await Promise.all(this.#collective.all.map((member) => this.#verify(member, folder, number)));
    return tookMs;
  }

  /** Everything acknowledged is there, and its status knows of no fork, no frozen log and no differing states. */
  async #verify(member: Cluster, folder: string, number: number): Promise<void> {
    const listed = await member.ok(['ls', folder, '--json']);
    const { entries } = JSON.parse(listed.stdout.toString('utf8')) as { entries: { path: string }[] };
    const there = new Set(entries.map(({ path }) => path));
    for (const path of this.#workers.get(member.name)?.acknowledged ?? []) {
      if (path.startsWith(`${folder}/`) && !there.has(path)) this.#complain(number, `${member.name} lost ${path}`);
    }
    const asked = await member.ok(['status', '--json']);
    const { findings } = JSON.parse(asked.stdout.toString('utf8')) as {
      findings: { code: string; severity: string; message: string }[];
    };
    for (const { severity, message } of findings) {
      if (severity === 'critical') this.#complain(number, `${member.name}: ${message}`);
    }
  }

  /** In the end every copy of every log is that log, byte by byte, and the log is whole. Returns how many events each has. */
  async #compareLogs(): Promise<readonly number[]> {
    const world = createWorld(await createLogger({ level: 'silent' }));
    for (const member of this.#collective.all) await member.ok(['audit', 'verify']);
    await untilInStep(this.#collective.all, IN_STEP_WITHIN_MS);
    await Promise.all(this.#collective.all.map((member) => member.stop('SIGTERM')));
    return Promise.all(PEOPLE.map((name) => this.#compareCopies(world, this.#collective.of(name))));
  }

  async #compareCopies(world: World, owner: Cluster): Promise<number> {
    const origin = await memberIdOf(owner);
    const own = await blocksOf(world, logOf(directoryOf(owner), origin), origin);
    for (const holder of this.#collective.all) {
      if (holder === owner) continue;
      const copy = await blocksOf(world, logOf(directoryOf(holder), origin), origin);
      if (!isBeginning(copy, own)) this.#complain(-1, `${holder.name}'s copy of ${owner.name}'s log is another log`);
      // What is written while it stops may come too late for the others.
      if (copy.length < own.length - 4) this.#complain(-1, `${holder.name}'s copy of ${owner.name}'s log ends too early`);
    }
    return own.at(-1)?.lastSequence ?? 0;
  }

  get #acknowledged(): number {
    return [...this.#workers.values()].reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
  }

  #complain(number: number, text: string): void {
    this.#complaints.push(number < 0 ? text : `round ${number}: ${text}`);
  }

  #required<Value>(value: Value | undefined): Value {
    if (value === undefined) throw new Error('somebody is missing');
    return value;
  }
}

const directoryOf = (member: Cluster): string => join(member.root, 'data', 'collective', member.name, 'coordinator');

async function memberIdOf(member: Cluster): Promise<MemberId> {
  const settings = JSON.parse(await readFile(join(directoryOf(member), 'coordinator.json'), 'utf8')) as { memberId: string };
  if (!isMemberId(settings.memberId)) throw new Error(`${settings.memberId} is no member id`);
  return settings.memberId;
}
