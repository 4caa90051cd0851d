import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type Daemon } from '../../test/support/cluster/index.js';
import { Oracle } from './oracle.js';
import { Seeded } from './seeded.js';
import { Worker } from './workload.js';

export interface KillLoopOptions {
  /** A new or empty folder; removed by the caller. */
  readonly root: string;
  readonly kills: number;
  readonly seed: number;
  readonly workers?: number;
  readonly onProgress?: (text: string) => void;
}

export interface KillLoopReport {
  readonly seed: number;
  readonly kills: Readonly<Record<Role, number>>;
  /** Kills that struck while at least one client operation ran. */
  readonly inFlight: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly wrong: number;
  readonly slowestRestartMs: number;
  readonly paths: number;
  readonly replayEqual: boolean;
  readonly complaints: readonly string[];
}

const ROLES = ['coordinator', 'node', 'client'] as const;
type Role = (typeof ROLES)[number];

/**
 * Kills coordinator, nodes and clients with SIGKILL at random moments under load, starts each again with the same command,
 * and in the end reads back everything that was ever promised.
 */
export async function runKillLoop(options: KillLoopOptions): Promise<KillLoopReport> {
  const random = new Seeded(options.seed);
  const progress = options.onProgress ?? ((): void => undefined);
  const cluster = await Cluster.start({ root: options.root, nodes: 3 });
  try {
    const oracle = new Oracle();
    const workers = Array.from(
      { length: options.workers ?? 3 },
      (_, index) => new Worker({ cluster, oracle, random: new Seeded(options.seed * 1000 + index), name: `worker-${index}` }),
    );
    for (const worker of workers) await cluster.ok(['mkdir', `/worker-${workers.indexOf(worker)}`]);

    let stopping = false;
    const working = Promise.all(workers.map((worker) => worker.run(() => stopping)));
    // Awaited below; observed here too, so that a failure in the meantime is not an unhandled rejection.
    working.catch(() => {
      stopping = true;
    });

    const kills: Record<Role, number> = { coordinator: 0, node: 0, client: 0 };
    let inFlight = 0;
    let slowestRestartMs = 0;
    for (let count = 0; count < options.kills && !stopping; count += 1) {
      await sleep(100 + random.below(900));
      const busy = workers.filter((worker) => worker.child !== undefined);
      const role = random.pick(ROLES);
      if (role === 'client') {
        const [victim] = busy;
        if (victim?.child === undefined) {
          count -= 1;
          continue;
        }
        victim.child.kill('SIGKILL');
      } else {
        const daemon: Daemon = role === 'coordinator' ? cluster.coordinator : random.pick(cluster.nodes);
        await daemon.stop('SIGKILL');
        await daemon.start();
        slowestRestartMs = Math.max(slowestRestartMs, daemon.startMs);
      }
      kills[role] += 1;
      if (busy.length > 0) inFlight += 1;
      if ((count + 1) % 10 === 0) {
        progress(
          `${count + 1} of ${options.kills} kills, ${oracle.acknowledged} changes acknowledged, ` +
            `${oracle.lost} lost, ${oracle.wrong} wrong`,
        );
      }
    }
    stopping = true;
    await working;

    progress('reading everything back');
    await cluster.untilOnline(3);
    await readEverything(workers, oracle);
    const replay = await cluster.command(['audit', 'replay', '--json']);
    return {
      seed: options.seed,
      kills,
      inFlight,
      slowestRestartMs,
      operations: workers.reduce((sum, worker) => sum + worker.operations, 0),
      acknowledged: oracle.acknowledged,
      lost: oracle.lost,
      wrong: oracle.wrong,
      paths: oracle.paths().length,
      replayEqual: replay.code === 0,
      complaints: oracle.complaints,
    };
  } finally {
    await cluster.stop('SIGKILL');
  }
}

async function readEverything(workers: readonly Worker[], oracle: Oracle): Promise<void> {
  await Promise.all(
    workers.map(async (worker) => {
      if (await worker.readAllBack()) return;
      for (const path of worker.ownPaths()) {
        if (!(await worker.readBack(path))) oracle.unreadable(path, 'could not be read in the end');
      }
    }),
  );
}
