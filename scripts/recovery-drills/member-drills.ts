import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isCollectiveError, type MemberId, toCollectiveError } from '../../src/base/index.js';
import { openContextClient } from '../../src/cli/compose/client.js';
import { createWorld, type World } from '../../src/cli/compose/world.js';
import type { CollectiveClient } from '../../src/client/index.js';
import type { StoredBlock } from '../../src/events/index.js';
import { createLogger } from '../../src/runtime/index.js';
import { type Cluster, Collective } from '../../test/support/cluster/index.js';
import { befriend } from '../../test/support/e2e/friends.js';
import { Seeded } from '../kill-loop/seeded.js';
import { blocksOf, isBeginning, logOf, pathsBelow } from './checks.js';
import { Load } from './load.js';
import type { DrillOptions, DrillReport } from './run.js';

const forever = new AbortController().signal;
const WAYS = ['coordinator lost', 'old backup put back', 'two branches, ended by an epoch'] as const;
type Way = (typeof WAYS)[number];
const BRANCH_EVENTS = 6;

interface Begun {
  readonly world: World;
  readonly client: CollectiveClient;
  readonly origin: MemberId;
  readonly load: Load;
}

/** A member without nodes, whose log is kept by two others: its disk is lost, or put back as it was, or its log parts; again and again. */
export async function runMemberDrills(options: DrillOptions): Promise<DrillReport> {
  const names = ['alice', 'bob', 'carol'];
  const collective = await Collective.start({ root: options.root, members: names.map((name) => ({ name, nodes: 0 })) });
  try {
    return await new MemberDrills(options, collective).run();
  } finally {
    await collective.stop('SIGKILL');
  }
}

class MemberDrills {
  readonly #options: DrillOptions;
  readonly #alice: Cluster;
  readonly #others: readonly Cluster[];
  readonly #random: Seeded;
  readonly #directory: string;
  readonly #kit: string;
  readonly #complaints: string[] = [];
  readonly #ways = new Map<string, number>();
  #opened: Begun | undefined;

  constructor(options: DrillOptions, collective: Collective) {
    this.#options = options;
    this.#alice = collective.of('alice');
    this.#others = [collective.of('bob'), collective.of('carol')];
    this.#random = new Seeded(options.seed);
    this.#directory = coordinatorOf(this.#alice);
    this.#kit = join(options.root, 'alice.recovery');
  }

