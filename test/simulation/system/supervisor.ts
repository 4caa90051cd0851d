import { isCollectiveError } from '../../../src/base/index.js';
import { isFileSystemError } from '../../../src/ports/index.js';
import type { SeededRandom, SimTime } from '../ports/index.js';
import type { DaemonHost } from './daemon-host.js';
import type { Trace } from './trace.js';
import { describe } from './violation.js';

const RESTART_WITHIN_MS = 5000;

export interface SupervisedWorld {
  readonly daemons: readonly DaemonHost[];
  readonly time: SimTime;
  readonly trace: Trace;
  count(what: string): void;
  fail(error: unknown): void;
}

/** Starts again what has ended, a while later. */
export class Supervisor {
  readonly #world: SupervisedWorld;
  readonly #random: SeededRandom;
  readonly #restartAtMs = new Map<DaemonHost, number>();
  readonly #problems = new Map<DaemonHost, unknown>();

  constructor(world: SupervisedWorld, random: SeededRandom) {
    this.#world = world;
    this.#random = random;
  }

  /** Why those that did not start last time did not. */
  get problems(): string {
    return [...this.#problems].map(([{ host }, error]) => `${host}: ${describe(error)}`).join('; ');
  }

  /** `atOnce`: without the while, as when everything is switched on. */
  supervise(atOnce: boolean): void {
    const { daemons, time, trace } = this.#world;
    for (const daemon of daemons) {
      if (daemon.failure !== undefined && daemon.state === 'running') {
        daemon.stop().catch((error: unknown) => trace.add(daemon.host, `did not stop in order: ${String(error)}`));
      }
      if (daemon.state !== 'off') continue;
      const atMs = this.#restartAtMs.get(daemon);
      if (atMs === undefined && !atOnce) this.#restartAtMs.set(daemon, time.nowMs + this.#random.fraction() * RESTART_WITHIN_MS);
      else if (atMs === undefined || atMs <= time.nowMs) this.#start(daemon);
    }
  }

  #start(daemon: DaemonHost): void {
    const world = this.#world;
    this.#restartAtMs.delete(daemon);
    world.trace.add(daemon.host, 'starts');
    daemon.start().then(
      () => {
        this.#problems.delete(daemon);
        world.trace.add(daemon.host, daemon.state === 'running' ? 'runs' : 'was ended while it started');
      },
      (error: unknown) => {
        this.#problems.set(daemon, error);
        if (!isCollectiveError(error) && !isFileSystemError(error)) world.fail(error);
        const code = isCollectiveError(error) ? error.code : String(error);
        world.trace.add(daemon.host, `does not start: ${code}`);
        world.trace.aside(daemon.host, describe(error));
        world.count(`start refused: ${code}`);
      },
    );
  }
}
