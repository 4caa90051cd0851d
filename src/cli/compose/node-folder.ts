import { join } from 'node:path';
import * as z from 'zod';
import { accept, CollectiveError, isMemberId, isNodeId, LIMITS } from '../../base/index.js';
import { certificatePem, certificatesOfPem, openCa, type OwnCredentials } from '../../identity/index.js';
import type { JoinedNode, SmallFile } from '../../node/index.js';
import { isFileSystemError } from '../../ports/index.js';
import { readConfigFile, readSmallFile, writeConfigFile, writeFileAtomically } from '../../runtime/index.js';
import { FolderFiles, parseAddress } from './data-folders.js';
import type { World } from './world.js';

const SCHEMA = z.object({
  version: z.literal(1),
  nodeId: z.string().refine(isNodeId, 'not a node id'),
  name: z.string(),
  memberId: z.string().refine(isMemberId, 'not a member id'),
  memberName: z.string(),
  /** host:port of the coordinator's home listener. */
  homeEndpoints: z.array(z.string()).min(1),
  listen: z.object({ host: z.string(), port: z.number().int().min(1).max(65_535) }),
  /** host:port, as clients are told. */
  endpoints: z.array(z.string()).min(1),
  capacityBytes: z.number().int().positive(),
  failureDomain: z.string(),
});

export type NodeSettings = z.infer<typeof SCHEMA>;

const SETTINGS_FILE = 'node.json';
const KEY_FILE = 'keys/node.key';
const CERTIFICATE_FILE = 'certificates/node.crt';
const CA_FILE = 'certificates/ca.crt';
const COORDINATOR_FILE = 'coordinator-knowledge.json';

export const nodeSettingsFile = (directory: string): string => join(directory, SETTINGS_FILE);

/** Where a node's chunks lie in its folder. */
export const storePathOf = (directory: string): string => join(directory, 'store');

/** Keeps what a join gave. The settings come last: without them there is no node. */
export async function writeNodeFolder(
  world: World,
  directory: string,
  joined: JoinedNode,
  own: Pick<NodeSettings, 'listen' | 'endpoints' | 'capacityBytes' | 'failureDomain'>,
): Promise<void> {
  const files = new FolderFiles(directory, world);
  await files.write(KEY_FILE, joined.own.privateKeyPem);
  await files.write(CERTIFICATE_FILE, certificatePem(joined.own.leaf));
  await files.write(CA_FILE, joined.own.ca.pem);
  const { nodeId, name, memberName, homeEndpoints } = joined;
  const { memberId } = joined.own;
  await writeConfigFile(world, join(directory, SETTINGS_FILE), SCHEMA, {
    version: 1,
    nodeId,
    name,
    memberId,
    memberName,
    homeEndpoints: [...homeEndpoints],
    ...own,
  });
}

/** Error: NOT_FOUND for a folder that no node has joined with. */
export async function readNodeSettings(world: World, directory: string): Promise<NodeSettings> {
  try {
    return await readConfigFile(world.fileSystem, join(directory, SETTINGS_FILE), SCHEMA);
  } catch (error) {
    if (!(error instanceof CollectiveError) || error.code !== 'NOT_FOUND') throw error;
    throw new CollectiveError('NOT_FOUND', `${directory} is not the folder of a node.`, {
      next: `collective node join <invite> --path ${directory} --capacity <size>`,
      details: { path: directory },
      cause: error,
    });
  }
}

/** The coordinator is elsewhere now: `host:port` each. Error: USAGE. */
export async function moveCoordinator(world: World, directory: string, endpoints: readonly string[]): Promise<void> {
  const settings = await readNodeSettings(world, directory);
  for (const endpoint of endpoints) parseAddress(endpoint);
  await writeConfigFile(world, join(directory, SETTINGS_FILE), SCHEMA, { ...settings, homeEndpoints: [...endpoints] });
}

/** Errors: KEY_FILE_UNSAFE, NOT_FOUND, CERTIFICATE_INVALID. */
export async function readNodeCredentials(world: World, directory: string, settings: NodeSettings): Promise<OwnCredentials> {
  const files = new FolderFiles(directory, world);
  const privateKeyPem = await files.readSecret(KEY_FILE);
  const [leaf] = accept(certificatesOfPem(await files.readPublic(CERTIFICATE_FILE)));
  return { memberId: settings.memberId, ca: accept(openCa(await files.readPublic(CA_FILE))), leaf, privateKeyPem };
}

/** Where a node keeps what its coordinator told it. */
export function coordinatorFile(world: World, directory: string): SmallFile {
  const path = join(directory, COORDINATOR_FILE);
  return {
    async read() {
      try {
        return await readSmallFile(world.fileSystem, path, LIMITS.configFileBytes);
      } catch (error) {
        if (isFileSystemError(error) && error.errno === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: (bytes) => writeFileAtomically(world, path, bytes),
  };
}