  async run(): Promise<DrillReport> {
    const { count, seed } = this.#options;
    for (const other of this.#others) await befriend(this.#alice, other);
    await untilInStep([this.#alice, ...this.#others]);
    await this.#alice.ok(['witness', 'set', 'bob', 'carol']);
    await this.#alice.ok(['identity', 'export', this.#kit, '--passphrase-file', this.#alice.passphraseFile]);
    const world = createWorld(await createLogger({ level: 'silent' }));
    const { client, context } = await openContextClient(world, join(this.#alice.root, 'config', 'collective'), undefined);
    const load = new Load(client, new Seeded(seed + 1), { files: false });
    this.#opened = { world, client, origin: context.memberId, load };
    let slowestMs = 0;
    let done = 0;
    for (; done < count && this.#complaints.length === 0; done += 1) {
      const begunMs = performance.now();
      try {
        await this.#drill(WAYS[(seed + done) % WAYS.length] ?? 'coordinator lost', `/drill-${done}`, done);
      } catch (error) {
        this.#complain(done, error instanceof Error ? error.message : String(error));
      }
      slowestMs = Math.max(slowestMs, performance.now() - begunMs);
      this.#options.onProgress?.(
        `${done + 1} of ${count} drills, ${load.acknowledged.size} changes acknowledged, ${this.#complaints.length} complaints`,
      );
    }
    const events = this.#complaints.length === 0 ? await this.#compareCopies() : 0;
    client.close();
    const ways = Object.fromEntries(this.#ways);
    return { drills: done, acknowledged: load.acknowledged.size, ways, events, slowestMs, complaints: this.#complaints };
  }

  async #drill(way: Way, folder: string, number: number): Promise<void> {
    this.#ways.set(way, (this.#ways.get(way) ?? 0) + 1);
    await this.#begun.load.makeFolder(folder);
    if (way === 'coordinator lost') await this.#lose(folder, number);
    else if (way === 'old backup put back') await this.#putBack(folder, number);
    else await this.#part(folder, number);
    await this.#untilWritable();
    await this.#verify(folder, number);
  }

  /** The disk is gone at some moment, and one of the others may have been away for a while. */
  async #lose(folder: string, number: number): Promise<void> {
    const load = this.#begun.load.start(folder);
    await sleep(200 + this.#random.below(800));
    const away = this.#random.below(2) === 0 ? [this.#random.pick(this.#others)] : [];
    for (const other of away) await other.coordinator.stop('SIGKILL');
    await sleep(this.#random.below(600));
    await this.#alice.coordinator.stop('SIGKILL');
    await load.stop();
    for (const other of away) await other.coordinator.start();
    const lost = join(this.#options.root, `lost-${number}`);
    await rename(this.#directory, lost);
    const { world, origin } = this.#begun;
    const truth = await blocksOf(world, logOf(lost, origin), origin);
    await this.#alice.ok(['recover', '--identity', this.#kit, '--passphrase-file', this.#alice.passphraseFile, '--json']);
    const recovered = await blocksOf(world, logOf(this.#directory, origin), origin);
    const last = truth.at(-1)?.header.epoch ?? 0;
    const common = recovered.filter(({ header }) => header.epoch <= last);
    if (!isBeginning(common, truth)) this.#complain(number, 'what was recovered is not how the lost log began');
    await this.#alice.coordinator.start();
    await rm(lost, { recursive: true });
  }

  /** An old copy of the folder, while the others have more. One of them may come only later: until then nothing may be written. */
  async #putBack(folder: string, number: number): Promise<void> {
    await this.#alice.coordinator.stop('SIGTERM');
    const backup = join(this.#options.root, `backup-${number}`);
    await cp(this.#directory, backup, { recursive: true, preserveTimestamps: true });
    await this.#alice.coordinator.start();
    await this.#untilWritable();
    const load = this.#begun.load.start(folder);
    await sleep(200 + this.#random.below(1000));
    await this.#alice.coordinator.stop('SIGKILL');
    await load.stop();
    await rm(this.#directory, { recursive: true });
    await rename(backup, this.#directory);
    const away = this.#random.below(2) === 0 ? [this.#random.pick(this.#others)] : [];
    for (const other of away) await other.coordinator.stop('SIGTERM');
    await this.#alice.coordinator.start();
    if (away.length > 0) await this.#isReadOnly(number);
    for (const other of away) await other.coordinator.start();
  }

  /** An operator vouches for an old disk while the others are away: two branches are signed. Everybody freezes, until an epoch. */
  async #part(folder: string, number: number): Promise<void> {
    const { load } = this.#begun;
    const before = new Set(load.acknowledged);
    await this.#alice.coordinator.stop('SIGTERM');
    const backup = join(this.#options.root, `backup-${number}`);
    await cp(this.#directory, backup, { recursive: true, preserveTimestamps: true });
    await this.#alice.coordinator.start();
    await this.#untilWritable();
    await load.makeFolder(`${folder}/on-the-branch-that-is-cut`);
    await untilInStep([this.#alice, ...this.#others]);
    await this.#alice.coordinator.stop('SIGKILL');
    await Promise.all(this.#others.map(({ coordinator }) => coordinator.stop('SIGTERM')));
    await rm(this.#directory, { recursive: true });
    await rename(backup, this.#directory);
    // What was acknowledged on the branch that an operator cuts is given up with it.
    for (const path of load.acknowledged) if (!before.has(path)) load.acknowledged.delete(path);
    const epoch = ['coordinator', 'new-epoch', '--passphrase-file', this.#alice.passphraseFile, '--reason', `drill ${number}`];
    const early = this.#random.below(2) === 0;
    if (early) await this.#alice.ok(epoch);
    else {
      // Two blocks are signed for one place: the operator was wrong.
      await this.#signAnotherBranch();
      await Promise.all(this.#others.map(({ coordinator }) => coordinator.start()));
      await this.#alice.coordinator.start();
      await this.#untilFrozen();
      await this.#alice.coordinator.stop('SIGTERM');
      await this.#alice.ok(epoch);
    }
    await this.#alice.coordinator.start();
    if (early) await Promise.all(this.#others.map(({ coordinator }) => coordinator.start()));
  }

  /** Longer than the other one, so that those who hold that one are asked to take this one. */
  async #signAnotherBranch(): Promise<void> {
    const { client } = this.#begun;
    await this.#alice.coordinator.start(['--assert-latest']);
    const wish = { nodes: ['bob', 'carol'], required: 0, evenAlone: true, automatic: false };
    const head = async (): Promise<number> => (await client.admin.status(forever)).log?.headSequence ?? 0;
    const until = (await head()) + BRANCH_EVENTS;
    const deadline = performance.now() + 60_000;
    while ((await head()) < until) {
      if (performance.now() > deadline) throw new Error('no other branch could be signed');
      // It is on this disk at once, and nobody is there who would have to hold it before it is answered.
      await client.witnesses.name(wish, AbortSignal.timeout(1_000)).catch(() => undefined);
    }
    await this.#alice.coordinator.stop('SIGTERM');
  }

  async #untilFrozen(): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const listed = await Promise.all(this.#others.map((other) => other.ok(['peer', 'list', '--json'])));
      if (listed.every(({ stdout }) => /"frozen"/.test(stdout.toString('utf8')))) return;
      if (performance.now() > deadline) throw new Error('the others have not frozen a log that was signed twice');
      await sleep(300);
    }
  }

  async #isReadOnly(number: number): Promise<void> {
    const refusal = await this.#begun.load.makeFolder(`/must-not-${number}`).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal === undefined) this.#complain(number, 'an old backup took a change without having asked its witnesses');
    else if (!isCollectiveError(refusal) || refusal.code !== 'LOG_READ_ONLY')
      this.#complain(number, `refused for another reason: ${toCollectiveError(refusal).message}`);
  }

  /** Everything acknowledged is there, nothing else is; everybody has the same log, and makes the same state of it. */
  async #verify(folder: string, number: number): Promise<void> {
    const { client, load, world, origin } = this.#begun;
    const there = new Set(await pathsBelow(client, folder));
    for (const path of load.acknowledged)
      if (path.startsWith(`${folder}/`) && !there.has(path)) this.#complain(number, `lost: ${path}`);
    for (const path of there) if (!load.asked.has(path)) this.#complain(number, `nobody made ${path}`);
    await untilInStep([this.#alice, ...this.#others]);
    for await (const { done: replayed, views } of client.admin.replayLog(forever)) {
      if (replayed) for (const { name, equal } of views) if (!equal) this.#complain(number, `audit replay: ${name} differs`);
    }
    for (const other of this.#others) {
      const copy = await blocksOf(world, logOf(coordinatorOf(other), origin), origin);
      // After the copy: what is written meanwhile is in the log first.
      const own = await blocksOf(world, logOf(this.#directory, origin), origin);
      if (!isBeginning(copy, own)) this.#complain(number, `the copy at ${other.name} is not the log`);
      const { stdout } = await other.ok(['peer', 'list', '--json']);
      if (/"frozen"/.test(stdout.toString('utf8'))) this.#complain(number, `${other.name} has frozen a log`);
      const said = (await other.ok(['status', '--json'])).stdout.toString('utf8');
      if (/state-hash-mismatch/.test(said)) this.#complain(number, `${other.name} makes another state of a log`);
    }
  }

  async #compareCopies(): Promise<number> {
    const { client, load, world, origin } = this.#begun;
    for (const path of load.acknowledged) {
      const parent = path.slice(0, path.lastIndexOf('/'));
      if (!new Set(await pathsBelow(client, parent)).has(path)) this.#complain(-1, `lost in the end: ${path}`);
    }
    const own: readonly StoredBlock[] = await blocksOf(world, logOf(this.#directory, origin), origin);
    return own.at(-1)?.lastSequence ?? 0;
  }

  async #untilWritable(): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      try {
        await this.#begun.load.makeFolder(`/ready-${Math.round(performance.now())}`);
        return;
      } catch (error) {
        if (!isCollectiveError(error) || performance.now() > deadline) throw error;
        await sleep(200);
      }
    }
  }

  get #begun(): Begun {
    if (this.#opened === undefined) throw new Error('the drills have not begun');
    return this.#opened;
  }

  #complain(number: number, text: string): void {
    this.#complaints.push(number < 0 ? text : `drill ${number}: ${text}`);
  }
}

const coordinatorOf = ({ root, name }: Cluster): string => join(root, 'data', 'collective', name, 'coordinator');

const LISTED = z.object({
  peers: z.array(z.object({ connection: z.string() })),
  logs: z.array(z.object({ sequence: z.number(), appliedSequence: z.number(), knownSequence: z.number() })),
});

/** Waits until every member is connected with every other, and has applied every log as far as anybody has it. */
async function untilInStep(members: readonly Cluster[]): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const listed = await Promise.all(members.map((member) => member.command(['peer', 'list', '--json'])));
    const texts = listed.map(({ stdout }) => stdout.toString('utf8'));
    const inStep = listed.every(
      ({ code }, index) => code === 0 && isInStep(LISTED.parse(JSON.parse(texts[index] ?? '')), members.length - 1),
    );
    if (inStep) return;
    if (performance.now() > deadline) throw new Error(`not in step: ${texts.join(' ')}`);
    await sleep(300);
  }
}

const isInStep = ({ peers, logs }: z.infer<typeof LISTED>, others: number): boolean =>
  peers.filter(({ connection }) => connection === 'connected').length >= others &&
  logs.length >= others &&
  logs.every((log) => log.sequence >= log.knownSequence && log.appliedSequence >= log.sequence);
