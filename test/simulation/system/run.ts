import type { CollectiveClient } from '../../../src/client/index.js';
import type { SeededRandom } from '../ports/index.js';
import { hashOf } from './contents.js';
import { crashAfterAnswer, healAll, injectFault, makeImage, profileOf } from './faults.js';
import { checkPromises, isReadable } from './final-checks.js';
import { startOperation } from './operations.js';
import { reportOf, type SimulationReport } from './report.js';
import { Supervisor } from './supervisor.js';
import { describe, holds } from './violation.js';
import { World } from './world.js';

/** Longer than any wait of the programs, so that nothing of the time of faults is under way any more. */
const SETTLE_MS = 90_000;
const FINAL_STARTS = 40;

/** Runs one seed from the first start to the last check. */
export async function simulate(seed: number, print?: (line: string) => void): Promise<SimulationReport> {
  const world = await World.create(seed, print);
  return reportOf(world, new Run(world));
}

class Run {
  steps = 0;
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #supervisor: Supervisor;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork('steps');
    this.#supervisor = new Supervisor(world, this.#random);
  }

  async run(): Promise<void> {
    const world = this.#world;
    const random = this.#random;
    const profile = profileOf(random.fork('profile'));
    world.trace.add('simulation', `faults: ${profile.kinds.join(', ') || 'none'}; chance ${profile.chance}`);
    this.#supervise();
    if (random.chance(0.8)) await this.#until(() => this.#allConnected(), 60_000);
    world.network.cutChance = profile.cutChance / 10;
    world.rpc.cutChance = profile.cutChance;
    const count = 10 + random.integer(24);
    for (let step = 0; step < count; step += 1) {
      this.steps += 1;
      const kind = profile.kinds[random.integer(Math.max(1, profile.kinds.length))];
      if (kind !== undefined && random.chance(profile.chance)) injectFault(world, kind, random);
      if (random.chance(0.15)) makeImage(world);
      if (profile.kinds.length > 0 && random.chance(0.03)) injectFault(world, 'an old disk is put back', random);
      const idle = world.clients.filter((client) => !client.busy);
      const client = idle[random.integer(Math.max(1, idle.length))];
      if (client !== undefined && random.chance(0.8)) {
        startOperation(world, client, random.fork(`operation ${step}`), () => {
          if (random.chance(profile.atAnswerChance)) crashAfterAnswer(world, random);
        });
      }
      await this.#pass(random.fraction() * random.pick([5, 50, 500, 500, 5000, 20_000]));
    }
    await this.#end();
  }

  /** Lets time pass, and looks after everybody in it. */
  async #pass(durationMs: number): Promise<void> {
    const world = this.#world;
    await world.timers.sleep(durationMs);
    this.#supervise();
    this.#check();
  }

  #check(): void {
    const world = this.#world;
    if (world.failure !== undefined) throw world.failure;
    for (const { host, machine } of world.daemons) {
      const [internal] = machine.process?.logger.internal ?? [];
      holds(internal === undefined, `${host} has met an error of its own: ${internal}`);
    }
    world.readLog();
    const { sequence, headerHash } = world.history;
    const operations = world.daemons.map(({ machine }) => machine.disk.faults.count()).join(' ');
    world.trace.add('log', `stands at ${sequence} ${headerHash.slice(0, 16)}; disk operations ${operations}`);
  }

  #supervise(): void {
    this.#supervisor.supervise(this.steps === 0);
  }

  #allConnected(): boolean {
    const { coordinator, nodes } = this.#world;
    return coordinator.state === 'running' && nodes.every(({ connected }) => connected);
  }

  async #until(test: () => boolean, limitMs: number): Promise<void> {
    for (let waitedMs = 0; !test() && waitedMs < limitMs; waitedMs += 200) await this.#pass(200);
  }

  /** All faults end, everything is started again, and what was acknowledged must be there. */
  async #end(): Promise<void> {
    const world = this.#world;
    world.trace.add('simulation', 'all faults end');
    healAll(world);
    await this.#until(() => world.clients.every((client) => !client.busy), SETTLE_MS);
    for (const client of world.clients) if (client.busy) client.kill();
    for (const daemon of world.daemons) {
      if (daemon.state === 'off') continue;
      world.trace.add(daemon.host, 'is killed for the last time');
      daemon.kill();
    }
    for (let starts = 0; starts < FINAL_STARTS && !this.#allConnected(); starts += 1) await this.#pass(2000);
    holds(this.#allConnected(), `not everything is back after all faults have ended: ${this.#supervisor.problems}`);
    await this.#pass(20_000);
    holds(
      world.history.sequence >= world.told,
      `what was acknowledged up to event ${world.told} has not come back to the coordinator's disk`,
    );
    await this.#readEverything();
    for (const node of world.nodes) await checkPromises(world, node);
    this.#check();
  }

  async #readEverything(): Promise<void> {
    const world = this.#world;
    const [host] = world.clients;
    holds(host !== undefined, 'there is a client');
    const { client, signal } = host.open();
    // Blocks that nobody was told of may be gone with the disk that held them.
    const { model, sequence } = world.history;
    const state = model.statesBetween(sequence, sequence).at(-1)?.state ?? model.current;
    for (const [path, { kind, hash }] of state) {
      if (kind !== 'file') continue;
      const parts: Uint8Array[] = [];
      try {
        await client.read(path, (bytes) => Promise.resolve(void parts.push(bytes.slice())), { signal });
      } catch (error) {
        holds(!isReadable(world, hash), `${path} cannot be read, and enough whole copies are left: ${describe(error)}`);
        world.count('files lost to the faults');
        continue;
      }
      holds(hashOf(Buffer.concat(parts)) === hash, `${path} has other bytes than were committed`);
      world.count('files read in the end');
    }
    const listed: string[] = [];
    for (const [path, { kind }] of state) {
      if (kind === 'directory') for await (const entry of client.list(path, signal)) listed.push(entry.path);
    }
    const expected = [...state.keys()].filter((path) => path !== '/');
    holds(listed.sort().join() === expected.sort().join(), `the tree is ${listed.join()}, and should be ${expected.join()}`);
    await this.#audit(client, signal);
    host.end();
  }

  async #audit(client: Pick<CollectiveClient, 'admin'>, signal: AbortSignal): Promise<void> {
    for await (const { findings } of client.admin.verifyLog(signal)) {
      holds(findings.length === 0, `the log is found damaged: ${findings.map(({ message }) => message).join('; ')}`);
    }
    for await (const { views } of client.admin.replayLog(signal)) {
      for (const view of views) holds(view.equal, `view ${view.name} differs from a replay: ${view.differingRows.join(', ')}`);
    }
  }
}
