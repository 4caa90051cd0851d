import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCollectiveError, type MemberId, toCollectiveError } from '../../src/base/index.js';
import { openContextClient } from '../../src/cli/compose/client.js';
import { createWorld, type World } from '../../src/cli/compose/world.js';
import type { CollectiveClient } from '../../src/client/index.js';
import type { StoredBlock } from '../../src/events/index.js';
import { createLogger } from '../../src/runtime/index.js';
import { Cluster, type Daemon } from '../../test/support/cluster/index.js';
import { Seeded } from '../kill-loop/seeded.js';
import { blocksOf, copyOf, isBeginning, logOf, pathsBelow, stateOf } from './checks.js';
import { Load } from './load.js';
import { runMemberDrills } from './member-drills.js';

export const KINDS = ['recover', 'backup', 'epoch', 'member'] as const;
export type DrillKind = (typeof KINDS)[number];

export interface DrillOptions {
  /** A new or empty folder; removed by the caller. */
  readonly root: string;
  readonly kind: DrillKind;
  readonly count: number;
  readonly seed: number;
  readonly onProgress?: (text: string) => void;
}

export interface DrillReport {
  readonly drills: number;
  readonly acknowledged: number;
  /** How many drills were done in which way. */
  readonly ways: Readonly<Record<string, number>>;
  /** Where the log stood after the last drill. */
  readonly events: number;
  readonly slowestMs: number;
  readonly complaints: readonly string[];
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const NODES = 3;
const forever = new AbortController().signal;

/** Loses the coordinator's disk, or puts back an old one, or starts epochs, under load, again and again; and looks at everything. */
export async function runDrills(options: DrillOptions): Promise<DrillReport> {
  if (options.kind === 'member') return runMemberDrills(options);
  const cluster = await Cluster.start({ root: options.root, nodes: NODES });
  try {
    return await new Drills(options, cluster).run();
  } finally {
    await cluster.stop('SIGKILL');
  }
}

class Drills {
  readonly #options: DrillOptions;
  readonly #cluster: Cluster;
  readonly #random: Seeded;
  readonly #directory: string;
  readonly #passphrase: string;
  readonly #kit: string;
  readonly #complaints: string[] = [];
  readonly #ways = new Map<string, number>();
  #world: World | undefined;
  #client: CollectiveClient | undefined;
  #load: Load | undefined;
  #origin: MemberId | undefined;

  constructor(options: DrillOptions, cluster: Cluster) {
    this.#options = options;
    this.#cluster = cluster;
    this.#random = new Seeded(options.seed);
    this.#directory = join(cluster.root, 'data', 'collective', 'alice', 'coordinator');
    this.#passphrase = join(cluster.root, 'passphrase');
    this.#kit = join(cluster.root, 'alice.recovery');
  }

  async run(): Promise<DrillReport> {
    const { count, kind, seed } = this.#options;
    this.#world = createWorld(await createLogger({ level: 'silent' }));
    const opened = await openContextClient(this.#world, join(this.#cluster.root, 'config', 'collective'), undefined);
    this.#client = opened.client;
    this.#origin = opened.context.memberId;
    this.#load = new Load(opened.client, new Seeded(seed + 1));
    await this.#exportIdentity();
    await this.#untilWritable();
    let slowestMs = 0;
    let done = 0;
    for (; done < count && this.#complaints.length === 0; done += 1) {
      const folder = `/drill-${done}`;
      await this.#client.makeDirectories(
        [folder],
        { mode: 0o755, modified: { seconds: 1, nanoseconds: 0 }, parents: true },
        forever,
      );
      const begunMs = performance.now();
      try {
        await this.#drill(kind, folder, done);
      } catch (error) {
        this.#complain(done, error instanceof Error ? error.message : String(error));
      }
      slowestMs = Math.max(slowestMs, performance.now() - begunMs);
      this.#options.onProgress?.(
        `${done + 1} of ${count} drills, ${this.#load.acknowledged.size} changes acknowledged, ${this.#complaints.length} complaints`,
      );
    }
    const events = this.#complaints.length === 0 ? await this.#compareCopies() : 0;
    this.#client.close();
    return {
      drills: done,
      acknowledged: this.#load.acknowledged.size,
      ways: Object.fromEntries(this.#ways),
      events,
      slowestMs,
      complaints: this.#complaints,
    };
  }

