import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Cluster, type ClusterOptions } from './cluster.js';
import { Network } from './machines/index.js';
import type { Place } from './place.js';

export interface MemberOptions extends Pick<ClusterOptions, 'capacity' | 'initArguments' | 'nodeDirectory'> {
  readonly name: string;
  readonly nodes: number;
}

export interface CollectiveOptions extends Pick<ClusterOptions, 'detached' | 'env'> {
  /** An empty or new folder, which the caller removes. */
  readonly root: string;
  readonly members: readonly MemberOptions[];
  /** Gives each member a machine of its own, with an address of its own; else all are on loopback. */
  readonly separateMachines?: boolean;
  /** Told about each step that a member takes, in words for people. */
  readonly onStep?: (member: string, text: string) => void;
}

/** Several members, each with a coordinator and nodes as real processes and a configuration of its own. They know nothing of each other. */
export class Collective {
  /** Undefined on loopback. */
  readonly network: Network | undefined;
  readonly root: string;
  readonly #options: CollectiveOptions;
  readonly #members = new Map<string, Cluster>();

  private constructor(options: CollectiveOptions, network: Network | undefined) {
    this.#options = options;
    this.root = options.root;
    this.network = network;
  }

  /** Returns once every member's coordinator is ready and every node is online. */
  static async start(options: CollectiveOptions): Promise<Collective> {
    const network = options.separateMachines === true ? await Network.create() : undefined;
    const collective = new Collective(options, network);
    try {
      // In turn, so that they have their addresses in the order in which they are named.
      for (const { name } of options.members) await network?.add(name);
      const begun = await Promise.allSettled(
        options.members.map((member) => collective.#begin(member, network?.machine(member.name))),
      );
      const failed = begun.find((each) => each.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } catch (error) {
      await collective.stop('SIGKILL');
      throw error;
    }
    return collective;
  }

  /** Another member, who joins nobody yet. */
  async add(member: MemberOptions): Promise<Cluster> {
    return this.#begin(member, await this.network?.add(member.name));
  }

  async #begin(member: MemberOptions, place: Place | undefined): Promise<Cluster> {
    const { name } = member;
    const { root, onStep, detached, env } = this.#options;
    await mkdir(join(root, name), { recursive: true });
    const cluster = await Cluster.start({
      ...member,
      root: join(root, name),
      memberName: name,
      ...(place === undefined ? {} : { place }),
      ...(detached === undefined ? {} : { detached }),
      ...(env === undefined ? {} : { env }),
      ...(onStep === undefined ? {} : { onStep: (text) => onStep(name, text) }),
    });
    this.#members.set(name, cluster);
    return cluster;
  }

  of(name: string): Cluster {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`there is no member ${name}`);
    return member;
  }

  get all(): readonly Cluster[] {
    return [...this.#members.values()];
  }

  /** Stops every process of every member, and no other, and removes the machines. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await Promise.all(this.all.map((member) => member.stop(signal)));
    await this.network?.remove();
  }
}
