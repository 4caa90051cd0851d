import { PeerServiceDefinition } from '../../../src/transport/index.js';
import type { SeededRandom } from '../ports/index.js';
import { reportOf, type SimulationReport } from '../system/report.js';
import { Supervisor } from '../system/supervisor.js';
import { holds } from '../system/violation.js';
import { crash, crashAfterAnswer, healAll, injectFault, makeImage, profileOf } from './faults.js';
import { checkConverged, checkStopped, lacking } from './final-checks.js';
import { startOperation } from './operations.js';
import { World } from './world.js';

/** Longer than any wait of the programs, so that nothing of the time of faults is under way any more. */
const SETTLE_MS = 90_000;
const FINAL_STARTS = 60;
/** How long after the last fault everybody may take to hold what everybody holds. */
const CONVERGENCE_MS = 180_000;

/** Runs one seed from the first start to the last check. */
export async function simulateMesh(seed: number, print?: (line: string) => void): Promise<SimulationReport> {
  const world = await World.create(seed, print);
  return reportOf(world, new Run(world));
}

/** Its messages may be said again at any time, as after another session has begun: no call but this has such ones. */
const SESSION = `/${PeerServiceDefinition.fullName}/${PeerServiceDefinition.methods.session.name}`;

function repeated(world: World): boolean {
  world.count('calls between members made twice');
  return true;
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
    const hosts = world.members.map(({ host }) => host).join(', ');
    world.trace.add('simulation', `${hosts}; faults: ${profile.kinds.join(', ') || 'none'}; chance ${profile.chance}`);
    await world.evil?.start();
    this.#supervise();
    if (random.chance(0.7)) await this.#until(() => world.members.every(({ state }) => state === 'running'), 60_000);
    if (random.chance(0.3)) await this.#pass(10_000);
    world.rpc.cutChance = profile.cutChance;
    const wire = random.fork('wire');
    world.rpc.peerWire = {
      times: (path) => (path === SESSION && wire.chance(profile.duplicateChance) ? 2 : 1),
      repeats: (path) => path !== SESSION && wire.chance(profile.duplicateChance) && repeated(world),
    };
    const count = 10 + random.integer(24);
    for (let step = 0; step < count; step += 1) {
      this.steps += 1;
      const kind = profile.kinds[random.integer(Math.max(1, profile.kinds.length))];
      if (kind !== undefined && random.chance(profile.chance)) injectFault(world, kind, random);
      if (random.chance(0.15)) makeImage(world, random);
      this.#operate(step, profile.atAnswerChance);
      await this.#pass(random.fraction() * random.pick([5, 50, 500, 500, 5000, 20_000]));
    }
    await this.#end();
  }

  #operate(step: number, atAnswerChance: number): void {
    const [world, random] = [this.#world, this.#random];
    const idle = world.clients.filter((client) => !client.busy);
    const client = idle[random.integer(Math.max(1, idle.length))];
    if (client === undefined || !random.chance(0.8)) return;
    const member = world.memberOf(client.founded.memberId);
    startOperation(world, client, random.fork(`operation ${step}`), `s${step}`, () => {
      if (member !== undefined && random.chance(atAnswerChance)) crashAfterAnswer(world, member, random);
    });
  }

  /** Lets time pass, and looks after everybody in it. */
  async #pass(durationMs: number): Promise<void> {
    await this.#world.timers.sleep(durationMs);
    this.#supervise();
    this.#check();
  }

  #check(): void {
    const world = this.#world;
    if (world.failure !== undefined) throw world.failure;
    for (const { host, machine } of world.members) {
      const [internal] = machine.process?.logger.internal ?? [];
      holds(internal === undefined, `${host} has met an error of its own: ${internal}`);
    }
    // A HEAD that is mended is replaced, and not synced under its name.
    for (const { founded } of world.members) world.ledger.read(founded.memberId);
    const operations = world.members.map(({ machine }) => machine.disk.faults.count()).join(' ');
    world.trace.add('logs', `${world.positions()}; disk operations ${operations}`);
  }

  #supervise(): void {
    this.#supervisor.supervise(this.steps === 0);
  }

  async #until(test: () => boolean, limitMs: number): Promise<void> {
    for (let waitedMs = 0; !test() && waitedMs < limitMs; waitedMs += 500) await this.#pass(500);
  }

  async #untilNothingLacks(sinceMs: number): Promise<void> {
    const world = this.#world;
    let problem = await lacking(world);
    while (problem !== undefined && world.time.nowMs - sinceMs < CONVERGENCE_MS) {
      await this.#pass(1000);
      problem = await lacking(world);
    }
    holds(problem === undefined, problem ?? '');
  }

  /** All faults end, everything is started again, and everybody must come to hold the same. */
  async #end(): Promise<void> {
    const world = this.#world;
    const isUp = (): boolean => world.members.every(({ state }) => state === 'running');
    world.trace.add('simulation', 'all faults end');
    healAll(world);
    await this.#until(() => world.clients.every((client) => !client.busy), SETTLE_MS);
    for (const client of world.clients) if (client.busy) client.kill();
    if (this.#random.chance(0.5)) {
      for (const member of world.members) if (member.state !== 'off') crash(world, member, 'kill');
    }
    for (let starts = 0; starts < FINAL_STARTS && !isUp(); starts += 1) await this.#pass(2000);
    holds(isUp(), `not everything is back after all faults have ended: ${this.#supervisor.problems}`);
    if (world.evil !== undefined) await this.#until(() => world.evil?.isRevealed === true, SETTLE_MS);
    this.#operate(this.steps, 0);
    const healedMs = world.time.nowMs;
    await this.#until(() => world.clients.every((client) => !client.busy), SETTLE_MS);
    await this.#untilNothingLacks(healedMs);
    world.count('virtual ms from the last start to convergence', Math.round(world.time.nowMs - healedMs));
    await this.#pass(2_000);
    // Somebody may have found a fork meanwhile, and put that on record.
    await this.#untilNothingLacks(healedMs);
    await checkConverged(world);
    this.#check();
    await checkStopped(world);
  }
}
