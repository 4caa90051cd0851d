import type { MemberId } from '../../../src/base/index.js';
import { SeededRandom, SimFileSystem, SimRpcNetwork, SimTime, SimTimers } from '../ports/index.js';
import { Machine } from '../system/machine.js';
import { Trace } from '../system/trace.js';
import { EvilMember, SINS } from './evil-member.js';
import { admission, diskWith, foundedMember, type FoundedMember, NAMES } from './fixture.js';
import { Ledger } from './ledger.js';
import { MemberClient, MemberHost } from './member-host.js';

const LOG_HEAD = /\/log\/([^/]+)\/HEAD\.[01]$/;

/** An older state of a disk, as a backup has it. */
export interface DiskImage {
  readonly disk: SimFileSystem;
  /** Who has its owner's log from before: those whom its owner can ask with this disk. */
  readonly known: readonly MemberId[];
}

/** Everything there is in one run, made from its seed. */
export class World {
  readonly seed: number;
  readonly random: SeededRandom;
  readonly time: SimTime;
  readonly timers: SimTimers;
  readonly trace: Trace;
  readonly rpc: SimRpcNetwork;
  readonly members: readonly MemberHost[];
  readonly clients: readonly MemberClient[];
  readonly ledger: Ledger;
  readonly counts = new Map<string, number>();
  /** Clocks that are wrong, and by how much. */
  readonly jumped = new Map<Machine, number>();
  readonly images = new Map<MemberHost, DiskImage>();
  /** The dishonest one, if there is one. */
  evil: EvilMember | undefined;
  /** The first thing that must not be; the run ends with it. */
  failure: Error | undefined;

  static async create(seed: number, print?: (line: string) => void): Promise<World> {
    const random = new SeededRandom(`mesh/${seed}`);
    const count = random.pick([2, 3, 3, 4, 4, 5, 7]);
    const founded = await Promise.all(NAMES.slice(0, count).map(foundedMember));
    const dishonest = random.chance(0.3) ? founded[random.integer(count)] : undefined;
    const honest = founded.filter((member) => member !== dishonest);
    const known = whoKnowsWhom(honest, random.fork('peers')).map(([one, others]) => {
      const met = dishonest !== undefined && (one === honest[0] || random.chance(0.6)) ? [dishonest] : [];
      return [one, [...others, ...met]] as const;
    });
    const disks = await Promise.all(known.map(([one, others]) => diskWith(one, [others.map((other) => admission(other))])));
    const disksOf = new Map(honest.map((member, index) => [member, disks[index] ?? member.disk]));
    const world = new World(seed, random, honest, disksOf, print);
    world.#hideOne(random.fork('reach'));
    if (dishonest !== undefined) await world.#letIn(dishonest, honest);
    return world;
  }

  private constructor(
    seed: number,
    random: SeededRandom,
    founded: readonly FoundedMember[],
    disks: ReadonlyMap<FoundedMember, SimFileSystem>,
    print: ((line: string) => void) | undefined,
  ) {
    this.seed = seed;
    this.random = random;
    const time = new SimTime();
    this.time = time;
    this.timers = new SimTimers(time);
    const trace = new Trace(time, print);
    this.trace = trace;
    this.rpc = new SimRpcNetwork({
      time,
      random: random.fork('rpc'),
      delayMs: random.pick([
        [0.1, 3],
        [5, 60],
        [20, 400],
      ]),
    });
    const { rpc } = this;
    this.members = founded.map((member) => {
      const onSynced = (path: string): void => this.#onSynced(member.memberId, path);
      const disk = disks.get(member) ?? member.disk;
      const machine = new Machine({ time, trace, random, host: member.name, disk, onSynced });
      return new MemberHost({ founded: member, machine, rpc, trace });
    });
    this.clients = founded.map((member) => {
      const machine = new Machine({ time, trace, random, host: `client-${member.name}`, disk: new SimFileSystem() });
      return new MemberClient({ founded: member, machine, rpc });
    });
    const holders = this.members.map((member) => {
      return [member.founded.memberId, { name: member.host, disk: () => member.machine.disk }] as const;
    });
    this.ledger = new Ledger(new Map(holders));
    for (const {
      founded: { memberId },
    } of this.members)
      this.ledger.readOne(memberId, memberId);
  }

  /** One of the members runs a program of its own. */
  async #letIn(founded: FoundedMember, others: readonly FoundedMember[]): Promise<void> {
    const { time, trace, random, rpc } = this;
    const disk = await diskWith(founded, [others.map((other) => admission(other))]);
    const machine = new Machine({ time, trace, random, host: founded.name, disk });
    const evil = random.fork('evil');
    this.evil = await EvilMember.make({ founded, sin: evil.pick(SINS), others, random: evil, machine, rpc, trace }, disk);
  }

  /** In some runs one member is behind a router that lets nobody in. */
  #hideOne(random: SeededRandom): void {
    if (!random.chance(0.4)) return;
    const { host } = random.pick(this.members as [MemberHost, ...MemberHost[]]);
    this.rpc.undialable.add(host);
    this.trace.add(host, 'cannot be dialled by others');
    this.count('runs with a member that nobody can dial');
  }

  get daemons(): readonly MemberHost[] {
    return this.members;
  }

  count(what: string, by = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  /** Keeps the first of them. */
  fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
  }

  memberOf(memberId: MemberId): MemberHost | undefined {
    return this.members.find(({ founded }) => founded.memberId === memberId);
  }

  /** Whether an old disk in this machine loses nothing: of everybody set back, somebody whom that one's old disk knows holds all. */
  mayBeSetBack(member: MemberHost): boolean {
    const others = this.members.filter((other) => other !== member && this.ledger.setBack.has(other.founded.memberId));
    return [member, ...others].every((each) => {
      const known = this.images.get(each)?.known.filter((holder) => holder !== member.founded.memberId) ?? [];
      return this.ledger.holdsAll(known, each.founded.memberId);
    });
  }

  /** How far everybody holds each log, for the trace. */
  positions(): string {
    const { members, ledger } = this;
    return members
      .map(({ founded: owner, host }) => {
        const held = members.map(({ founded }) => ledger.log(founded.memberId, owner.memberId).sequence);
        return `${host} ${held.join(' ')}`;
      })
      .join(' | ');
  }

  #onSynced(holder: MemberId, path: string): void {
    const origin = LOG_HEAD.exec(path)?.[1];
    const found = this.members.find(({ founded }) => founded.memberId === origin);
    if (found === undefined) return;
    try {
      this.ledger.readOne(holder, found.founded.memberId);
      if (holder !== found.founded.memberId) this.count('syncs of foreign logs held against their owners');
    } catch (error) {
      this.fail(error);
    }
  }
}

/** Whom each has admitted at first: everybody, or a tree whose members are to introduce the others to each other. */
function whoKnowsWhom(
  members: readonly FoundedMember[],
  random: SeededRandom,
): readonly (readonly [FoundedMember, readonly FoundedMember[]])[] {
  const links = members.map(() => new Set<FoundedMember>());
  const full = random.chance(0.4);
  for (const [index, member] of members.entries()) {
    for (const [earlier, other] of members.entries()) {
      if (earlier >= index) break;
      if (!full && earlier !== random.integer(index) && !(earlier === index - 1 && links[index]?.size === 0)) continue;
      links[index]?.add(other);
      links[earlier]?.add(member);
    }
  }
  return members.map((member, index) => [member, [...(links[index] ?? [])]] as const);
}
