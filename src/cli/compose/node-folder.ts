import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CollectiveError, isMemberId, isNodeId, LIMITS } from '../../base/index.js';
import type { CredentialSet } from '../../identity/index.js';
import type { JoinedNode, SmallFile } from '../../node/index.js';
import { isFileSystemError } from '../../ports/index.js';
import { readConfigFile, readSmallFile, writeConfigFile, writeFileAtomically } from '../../runtime/index.js';
import type { RenewedCertificate } from '../../transport/index.js';
import { readCredentials, writeCredentials } from '../contexts/credentials-file.js';
import { parseAddress, roleOf } from './data-folders.js';
import type { World } from './world.js';

const SCHEMA = z.object({
  version: z.literal(1),
  nodeId: z.string().refine(isNodeId, 'not a node id'),
  name: z.string(),
  memberId: z.string().refine(isMemberId, 'not a member id'),
  memberName: z.string(),
  /** host:port of the coordinator's home listener. */
  homeEndpoints: z.array(z.string()).min(1),
  /** The same of its enrolment listener: where an expired certificate is renewed. */
  enrolmentEndpoints: z.array(z.string()).default([]),
  listen: z.object({ host: z.string(), port: z.number().int().min(1).max(65_535) }),
  /** host:port, as clients are told. */
  endpoints: z.array(z.string()).min(1),
  capacityBytes: z.number().int().positive(),
  failureDomain: z.string(),
});

export type NodeSettings = z.infer<typeof SCHEMA>;

const SETTINGS_FILE = 'node.json';
const KEYS_FOLDER = 'keys';
const CREDENTIALS_FILE = 'keys/credentials.json';
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
  await mkdir(join(directory, KEYS_FOLDER), { recursive: true, mode: 0o700 });
  await writeCredentials(world, join(directory, CREDENTIALS_FILE), joined.own);
  const { nodeId, name, memberName, homeEndpoints, enrolmentEndpoints } = joined;
  const { memberId } = joined.own;
  await writeConfigFile(world, join(directory, SETTINGS_FILE), SCHEMA, {
    version: 1,
    nodeId,
    name,
    memberId,
    memberName,
    homeEndpoints: [...homeEndpoints],
    enrolmentEndpoints: [...enrolmentEndpoints],
    ...own,
  });
}

/** Error: NOT_FOUND for a folder that no node has joined with. */
export async function readNodeSettings(world: World, directory: string): Promise<NodeSettings> {
  try {
    return await readConfigFile(world.fileSystem, join(directory, SETTINGS_FILE), SCHEMA);
  } catch (error) {
    if (!(error instanceof CollectiveError) || error.code !== 'NOT_FOUND') throw error;
    const isCoordinator = (await roleOf(directory)) === 'coordinator';
    throw new CollectiveError(
      'NOT_FOUND',
      `${directory} is ${isCoordinator ? 'the folder of a coordinator, not of a node' : `not the folder of a node: it has no ${SETTINGS_FILE}`}.`,
      {
        next: isCoordinator
          ? `collective coordinator start --directory ${directory}`
          : `collective node join INVITE --path ${directory} --capacity SIZE`,
        details: { path: directory },
        cause: error,
      },
    );
  }
}

/** The coordinator is elsewhere now: `host:port` each. Error: USAGE. */
export async function moveCoordinator(world: World, directory: string, endpoints: readonly string[]): Promise<void> {
  const settings = await readNodeSettings(world, directory);
  for (const endpoint of endpoints) parseAddress(endpoint);
  await writeConfigFile(world, join(directory, SETTINGS_FILE), SCHEMA, { ...settings, homeEndpoints: [...endpoints] });
}

/** Errors: KEY_FILE_UNSAFE, NOT_FOUND, CERTIFICATE_INVALID. */
export const readNodeCredentials = (directory: string, { memberId, nodeId }: NodeSettings): Promise<CredentialSet> =>
  readCredentials(join(directory, CREDENTIALS_FILE), {
    settingsPath: join(directory, SETTINGS_FILE),
    memberId,
    role: 'node',
    id: nodeId,
  });

/** Keeps a renewed certificate, and where the coordinator is now. */
export async function keepRenewedNode(world: World, directory: string, renewed: RenewedCertificate): Promise<void> {
  await writeCredentials(world, join(directory, CREDENTIALS_FILE), renewed.credentials);
  const kept = await readNodeSettings(world, directory);
  const { homeEndpoints, enrolmentEndpoints } = renewed;
  const moved = homeEndpoints.length > 0 && homeEndpoints.join(' ') !== kept.homeEndpoints.join(' ');
  if (!moved && enrolmentEndpoints.join(' ') === kept.enrolmentEndpoints.join(' ')) return;
  await writeConfigFile(world, join(directory, SETTINGS_FILE), SCHEMA, {
    ...kept,
    ...(moved ? { homeEndpoints: [...homeEndpoints] } : {}),
    enrolmentEndpoints: [...enrolmentEndpoints],
  });
}

/** Where a node keeps what its coordinator told it. */
export function coordinatorFile(world: World, directory: string): SmallFile {
  const path = join(directory, COORDINATOR_FILE);
  return {
    async read() {
      try {
        return await readSmallFile(world.fileSystem, path, LIMITS.coordinatorFileBytes);
      } catch (error) {
        if (isFileSystemError(error) && error.errno === 'ENOENT') return undefined;
        throw error;
      }
    },
    write: (bytes) => writeFileAtomically(world, path, bytes),
  };
}
