import type { SeededRandom, SimTime, Survival } from '../ports/index.js';
import type { DaemonHost } from './daemon-host.js';
import type { Machine } from './machine.js';
import type { Trace } from './trace.js';

const HOUR_MS = 3_600_000;
const DISK_FAULT_MS = 20_000;

interface FaultyWorld {
  readonly daemons: readonly DaemonHost[];
  readonly time: SimTime;
  readonly trace: Trace;
  /** Clocks that are wrong, and by how much. */
  readonly jumped: Map<Machine, number>;
  count(what: string): void;
}

export interface DaemonFaultOptions<World extends FaultyWorld> {
  readonly anyDaemon: (world: World, random: SeededRandom) => DaemonHost;
  readonly anyMachine: (world: World, random: SeededRandom) => Machine;
  /** What a crash is counted as. */
  readonly nameOfCrash: (daemon: DaemonHost) => string;
  /** Within how many operations of its disk the power fails. */
  readonly cutWithinOperations: number;
}

type Fault<World> = (world: World, random: SeededRandom) => void;

export const survivalOf = (random: SeededRandom): Survival => random.pick(['nothing', 'random', 'random', 'everything']);

/** What may befall any program and its machine. */
export function daemonFaults<World extends FaultyWorld>(options: DaemonFaultOptions<World>) {
  const { anyDaemon, anyMachine } = options;
  const crash = (world: World, daemon: DaemonHost, how: 'kill' | Survival): void => {
    world.trace.add(daemon.host, how === 'kill' ? 'is killed' : `loses power; of unsynced writes ${how} survives`);
    world.count(options.nameOfCrash(daemon));
    if (how === 'kill') daemon.kill();
    else daemon.powerLoss(how);
  };
  const ends = {
    kill: (world, random) => crash(world, anyDaemon(world, random), 'kill'),
    'power loss': (world, random) => crash(world, anyDaemon(world, random), survivalOf(random)),
    'power loss everywhere': (world, random) => {
      for (const daemon of world.daemons) crash(world, daemon, survivalOf(random));
    },
    'power cut in the middle': (world, random) => {
      const daemon = anyDaemon(world, random);
      if (daemon.state === 'off') return;
      world.trace.add(daemon.host, 'its power will be cut soon');
      const { disk } = daemon.machine;
      const survival = survivalOf(random);
      disk.faults.cutPowerAt(1 + random.integer(options.cutWithinOperations), () => {
        if (daemon.machine.disk === disk) crash(world, daemon, survival);
      });
    },
    'restart in order': (world, random) => {
      const daemon = anyDaemon(world, random);
      if (daemon.state !== 'running') return;
      world.trace.add(daemon.host, 'is stopped in order');
      daemon.stop().catch((error: unknown) => world.trace.add(daemon.host, `did not stop in order: ${String(error)}`));
    },
  } satisfies Record<string, Fault<World>>;
  const machines = {
    'clock jump': (world, random) => {
      const machine = anyMachine(world, random);
      const reach = random.pick([2000, 60_000, 15 * 60_000, 3 * HOUR_MS]);
      const byMs = Math.round((random.fraction() * 2 - 1) * reach);
      world.trace.add(machine.host, `its clock jumps by ${byMs} ms`);
      machine.clock.jump(byMs);
      world.jumped.set(machine, (world.jumped.get(machine) ?? 0) + byMs);
    },
    'full disk': (world, random) => {
      const daemon = anyDaemon(world, random);
      const { faults } = daemon.machine.disk;
      world.trace.add(daemon.host, 'its disk is full');
      faults.plan({ operation: 'write', errno: 'ENOSPC', lasting: true });
      world.time.schedule(random.fraction() * DISK_FAULT_MS, () => faults.clear());
    },
    'disk error': (world, random) => {
      const daemon = anyDaemon(world, random);
      const operation = random.pick(['write', 'sync', 'syncDirectory', 'read', 'open', 'rename'] as const);
      world.trace.add(daemon.host, `a ${operation} will fail`);
      const { faults } = daemon.machine.disk;
      faults.plan({ operation, errno: 'EIO', nth: 1 + random.integer(5), lasting: random.chance(0.2) });
      world.time.schedule(random.fraction() * DISK_FAULT_MS, () => faults.clear());
    },
  } satisfies Record<string, Fault<World>>;
  return { crash, ends, machines };
}

/** Of a program that does not run just now: the database that it has there loses what it holds, or gets it wrong. */
export function damageDatabase(world: FaultyWorld, random: SeededRandom, pathOf: (daemon: DaemonHost) => string): void {
  const off = world.daemons.filter(({ state }) => state === 'off');
  const daemon = off[random.integer(Math.max(1, off.length))];
  if (daemon === undefined) return;
  const path = pathOf(daemon);
  const { stores } = daemon.machine;
  if (!stores.exists(path)) return;
  const how = random.pick(['loseCurrent', 'flipValue'] as const);
  world.trace.add(daemon.host, `its database is damaged: ${how}`);
  stores[how](path);
}

/** All clocks are right again. */
export function rightClocks(world: FaultyWorld): void {
  for (const [machine, byMs] of world.jumped) machine.clock.jump(-byMs);
  world.jumped.clear();
}
