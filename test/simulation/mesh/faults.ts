import type { SeededRandom } from '../ports/index.js';
import { damageDatabase, daemonFaults, rightClocks, survivalOf } from '../system/daemon-faults.js';
import { DIRECTORY } from './fixture.js';
import type { MemberHost } from './member-host.js';
import type { World } from './world.js';

/** Which faults a run has, and how often. Each run has only some, so that they do not hide each other's traces. */
export interface Profile {
  readonly kinds: readonly FaultKind[];
  readonly chance: number;
  /** That the power fails at the very moment somebody was told of something. */
  readonly atAnswerChance: number;
  readonly cutChance: number;
  readonly duplicateChance: number;
}

const { crash, ends, machines } = daemonFaults<World>({
  anyDaemon: (world, random) => anyMember(world, random),
  anyMachine: (world, random) => anyMember(world, random).machine,
  nameOfCrash: () => 'crashes',
  cutWithinOperations: 60,
});
export { crash };

const KINDS = {
  ...ends,
  disconnect: (world, random) => {
    const [left, right] = anyLink(world, random);
    world.trace.add('network', `connections between ${left} and ${right} break`);
    world.rpc.cut(left, right);
  },
  'partition of two': (world, random) => {
    const [left, right] = anyLink(world, random);
    partition(world, [[left, right]], 'both', random);
  },
  'one-way partition': (world, random) => {
    const [left, right] = anyLink(world, random);
    partition(world, [[left, right]], 'one', random);
  },
  'split in two halves': (world, random) => {
    const side = world.members.map(() => random.chance(0.5));
    const links = world.members.flatMap(({ host }, index) =>
      world.members.flatMap((other, place) =>
        place > index && side[place] !== side[index] ? [[host, other.host] as const] : [],
      ),
    );
    partition(world, links, 'both', random);
  },
  'cut off from everybody': (world, random) => {
    const { host } = anyMember(world, random);
    const others = world.members.filter((other) => other.host !== host);
    partition(
      world,
      others.map((other) => [host, other.host] as const),
      'both',
      random,
    );
  },
  ...machines,
  'views are lost': (world, random) => damageDatabase(world, random, () => `${DIRECTORY}/views`),
  'an old disk is put back': (world, random) => putBack(world, anyMember(world, random)),
} satisfies Record<string, (world: World, random: SeededRandom) => void>;

export type FaultKind = keyof typeof KINDS;

export function profileOf(random: SeededRandom): Profile {
  const share = random.pick([0, 0.2, 0.4, 0.8]);
  return {
    kinds: (Object.keys(KINDS) as FaultKind[]).filter(() => random.chance(share)),
    chance: random.pick([0.05, 0.15, 0.3]),
    atAnswerChance: random.pick([0, 0, 0.05, 0.2]),
    cutChance: random.pick([0, 0, 0.002, 0.02]),
    duplicateChance: random.pick([0, 0, 0.05, 0.3]),
  };
}

export function injectFault(world: World, kind: FaultKind, random: SeededRandom): void {
  world.count(`fault: ${kind}`);
  KINDS[kind](world, random);
}

/** The moment after an answer is when a promise that was made too early is found out. */
export function crashAfterAnswer(world: World, member: MemberHost, random: SeededRandom): void {
  world.count('fault: power loss after an answer');
  const survival = random.chance(0.7) ? 'nothing' : survivalOf(random);
  if (random.chance(0.5)) crash(world, member, survival);
  else for (const each of world.members) crash(world, each, survival);
}

/** Everything that faults have changed about the world is as it should be. */
export function healAll(world: World): void {
  world.rpc.cutChance = 0;
  world.rpc.peerWire = undefined;
  for (const left of world.members) for (const right of world.members) world.rpc.heal(left.host, right.host);
  for (const { machine } of world.members) {
    const { faults } = machine.disk;
    faults.clear();
    if (!faults.powerIsCut) faults.cutPowerAt(Number.POSITIVE_INFINITY);
  }
  rightClocks(world);
}

/** What a backup of a member's disk would hold that is made now. */
export function makeImage(world: World, random: SeededRandom): void {
  const member = anyMember(world, random);
  const { memberId } = member.founded;
  if (world.ledger.setBack.has(memberId)) return;
  world.images.set(member, { disk: member.machine.disk.copy('nothing'), known: world.ledger.holdersOf(memberId) });
}

function putBack(world: World, member: MemberHost): void {
  const image = world.images.get(member);
  if (image === undefined || !world.mayBeSetBack(member)) return;
  world.trace.add(member.host, 'loses its disk; an old copy of it is put in');
  world.count('members set back to an old disk');
  member.putBack(image.disk);
  world.ledger.replaced(member.founded.memberId);
}

function partition(
  world: World,
  links: readonly (readonly [string, string])[],
  directions: 'both' | 'one',
  random: SeededRandom,
): void {
  for (const [left, right] of links) {
    world.trace.add(
      'network',
      `nothing passes ${directions === 'both' ? 'between' : 'from'} ${left} ${directions === 'both' ? 'and' : 'to'} ${right}`,
    );
    world.rpc.partition(left, right, directions);
  }
  const forMs = random.fraction() * random.pick([5_000, 60_000, 300_000]);
  world.time.schedule(forMs, () => {
    for (const [left, right] of links) world.rpc.heal(left, right);
  });
}

export const anyMember = (world: World, random: SeededRandom): MemberHost =>
  random.pick(world.members as [MemberHost, ...MemberHost[]]);

function anyLink(world: World, random: SeededRandom): readonly [string, string] {
  const left = random.integer(world.members.length);
  const right = (left + 1 + random.integer(world.members.length - 1)) % world.members.length;
  return [world.members[left]?.host ?? '', world.members[right]?.host ?? ''];
}