  async #drill(kind: DrillKind, folder: string, number: number): Promise<void> {
    switch (kind) {
      case 'recover':
        return this.#recover(folder, number);
      case 'backup':
        return this.#backup(folder, number);
      default:
        return this.#epoch(folder, number);
    }
  }

  /** The coordinator's folder is gone, at some moment. */
  async #recover(folder: string, number: number): Promise<void> {
    const load = this.#required(this.#load).start(folder);
    await sleep(200 + this.#random.below(1200));
    const absent = this.#random.below(3) === 0 ? [this.#random.pick(this.#cluster.nodes)] : [];
    for (const node of absent) await node.stop('SIGKILL');
    await this.#cluster.coordinator.stop('SIGKILL');
    await load.stop();
    const lost = join(this.#cluster.root, `lost-${number}`);
    await rename(this.#directory, lost);
    const truth = await blocksOf(
      this.#required(this.#world),
      logOf(lost, this.#required(this.#origin)),
      this.#required(this.#origin),
    );
    const offline = absent.length === 0 && this.#random.below(4) === 0;
    this.#count(offline ? 'from folders' : absent.length > 0 ? 'one witness away' : 'all witnesses here');
    if (offline) for (const node of this.#cluster.nodes) await node.stop('SIGTERM');
    const from = offline ? this.#cluster.nodeDirectories.flatMap((directory) => ['--from-witness', directory]) : [];
    await this.#cluster.ok(['recover', '--identity', this.#kit, '--passphrase-file', this.#passphrase, ...from, '--json']);
    const recovered = await this.#ownBlocks();
    await this.#comesFrom(recovered, truth, number);
    for (const node of offline ? this.#cluster.nodes : absent) await node.start();
    await this.#cluster.coordinator.start();
    await this.#compareState(recovered, number);
    await this.#verifyAll(folder, number);
    await rm(lost, { recursive: true });
    // The key of the log may be a new one: what was exported before stays good all the same.
    if (this.#random.below(10) === 0) await this.#exportIdentity();
  }

  /** An old copy of the folder is put back. */
  async #backup(folder: string, number: number): Promise<void> {
    const load = this.#required(this.#load).start(folder);
    await sleep(this.#random.below(400));
    const backup = join(this.#cluster.root, `backup-${number}`);
    const consistent = this.#random.below(2) === 0;
    if (consistent) {
      // As the instructions say: while it is stopped.
      await this.#cluster.coordinator.stop('SIGTERM');
      await cp(this.#directory, backup, { recursive: true, preserveTimestamps: true });
      await this.#cluster.coordinator.start();
    } else await this.#copyWhileRunning(backup);
    await sleep(200 + this.#random.below(800));
    const away = this.#random.below(NODES + 1);
    const absent = this.#shuffled().slice(0, away);
    this.#count(`${consistent ? 'stopped' : 'running'}, ${away} of ${NODES} witnesses away`);
    // Those who stay away have not seen the end.
    if (away > 0 && away < 2) for (const node of absent) await node.stop('SIGKILL');
    await sleep(this.#random.below(200));
    await this.#cluster.coordinator.stop('SIGKILL');
    for (const node of absent) await node.stop('SIGKILL');
    await load.stop();
    const lost = join(this.#cluster.root, `lost-${number}`);
    await rename(this.#directory, lost);
    await rename(backup, this.#directory);
    const truth = await blocksOf(
      this.#required(this.#world),
      logOf(lost, this.#required(this.#origin)),
      this.#required(this.#origin),
    );
    if (NODES - away >= 2 || consistent) {
      await this.#cluster.coordinator.start();
      if (NODES - away < 2) await this.#isReadOnly(number);
      for (const node of absent) await node.start();
    } else {
      // A log that was copied while it grew may need its witnesses before anything can be read.
      for (const node of absent) await node.start();
      await this.#cluster.coordinator.start();
    }
    await this.#untilWritable();
    const now = await this.#ownBlocks();
    const settled = now.slice(0, truth.length);
    if (!isBeginning(settled, truth)) {
      const differs = settled.findIndex(
        (block, index) => !Buffer.from(block.bytes).equals(truth[index]?.bytes ?? Buffer.alloc(0)),
      );
      const last = truth[differs - 1]?.lastSequence ?? 0;
      // What nobody was told of may be gone; what was acknowledged is looked for below.
      if (truth.length - differs > 8) this.#complain(number, `the log parts from the lost one after event ${last}`);
    }
    await this.#verifyAll(folder, number);
    await rm(lost, { recursive: true });
  }

  /** An operator starts an epoch. */
  async #epoch(folder: string, number: number): Promise<void> {
    const load = this.#required(this.#load).start(folder);
    await sleep(200 + this.#random.below(800));
    const absent = this.#shuffled().slice(0, this.#random.below(NODES + 1));
    this.#count(`${absent.length} of ${NODES} witnesses away`);
    const early = this.#random.below(2) === 0 ? absent.slice(0, 1) : [];
    for (const node of early) await node.stop('SIGKILL');
    await sleep(this.#random.below(300));
    await this.#cluster.coordinator.stop('SIGKILL');
    for (const node of absent) await node.stop('SIGKILL');
    await load.stop();
    const before = await this.#ownBlocks();
    await this.#cluster.ok(['coordinator', 'new-epoch', '--passphrase-file', this.#passphrase, '--reason', `drill ${number}`]);
    await this.#cluster.coordinator.start();
    for (const node of absent) await node.start();
    await this.#untilWritable();
    if (!isBeginning(before, await this.#ownBlocks())) this.#complain(number, 'the new epoch does not go on from the log');
    await this.#verifyAll(folder, number);
  }

  /** A log that was recovered is how the lost one began. */
  async #comesFrom(recovered: readonly StoredBlock[], truth: readonly StoredBlock[], number: number): Promise<void> {
    const own = recovered.filter(({ header }) => header.epoch === truth.at(-1)?.header.epoch);
    const common = recovered.slice(0, recovered.length - (own.at(-1) === recovered.at(-1) ? 0 : 1));
    if (!isBeginning(common, truth)) this.#complain(number, 'what was recovered is not how the lost log began');
  }

  /** The state that the coordinator came up with is the one that follows from the recovered blocks. */
  async #compareState(recovered: readonly StoredBlock[], number: number): Promise<void> {
    const status = await this.#required(this.#client).admin.status(forever);
    const head = recovered.at(-1)?.lastSequence ?? 0;
    const blocks =
      head === status.log?.headSequence
        ? recovered
        : (await this.#ownBlocks()).filter(({ lastSequence }) => lastSequence <= (status.log?.headSequence ?? 0));
    const expected = await stateOf(this.#required(this.#world), this.#required(this.#origin), blocks);
    if ((blocks.at(-1)?.lastSequence ?? 0) !== status.log?.headSequence) return;
    for (const { name, stateHash } of status.log?.views ?? []) {
      if (head === status.log?.headSequence && expected.get(name) !== stateHash)
        this.#complain(number, `the state of ${name} is not that of the log`);
    }
  }

  async #isReadOnly(number: number): Promise<void> {
    await pathsBelow(this.#required(this.#client), '');
    const refusal = await this.#required(this.#load)
      .makeFolder(`/must-not-${number}`)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    if (refusal === undefined) this.#complain(number, 'an old backup took a change without having asked its witnesses');
    else if (!isCollectiveError(refusal) || refusal.code !== 'LOG_READ_ONLY')
      this.#complain(number, `refused for another reason: ${toCollectiveError(refusal).message}`);
  }

  /** Everything acknowledged is there, nothing else is, and the log is whole. */
  async #verifyAll(folder: string, number: number): Promise<void> {
    await this.#untilWritable();
    const client = this.#required(this.#client);
    const { acknowledged, asked } = this.#required(this.#load);
    const there = new Set(await pathsBelow(client, folder));
    for (const path of acknowledged)
      if (path.startsWith(`${folder}/`) && !there.has(path)) this.#complain(number, `lost: ${path}`);
    for (const path of there) if (!asked.has(path)) this.#complain(number, `nobody made ${path}`);
    for await (const { done, findings } of client.admin.verifyLog(forever)) {
      if (done) for (const { message } of findings) this.#complain(number, `audit verify: ${message}`);
    }
    for await (const { done, views } of client.admin.replayLog(forever)) {
      if (done) for (const { name, equal } of views) if (!equal) this.#complain(number, `audit replay: ${name} differs`);
    }
  }

  /** In the end: whatever happened, all copies are the log, byte by byte, and every path is there. */
  async #compareCopies(): Promise<number> {
    const client = this.#required(this.#client);
    const { acknowledged } = this.#required(this.#load);
    const folders = new Set([...acknowledged].map(parentOf));
    for (const folder of folders) {
      const there = new Set(await pathsBelow(client, folder));
      for (const path of acknowledged) {
        if (parentOf(path) === folder && !there.has(path)) this.#complain(-1, `lost in the end: ${path}`);
      }
    }
    await this.#untilInStep();
    await this.#cluster.stop('SIGTERM');
    const own = await this.#ownBlocks();
    const origin = this.#required(this.#origin);
    for (const directory of this.#cluster.nodeDirectories) {
      const copy = await blocksOf(this.#required(this.#world), copyOf(directory, origin), origin);
      if (!isBeginning(copy, own)) this.#complain(-1, `the copy in ${directory} is not the log`);
      if (copy.length < own.length - 2) this.#complain(-1, `the copy in ${directory} is behind`);
    }
    return own.at(-1)?.lastSequence ?? 0;
  }

  async #untilWritable(): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      try {
        await this.#required(this.#load).makeFolder(`/ready-${Math.round(performance.now())}`);
        return;
      } catch (error) {
        if (!isCollectiveError(error) || performance.now() > deadline) throw error;
      }
    }
  }

  async #untilInStep(): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const { witnesses } = await this.#required(this.#client).witnesses.list(forever);
      if (witnesses.length === NODES && witnesses.every(({ state }) => state === 'in-step')) return;
      if (performance.now() > deadline) throw new Error(`not in step: ${JSON.stringify(witnesses)}`);
      await sleep(100);
    }
  }

  async #exportIdentity(): Promise<void> {
    await rm(this.#kit, { force: true });
    await this.#cluster.ok(['identity', 'export', this.#kit, '--passphrase-file', this.#passphrase]);
  }

  /** File by file, as cp does it, while the coordinator writes; what vanishes meanwhile is left out. */
  async #copyWhileRunning(target: string): Promise<void> {
    const { execFile } = await import('node:child_process');
    // cp ends with an error for files of the database that were removed while it looked.
    await new Promise<void>((resolve) => {
      execFile('cp', ['-a', this.#directory, target], () => resolve());
    });
  }

  #ownBlocks(): Promise<readonly StoredBlock[]> {
    const origin = this.#required(this.#origin);
    return blocksOf(this.#required(this.#world), logOf(this.#directory, origin), origin);
  }

  #shuffled(): readonly Daemon[] {
    const left = [...this.#cluster.nodes];
    const shuffled: Daemon[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.#random.below(left.length), 1));
    return shuffled;
  }

  #count(way: string): void {
    this.#ways.set(way, (this.#ways.get(way) ?? 0) + 1);
  }

  #complain(number: number, text: string): void {
    this.#complaints.push(number < 0 ? text : `drill ${number}: ${text}`);
  }

  #required<Value>(value: Value | undefined): Value {
    if (value === undefined) throw new Error('the drills have not begun');
    return value;
  }
}
