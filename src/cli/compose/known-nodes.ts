import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CollectiveError } from '../../base/index.js';
import { readConfigFile, writeConfigFile } from '../../runtime/index.js';
import { absolute } from './data-folders.js';
import { readNodeSettings, type NodeSettings } from './node-folder.js';
import type { World } from './world.js';

const SCHEMA = z.object({ version: z.literal(1), paths: z.array(z.string()) });
const FILE = 'nodes.json';

/** Notes that a node of this user lives in that folder, so that it can be started without being told where it is. */
export async function rememberNode(world: World, dataDirectory: string, directory: string): Promise<void> {
  const paths = new Set(await knownNodes(world, dataDirectory));
  paths.add(directory);
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  await writeConfigFile(world, join(dataDirectory, FILE), SCHEMA, { version: 1, paths: [...paths] });
}

/** The settings of this user's nodes on this machine; without those whose folder is away or unreadable, such as on an unplugged disk. */
export async function nodesHere(world: World, dataDirectory: string): Promise<readonly NodeSettings[]> {
  return (await nodeFoldersHere(world, dataDirectory)).map(({ settings }) => settings);
}

export interface NodeFolder {
  readonly path: string;
  readonly settings: NodeSettings;
}

/** The same, with their folders. */
export async function nodeFoldersHere(world: World, dataDirectory: string): Promise<readonly NodeFolder[]> {
  const found: NodeFolder[] = [];
  for (const path of await knownNodes(world, dataDirectory)) {
    try {
      found.push({ path, settings: await readNodeSettings(world, path) });
    } catch (error) {
      world.logger.info('the settings of another node of this machine cannot be read', { path, error: String(error) });
    }
  }
  return found;
}

/** The one that was asked for, or the only one of this user. Errors: NOT_FOUND, USAGE. */
export async function chooseNodeDirectory(world: World, dataDirectory: string, asked: string | undefined): Promise<string> {
  if (asked !== undefined) return absolute(asked);
  const paths = await knownNodes(world, dataDirectory);
  const [only] = paths;
  if (only === undefined) {
    throw new CollectiveError('NOT_FOUND', 'No node has joined on this machine.', {
      next: 'collective node join INVITE --path DIR --capacity SIZE',
    });
  }
  if (paths.length > 1) {
    throw new CollectiveError('USAGE', `There are ${paths.length} nodes on this machine, and each has a process of its own.`, {
      next: `Say which one: ${paths.map((path) => `collective node start --path ${path}`).join('; or ')}`,
    });
  }
  return only;
}

/** The folders of this user's nodes on this machine, there or not. */
export async function knownNodes(world: World, dataDirectory: string): Promise<readonly string[]> {
  try {
    return (await readConfigFile(world.fileSystem, join(dataDirectory, FILE), SCHEMA)).paths;
  } catch (error) {
    if (error instanceof CollectiveError && error.code === 'NOT_FOUND') return [];
    throw error;
  }
}
