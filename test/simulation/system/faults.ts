import type { ChunkId } from '../../../src/base/index.js';
import type { SeededRandom } from '../ports/index.js';
import { damageDatabase, daemonFaults, rightClocks, survivalOf } from './daemon-faults.js';
import type { DaemonHost } from './daemon-host.js';
import { COORDINATOR, DIRECTORY } from './fixture.js';
import type { Machine } from './machine.js';
import { STORE_PATH, type NodeHost } from './node-host.js';
import type { World } from './world.js';

/** A header before a chunk in a pack, and what follows it. */
const RECORD_MARGIN_BYTES = 256;
const PACK_HEADER_BYTES = 4096;

/** Which faults a run has, and how often. Each run has only some, so that they do not hide each other's traces. */
export interface Profile {
  readonly kinds: readonly FaultKind[];
  readonly chance: number;
  /** That the power fails at the very moment somebody was told of something. */
  readonly atAnswerChance: number;
  readonly cutChance: number;
}

const { crash, ends, machines } = daemonFaults<World>({
  anyDaemon: (world, random) => anyDaemon(world, random),
  anyMachine: ({ daemons, clients }, random) => random.pick([...daemons, ...clients].map(({ machine }) => machine) as [Machine]),
  nameOfCrash: ({ host }) => `crash of a ${host === COORDINATOR ? 'coordinator' : 'node'}`,
  cutWithinOperations: 40,
});

const KINDS = {
  ...ends,
  'client ends': (world, random) => {
    const busy = world.clients.filter((client) => client.busy);
    const client = busy[random.integer(Math.max(1, busy.length))];
    if (client === undefined) return;
    const interrupted = random.chance(0.5);
    world.trace.add(client.identity.host, interrupted ? 'is interrupted' : 'is killed');
    if (interrupted) client.interrupt();
    else client.kill();
  },
  disconnect: (world, random) => {
    const [left, right] = anyLink(world, random);
    world.trace.add('network', `connections between ${left} and ${right} break`);
    world.network.cut(left, right);
    world.rpc.cut(left, right);
  },
  partition: (world, random) => {
    const [left, right] = anyLink(world, random);
    world.trace.add('network', `nothing passes between ${left} and ${right}`);
    world.network.partition(left, right);
    world.rpc.partition(left, right);
    world.time.schedule(random.fraction() * 60_000, () => heal(world, left, right));
  },
  ...machines,
  'bit flip in a chunk': (world, random) => flipChunkBit(world, random),
  'an old disk is put back': (world) => putBack(world),
  'database damage': (world, random) =>
    damageDatabase(world, random, ({ host }) => (host === COORDINATOR ? `${DIRECTORY}/views` : `${STORE_PATH}/index`)),
} satisfies Record<string, (world: World, random: SeededRandom) => void>;

export type FaultKind = keyof typeof KINDS;

export function profileOf(random: SeededRandom): Profile {
  const share = random.pick([0, 0.2, 0.4, 0.8]);
  return {
    kinds: (Object.keys(KINDS) as FaultKind[]).filter(() => random.chance(share)),
    chance: random.pick([0.05, 0.15, 0.3]),
    atAnswerChance: random.pick([0, 0, 0.05, 0.2]),
    cutChance: random.pick([0, 0, 0.002, 0.02]),
  };
}

export function injectFault(world: World, kind: FaultKind, random: SeededRandom): void {
  world.count(`fault: ${kind}`);
  KINDS[kind](world, random);
}

/** The moment after an answer is when a promise that was made too early is found out. */
export function crashAfterAnswer(world: World, random: SeededRandom): void {
  world.count('fault: power loss after an answer');
  const survival = random.chance(0.7) ? 'nothing' : survivalOf(random);
  if (random.chance(0.5)) crash(world, world.coordinator, survival);
  else for (const daemon of world.daemons) crash(world, daemon, survival);
}

/** Everything that faults have changed about the world, but for damage that was done, is as it should be. */
export function healAll(world: World): void {
  world.network.cutChance = 0;
  world.rpc.cutChance = 0;
  const hosts = [...world.daemons.map(({ host }) => host), ...world.clients.map(({ identity }) => identity.host)];
  for (const left of hosts) for (const right of hosts) heal(world, left, right);
  for (const { machine } of world.daemons) machine.disk.faults.clear();
  rightClocks(world);
}

function heal(world: World, left: string, right: string): void {
  world.network.heal(left, right);
  world.rpc.heal(left, right);
}

const anyDaemon = (world: World, random: SeededRandom): DaemonHost =>
  random.chance(0.45) ? world.coordinator : random.pick(world.nodes as [NodeHost, ...NodeHost[]]);

function anyLink(world: World, random: SeededRandom): readonly [string, string] {
  const node = random.pick(world.nodes as [NodeHost, ...NodeHost[]]).host;
  const client = world.clients[random.integer(world.clients.length)]?.identity.host ?? '';
  return random.pick([
    [node, COORDINATOR],
    [client, COORDINATOR],
    [client, node],
  ] as const);
}

/** What a backup of the coordinator's disk would hold that is made now. */
export function makeImage(world: World): void {
  if (!world.history.restoring) world.image = world.coordinator.machine.disk.copy('nothing');
}

/** Nothing but the log on other disks can make good for what an old one lacks: so only where nodes keep it. */
function putBack(world: World): void {
  const { image } = world;
  if (image === undefined || world.history.model.witnessRules.length === 0) return;
  world.trace.add(COORDINATOR, 'loses its disk; an old copy of it is put in');
  world.count('coordinators set back to an old disk');
  world.coordinator.putBack(image);
  world.history.restored();
}

/** One bit of a file that holds chunks. Which copies that may cost is worked out from the bytes, not asked of the program. */
function flipChunkBit(world: World, random: SeededRandom): void {
  const node = random.pick(world.nodes as [NodeHost, ...NodeHost[]]);
  const { disk } = node.machine;
  const files = [...disk.filesBelow(`${STORE_PATH}/chunks`), ...disk.filesBelow(`${STORE_PATH}/packs`)];
  const path = files[random.integer(Math.max(1, files.length))];
  const content = path === undefined ? undefined : disk.contentOf(path);
  if (path === undefined || content === undefined || content.length === 0) return;
  const position = random.integer(content.length);
  const { nodeId } = node.identity;
  const hit = path.endsWith('.pack') ? inPack(world, content, position) : [path.slice(path.lastIndexOf('/') + 1) as ChunkId];
  world.trace.add(node.host, `a bit flips at byte ${position} of ${path}; ${hit.length} chunks may suffer`);
  world.doubt(nodeId, hit);
  disk.flipBit(path, position);
}

function inPack(world: World, content: Uint8Array, position: number): readonly ChunkId[] {
  const pack = Buffer.from(content.buffer, content.byteOffset, content.length);
  return world.contents
    .small()
    .filter(([, bytes]) => {
      for (let start = pack.indexOf(bytes); start >= 0; start = pack.indexOf(bytes, start + 1)) {
        const near = position >= start - RECORD_MARGIN_BYTES && position < start + bytes.length + RECORD_MARGIN_BYTES;
        if (near || position < PACK_HEADER_BYTES) return true;
      }
      return false;
    })
    .map(([chunkId]) => chunkId);
}
