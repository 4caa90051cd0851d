import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { CollectiveError, isCollectiveError, type MemberId } from '../../base/index.js';
import type { Coordinator } from '../../coordinator/index.js';
import { ContextStore } from '../contexts/context-store.js';
import { openContextClient } from './client.js';
import { openCoordinator } from './coordinator.js';
import {
  chooseCoordinatorDirectory,
  coordinatorsHere,
  defaultCoordinatorDirectory,
  type CoordinatorSettings,
} from './coordinator-folder.js';
import { advertisedEndpoints, formatAddress, isVacant, type Address } from './data-folders.js';
import { nodeFoldersHere, rememberNode, type NodeFolder } from './known-nodes.js';
import { checkCapacity, defaultCapacity, freeAddress } from './node-choices.js';
import { joinWithFolder, openNode, type OpenedNode } from './node.js';
import type { World } from './world.js';

export interface HouseholdOptions {
  /** The coordinator's folder, of a member that is founded. */
  readonly coordinatorDirectory: string;
  readonly overrides: Partial<CoordinatorSettings>;
  readonly dataDirectory: string;
  readonly configDirectory: string;
  readonly softwareVersion: string;
  /** Of the node that is made where there is none: where, how large, its name and addresses. */
  readonly newNode: {
    readonly directory: string;
    readonly name: string;
    readonly capacityBytes: number | undefined;
    readonly listen: Address | undefined;
    readonly advertise: readonly string[];
  };
}

export interface RunningNode extends NodeFolder {
  /** Whether this start has made it. */
  readonly isNew: boolean;
}

/** A node is welcomed by the coordinator of its own process within moments; what keeps one from that is no reason not to serve. */
const WELCOME_PATIENCE_MS = 5_000;
const WELCOME_LOOK_MS = 10;

/** A coordinator and the nodes of its member on this machine, in one process. */
export class Household {
  readonly settings: CoordinatorSettings;
  readonly #options: HouseholdOptions;
  readonly #world: World;
  readonly #coordinator: Coordinator;
  readonly #nodes: OpenedNode[] = [];
  readonly #release: () => Promise<void>;
  #coordinatorRuns = false;

  private constructor(
    options: HouseholdOptions,
    world: World,
    opened: { readonly coordinator: Coordinator; readonly settings: CoordinatorSettings; readonly release: () => Promise<void> },
  ) {
    this.#options = options;
    this.#world = world;
    this.#coordinator = opened.coordinator;
    this.settings = opened.settings;
    this.#release = opened.release;
  }

  /** Errors: those of openCoordinator. */
  static async open(options: HouseholdOptions, world: World): Promise<Household> {
    const { coordinatorDirectory: directory, overrides, softwareVersion } = options;
    return new Household(options, world, await openCoordinator({ directory, overrides, softwareVersion }, world));
  }

  /** Resolves with the reason when the coordinator cannot go on. */
  get failed(): Promise<CollectiveError> {
    return this.#coordinator.failed;
  }

  /** The coordinator first; then the nodes that are here, or a new one. Once they are there for each other, files can be stored. */
  async start(signal: AbortSignal): Promise<readonly RunningNode[]> {
    await this.#coordinator.start(signal);
    this.#coordinatorRuns = true;
    const running = await this.#startNodes(signal);
    await this.#untilWelcomed(signal);
    return running;
  }

  async #startNodes(signal: AbortSignal): Promise<readonly RunningNode[]> {
    const { memberId } = this.settings;
    const all = await nodeFoldersHere(this.#world, this.#options.dataDirectory);
    const own = all.filter(({ settings }) => settings.memberId === memberId);
    if (own.length === 0) {
      const made = await this.#join(all, signal);
      await this.#run(made, signal);
      return [{ ...made, isNew: true }];
    }
    const running: RunningNode[] = [];
    for (const folder of own) if (await this.#runUnlessRunning(folder, signal)) running.push({ ...folder, isNew: false });
    return running;
  }

  /** Nodes before their coordinator, so that all they have to say is heard. */
  async stop(): Promise<void> {
    for (const { node, release } of this.#nodes.splice(0).reverse()) {
      await node.stop();
      await release();
    }
    if (this.#coordinatorRuns) await this.#coordinator.stop();
    this.#coordinatorRuns = false;
    await this.#release();
  }

  async #runUnlessRunning(folder: NodeFolder, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#run(folder, signal);
      return true;
    } catch (error) {
      if (!isCollectiveError(error) || error.code !== 'ALREADY_RUNNING') throw error;
      this.#world.logger.info('a node of this machine runs by itself', { path: folder.path });
      return false;
    }
  }

