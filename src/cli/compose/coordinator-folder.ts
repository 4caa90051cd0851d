import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CollectiveError, isMemberId, LIMITS } from '../../base/index.js';
import { readConfigFile, writeConfigFile } from '../../runtime/index.js';
import { absolute, type Address, isVacant, roleOf } from './data-folders.js';
import type { World } from './world.js';

const ADDRESS = z.object({ host: z.string(), port: z.number().int().min(1).max(65_535) });
const SCHEMA = z.object({
  version: z.literal(1),
  memberId: z.string().refine(isMemberId, 'not a member id'),
  name: z.string(),
  homeListen: ADDRESS,
  enrolmentListen: ADDRESS,
  /** host:port, as others are told. */
  homeEndpoints: z.array(z.string()).min(1),
  enrolmentEndpoints: z.array(z.string()).min(1),
  /** For coordinators of other members. Absent in folders of before there were any: beside the home port. */
  peerListen: ADDRESS.optional(),
  peerEndpoints: z.array(z.string()).optional(),
  /** Whether whom an admitted member has admitted is admitted here too. Absent: admit. */
  introductions: z.enum(['admit', 'ask']).optional(),
  /** How large the copy of one other member's log may become. Absent: 10 GB. */
  memberLogBytes: z.number().int().min(LIMITS.blockBytes).optional(),
  /** How many of the copies that are wanted are enough for now. Default: all. */
  minimumCopies: z.number().int().min(1).max(LIMITS.copiesMax).optional(),
  /** Of the certificates that it issues, in milliseconds. Absent: 30 days. */
  certificateLifeMs: z.number().int().min(LIMITS.leafLifeMinMs).max(LIMITS.leafLifeMaxMs).optional(),
  /** How long what was deleted or overwritten can be restored. Absent: 30 days. */
  retentionMs: z.number().int().min(0).max(LIMITS.retentionMaxMs).optional(),
  /** From one verification of log and views beside the service to the next. Absent: 24 hours. */
  auditIntervalMs: z.number().int().min(LIMITS.auditIntervalMinMs).optional(),
});

/** As they lie in the file. */
export type StoredSettings = z.infer<typeof SCHEMA>;
/** As they are in force. */
export interface CoordinatorSettings extends StoredSettings {
  readonly peerListen: Address;
  readonly peerEndpoints: string[];
}

const FILE = 'coordinator.json';

export const coordinatorSettingsFile = (directory: string): string => join(directory, FILE);

export const writeCoordinatorSettings = (world: World, directory: string, settings: StoredSettings): Promise<void> =>
  writeConfigFile(world, join(directory, FILE), SCHEMA, settings);

export async function readCoordinatorSettings(world: World, directory: string): Promise<CoordinatorSettings> {
  try {
    return withPeer(await readConfigFile(world.fileSystem, join(directory, FILE), SCHEMA));
  } catch (error) {
    if (!(error instanceof CollectiveError) || error.code !== 'NOT_FOUND') throw error;
    const isNode = (await roleOf(directory)) === 'node';
    throw new CollectiveError(
      'NOT_FOUND',
      `${directory} is ${isNode ? 'the folder of a node, not of a coordinator' : `not the folder of a coordinator: it has no ${FILE}`}.`,
      {
        next: isNode
          ? `collective node start --path ${directory}`
          : 'Give the folder that collective init named with --directory, or found a member with collective init.',
        details: { path: directory },
        cause: error,
      },
    );
  }
}

/** The port for other members unless another is asked for: 7422 beside 7420. */
export const peerListenBeside = ({ host, port }: Address): Address => ({ host, port: port + 2 <= 65_535 ? port + 2 : port - 2 });

function withPeer(stored: StoredSettings): CoordinatorSettings {
  const peerListen = stored.peerListen ?? peerListenBeside(stored.homeListen);
  const hosts = stored.homeEndpoints.map((endpoint) => endpoint.slice(0, endpoint.lastIndexOf(':')));
  const peerEndpoints = stored.peerEndpoints ?? hosts.map((host) => `${host}:${peerListen.port}`);
  return { ...stored, peerListen, peerEndpoints };
}

/** Where a member's coordinator is kept unless somewhere else is asked for. */
export const defaultCoordinatorDirectory = (dataDirectory: string, name: string): string =>
  join(dataDirectory, name, 'coordinator');

/** The folders of this user's coordinators, where they are unless somewhere else was asked for. */
export async function coordinatorsHere(dataDirectory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await namesIn(dataDirectory)) {
    const directory = defaultCoordinatorDirectory(dataDirectory, name);
    if (!(await isVacant(directory))) found.push(directory);
  }
  return found;
}

/** The one that was asked for, or the only one of this user. Errors: NOT_FOUND, USAGE. */
export async function chooseCoordinatorDirectory(
  dataDirectory: string,
  asked: { readonly directory: string | undefined; readonly name: string | undefined },
): Promise<string> {
  if (asked.directory !== undefined) return absolute(asked.directory);
  if (asked.name !== undefined) return defaultCoordinatorDirectory(dataDirectory, asked.name);
  const found = await coordinatorsHere(dataDirectory);
  const [only] = found;
  if (only === undefined) {
    throw new CollectiveError('NOT_FOUND', 'There is no coordinator of yours on this machine.', {
      next: 'For a new member: collective init --name NAME. Where it was lost: collective recover --identity FILE',
    });
  }
  if (found.length > 1) {
    throw new CollectiveError('USAGE', `There are several coordinators on this machine: ${found.join(', ')}.`, {
      next: 'Say which one with --directory or --name.',
    });
  }
  return only;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  if (await isVacant(directory)) return [];
  return (await readdir(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
