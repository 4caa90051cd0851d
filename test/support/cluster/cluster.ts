import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CommandOptions, type CommandResult, runCommand } from './command.js';
import { Daemon } from './daemon.js';
import { type ClusterPorts, LOOPBACK, type Place } from './place.js';

export interface ClusterOptions {
  /** An empty or new folder, which the caller removes. */
  readonly root: string;
  readonly nodes: number;
  readonly capacity?: string;
  readonly memberName?: string;
  /** Where node number `index` keeps its chunks; a folder below root unless given. */
  readonly nodeDirectory?: (index: number) => string;
  /** Told about each step, in words for people. */
  readonly onStep?: (text: string) => void;
  /** Leave the processes running when this one ends. */
  readonly detached?: boolean;
  /** Extra environment of every process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where it all runs; on loopback unless given. */
  readonly place?: Place;
  /** How long a daemon may take to say that it is ready. */
  readonly readyWithinMs?: number;
  /** Further arguments of `collective init`. */
  readonly initArguments?: readonly string[];
}

/** A member's coordinator and nodes as real processes, set up with the commands a person would type. */
export class Cluster {
  static readonly executable = fileURLToPath(new URL('../../../bin/collective.js', import.meta.url));
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly coordinator: Daemon;
  readonly nodes: Daemon[] = [];
  readonly nodeDirectories: string[] = [];
  readonly name: string;
  readonly place: Place;
  readonly ports: ClusterPorts;
  readonly #options: ClusterOptions;

  private constructor(options: ClusterOptions, ports: ClusterPorts) {
    this.#options = options;
    this.root = options.root;
    this.name = options.memberName ?? 'alice';
    this.place = options.place ?? LOOPBACK;
    this.ports = ports;
    this.env = {
      ...process.env,
      HOME: join(options.root, 'home'),
      XDG_CONFIG_HOME: join(options.root, 'config'),
      XDG_DATA_HOME: join(options.root, 'data'),
      XDG_CACHE_HOME: join(options.root, 'cache'),
      NO_COLOR: '1',
      ...options.env,
    };
    this.coordinator = this.#daemon(['coordinator', 'start'], 'coordinator');
  }

  /** Founds a member, starts the coordinator, joins and starts the nodes; returns once every node is online. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options, await (options.place ?? LOOPBACK).ports(options.nodes));
    try {
      await cluster.#setUp();
    } catch (error) {
      await cluster.stop('SIGKILL');
      throw error;
    }
    return cluster;
  }

  async #setUp(): Promise<void> {
    const step = this.#options.onStep ?? ((): void => undefined);
    const { root, name, ports, passphraseFile } = this;
    const { listenHost } = this.place;
    await Promise.all(['home', 'logs'].map((folder) => mkdir(join(root, folder), { recursive: true })));
    await writeFile(passphraseFile, 'correct horse battery staple\n', { mode: 0o600 });
    step(`collective init --name ${name}`);
    await this.ok([
      'init',
      '--name',
      name,
      '--passphrase-file',
      passphraseFile,
      '--home-listen',
      `${listenHost}:${ports.home}`,
      '--enrolment-listen',
      `${listenHost}:${ports.enrolment}`,
      '--peer-listen',
      `${listenHost}:${ports.peer}`,
      ...(this.#options.initArguments ?? []),
    ]);
    step('collective coordinator start');
    await this.coordinator.start();
    for (let index = 0; index < this.#options.nodes; index += 1) await this.addNode(index);
    await this.untilOnline(this.#options.nodes);
  }

  /** Of the identity key. */
  get passphraseFile(): string {
    return join(this.root, 'passphrase');
  }

  /** Invites, joins and starts node number `index`. */
  async addNode(index: number): Promise<void> {
    const step = this.#options.onStep ?? ((): void => undefined);
    const directory = this.#options.nodeDirectory?.(index) ?? join(this.root, `node-${index + 1}`);
    const name = `node-${index + 1}`;
    const invited = await this.ok(['node', 'invite', '--name', name, '--json']);
    const { invite } = JSON.parse(invited.stdout.toString('utf8')) as { invite: string };
    step(`collective node join <invite> --path ${directory} --capacity ${this.#options.capacity ?? '100G'}`);
    await this.ok([
      'node',
      'join',
      invite,
      '--path',
      directory,
      '--capacity',
      this.#options.capacity ?? '100G',
      '--listen',
      `${this.place.listenHost}:${this.ports.nodes[index]}`,
    ]);
    const daemon = this.#daemon(['node', 'start', '--path', directory], name);
    this.nodes[index] = daemon;
    this.nodeDirectories[index] = directory;
    step(`collective node start --path ${directory}`);
    await daemon.start();
  }

  /** Waits until `count` nodes are online and ready, by asking the coordinator. */
  async untilOnline(count: number, withinMs = 60_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const listed = await this.command(['node', 'list', '--json']);
      const nodes = listed.code === 0 ? (JSON.parse(listed.stdout.toString('utf8')) as { nodes: { state: string }[] }).nodes : [];
      if (nodes.filter((node) => node.state === 'online').length >= count) return;
      if (performance.now() > deadline) {
        throw new Error(`not ${count} nodes online in time: ${listed.stdout.toString('utf8')}${listed.stderr}`);
      }
    }
  }

  command(args: readonly string[], options: Partial<CommandOptions> = {}): Promise<CommandResult> {
    return runCommand(args, { executable: Cluster.executable, env: this.env, within: this.place.within, ...options });
  }

  /** Like `command`, and throws with the command's own words when it failed. */
  async ok(args: readonly string[], options: Partial<CommandOptions> = {}): Promise<CommandResult> {
    const result = await this.command(args, options);
    if (result.code !== 0) {
      throw new Error(`collective ${args.join(' ')} exited ${result.code}: ${result.stderr}${result.stdout.toString('utf8')}`);
    }
    return result;
  }

  /** Stops every process of this cluster, and no other. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await Promise.all([...this.nodes, this.coordinator].map((daemon) => daemon.stop(signal)));
  }

  #daemon(args: readonly string[], name: string): Daemon {
    return new Daemon({
      args,
      env: this.env,
      executable: Cluster.executable,
      within: this.place.within,
      logPath: join(this.root, 'logs', `${name}.log`),
      detached: this.#options.detached ?? false,
      ...(this.#options.readyWithinMs === undefined ? {} : { readyWithinMs: this.#options.readyWithinMs }),
    });
  }
}
