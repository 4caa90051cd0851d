import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, type ClusterOptions, type CommandResult } from '../cluster/index.js';
import { jsonOf, STATUS, type Status } from './answers.js';

/** A running cluster, and a folder for a test's own files. */
export class World {
  readonly cluster: Cluster;
  readonly root: string;
  #folders = 0;

  private constructor(cluster: Cluster, root: string) {
    this.cluster = cluster;
    this.root = root;
  }

  static async start(options: Omit<ClusterOptions, 'root'>): Promise<World> {
    const root = await mkdtemp(join(tmpdir(), 'collective-e2e-'));
    try {
      return new World(await Cluster.start({ ...options, root: join(root, 'cluster') }), root);
    } catch (error) {
      await rm(root, { recursive: true, force: true });
      throw error;
    }
  }

  /** A new, empty folder. */
  async folder(): Promise<string> {
    this.#folders += 1;
    const path = join(this.root, `files-${this.#folders}`);
    await mkdir(path);
    return path;
  }

  ok(...args: readonly string[]): Promise<CommandResult> {
    return this.cluster.ok(args);
  }

  command(...args: readonly string[]): Promise<CommandResult> {
    return this.cluster.command(args);
  }

  async status(): Promise<Status> {
    return jsonOf(await this.ok('status', '--json'), STATUS);
  }

  /** Asks for the status until it is as wanted; fails with the last one. */
  async statusWhen(wanted: (status: Status) => boolean, withinMs = 60_000): Promise<Status> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const status = await this.status();
      if (wanted(status)) return status;
      if (performance.now() > deadline)
        throw new Error(`the status did not become as wanted: ${JSON.stringify(status, undefined, 1)}`);
    }
  }

  async stop(): Promise<void> {
    await this.cluster.stop('SIGKILL');
    await rm(this.root, { recursive: true, force: true });
  }
}

export const findingCodes = ({ findings }: Status): readonly string[] => findings.map(({ code }) => code);

/** Every test here has one disk and keeps no export of its keys. */
const OF_THE_SET_UP: ReadonlySet<string> = new Set(['log-on-one-disk', 'identity-not-exported']);

/** Nothing is wrong but what is so in every test. */
export const isWell = ({ findings }: Status): boolean =>
  findings.every(({ code, severity }) => severity === 'notice' || OF_THE_SET_UP.has(code));
