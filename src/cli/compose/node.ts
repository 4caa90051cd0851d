import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CollectiveError } from '../../base/index.js';
import { createNode, joinNode, type JoinedNode, type NodeWorld, type StorageNode } from '../../node/index.js';
import { createTlsNetwork, diskIdOf, LevelKeyValueStores, lockDataDirectory } from '../../runtime/index.js';
import { createGrpcTransport } from '../../transport/index.js';
import { roleOf } from './data-folders.js';
import {
  coordinatorFile,
  keepRenewedNode,
  readNodeCredentials,
  readNodeSettings,
  storePathOf,
  writeNodeFolder,
  type NodeSettings,
} from './node-folder.js';
import type { World } from './world.js';

const nodeWorld = (world: World): NodeWorld => ({
  ...world,
  keyValueStores: new LevelKeyValueStores(),
  network: createTlsNetwork(),
  transport: createGrpcTransport(world),
});

export interface JoinRequest extends Pick<NodeSettings, 'listen' | 'endpoints' | 'capacityBytes' | 'failureDomain'> {
  readonly invite: string;
  readonly directory: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Makes the folder a node of the member who gave the invite. Errors: ALREADY_EXISTS, and those of joinNode. */
export async function joinWithFolder(request: JoinRequest, world: World): Promise<JoinedNode> {
  const { directory, invite, name, signal, ...own } = request;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const role = await roleOf(directory);
  if (role !== undefined) {
    throw new CollectiveError('ALREADY_EXISTS', `${directory} is the folder of a ${role} already.`, {
      next:
        role === 'node'
          ? `collective node start --path ${directory}`
          : 'Choose another folder, on the disk that is to hold the chunks.',
      details: { path: directory, role },
    });
  }
  const lock = await lockDataDirectory(directory);
  try {
    const storePath = storePathOf(directory);
    await mkdir(storePath, { recursive: true, mode: 0o700 });
    const save = (joined: JoinedNode): Promise<void> => writeNodeFolder(world, directory, joined, own);
    return await joinNode({ invite, name, storePath, signal, save }, nodeWorld(world));
  } finally {
    await lock.release();
  }
}

export interface OpenedNode {
  readonly node: StorageNode;
  readonly settings: NodeSettings;
  /** To be called once it has stopped. */
  readonly release: () => Promise<void>;
}

/** A node from its folder. Errors: NOT_FOUND, ALREADY_RUNNING, KEY_FILE_UNSAFE, CONFIG_INVALID, CERTIFICATE_INVALID. */
export async function openNode(
  options: { readonly directory: string; readonly overrides: Partial<NodeSettings>; readonly softwareVersion: string },
  world: World,
): Promise<OpenedNode> {
  const { directory, softwareVersion, overrides } = options;
  const settings = { ...(await readNodeSettings(world, directory)), ...overrides };
  const lock = await lockDataDirectory(directory);
  try {
    const own = await readNodeCredentials(directory, settings);
    const { name, homeEndpoints, enrolmentEndpoints, listen, endpoints, failureDomain, capacityBytes } = settings;
    const node = createNode(
      {
        own,
        keepRenewed: (renewed) => keepRenewedNode(world, directory, renewed),
        name,
        homeEndpoints,
        enrolmentEndpoints,
        ...listen,
        endpoints,
        failureDomain,
        softwareVersion,
        storePath: storePathOf(directory),
        capacityBytes,
        coordinatorFile: coordinatorFile(world, directory),
        witness: { path: join(directory, 'witness'), diskId: await diskIdOf(directory) },
      },
      nodeWorld(world),
    );
    return { node, settings, release: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