  async #untilWelcomed(signal: AbortSignal): Promise<void> {
    const { clock, timers } = this.#world;
    const untilMs = clock.monotonicMs() + WELCOME_PATIENCE_MS;
    while (this.#nodes.some(({ node }) => !node.connected) && clock.monotonicMs() < untilMs) {
      await timers.sleep(WELCOME_LOOK_MS, signal);
    }
  }

  async #run({ path }: NodeFolder, signal: AbortSignal): Promise<void> {
    const { softwareVersion } = this.#options;
    const opened = await openNode({ directory: path, overrides: {}, softwareVersion }, this.#world);
    this.#nodes.push(opened);
    await opened.node.start(signal);
  }

  async #join(others: readonly NodeFolder[], signal: AbortSignal): Promise<NodeFolder> {
    const { newNode, dataDirectory } = this.#options;
    const { directory, name, advertise } = newNode;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const { freeBytes } = await this.#world.fileSystem.space(directory);
    const capacityBytes = newNode.capacityBytes ?? defaultCapacity(freeBytes);
    checkCapacity(capacityBytes);
    const listen = newNode.listen ?? freeAddress(others.map(({ settings }) => settings));
    await checkPortFree(listen, '--node-listen');
    const endpoints = [...advertisedEndpoints(listen, advertise)];
    const invite = await this.#invite(signal);
    const own = { listen, endpoints, capacityBytes, failureDomain: '' };
    const joined = await joinWithFolder({ invite, directory, name, signal, ...own }, this.#world);
    await rememberNode(this.#world, dataDirectory, directory);
    const { nodeId, memberName, homeEndpoints, enrolmentEndpoints } = joined;
    const settings = { ...own, version: 1, nodeId, name: joined.name, memberId: joined.own.memberId, memberName } as const;
    return {
      path: directory,
      settings: { ...settings, homeEndpoints: [...homeEndpoints], enrolmentEndpoints: [...enrolmentEndpoints] },
    };
  }

  async #invite(signal: AbortSignal): Promise<string> {
    const { configDirectory } = this.#options;
    const contextName = await this.#contextName(this.settings.memberId);
    const opened = await openContextClient(this.#world, configDirectory, contextName);
    try {
      return (await opened.client.admin.invite('node', '', 0, signal)).invite;
    } finally {
      await opened.close();
    }
  }

  async #contextName(memberId: MemberId): Promise<string> {
    const contexts = await new ContextStore(this.#options.configDirectory, this.#world).list();
    const context = contexts.find((each) => each.memberId === memberId);
    if (context !== undefined) return context.name;
    throw new CollectiveError(
      'CONFIG_INVALID',
      `You are no client of ${this.settings.name} on this machine, so no node can be made.`,
      {
        next: 'Log in with an invite of that member: collective login INVITE',
      },
    );
  }
}

/** The folders of a household: where it is, or is to be. */
export interface HouseholdFolders {
  readonly coordinator: string;
  readonly node: string;
  readonly founded: boolean;
}

/** In the folder that was asked for, or else the only one of this user, or else where one of that name is kept. Error: USAGE. */
export async function householdFolders(
  dataDirectory: string,
  asked: { readonly directory: string | undefined; readonly name: string | undefined },
  defaultName: string,
): Promise<HouseholdFolders> {
  const found = await coordinatorFolder(dataDirectory, asked, defaultName);
  const founded = !(await isVacant(found));
  const above = dirname(found);
  return { coordinator: found, node: basename(found) === 'coordinator' ? join(above, 'node') : `${found}-node`, founded };
}

async function coordinatorFolder(
  dataDirectory: string,
  { directory, name }: { readonly directory: string | undefined; readonly name: string | undefined },
  defaultName: string,
): Promise<string> {
  if (directory !== undefined) return join(directory, 'coordinator');
  if (name !== undefined) await checkFirst(dataDirectory, name);
  try {
    return await chooseCoordinatorDirectory(dataDirectory, { directory: undefined, name });
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'NOT_FOUND') throw error;
    return join(dataDirectory, defaultName, 'coordinator');
  }
}

/** A name that was mistyped must not found somebody else beside the member that is here. Error: USAGE. */
async function checkFirst(dataDirectory: string, name: string): Promise<void> {
  const here = await coordinatorsHere(dataDirectory);
  if (here.length === 0 || here.includes(defaultCoordinatorDirectory(dataDirectory, name))) return;
  const others = here.map((folder) => basename(dirname(folder)));
  throw new CollectiveError(
    'USAGE',
    `There is no member ${name} on this machine, but ${others.join(', ')}: ${here.join(', ')}.`,
    {
      next: `To start what is here: collective up --name ${others[0] ?? ''}. To found ${name} beside it, give a folder: collective up --name ${name} --directory DIR`,
      details: { members: others },
    },
  );
}

/** Before anything is made that would have to listen there. Error: UNAVAILABLE. */
export async function checkPortFree(address: Address, flag: string): Promise<void> {
  const server = createServer();
  const failure = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen({ ...address, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
  if (failure === undefined) return;
  const inUse = 'code' in failure && failure.code === 'EADDRINUSE';
  const where = formatAddress(address);
  throw new CollectiveError('UNAVAILABLE', `Cannot listen on ${where}: ${inUse ? 'another program does' : failure.message}.`, {
    next: `Stop that program, or choose another port with ${flag} host:port.`,
    details: { address: where },
    cause: failure,
  });
}
