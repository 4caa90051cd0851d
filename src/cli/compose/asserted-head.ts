import { join } from 'node:path';
import { z } from 'zod';
import { CollectiveError } from '../../base/index.js';
import { readConfigFile, writeConfigFile } from '../../runtime/index.js';
import type { World } from './world.js';

const FILE = 'asserted-head.json';
const SCHEMA = z.object({ version: z.literal(1), epoch: z.number().int().min(1), sequence: z.number().int().min(1) });

export type AssertedHead = Omit<z.infer<typeof SCHEMA>, 'version'>;

/** Notes in the coordinator's folder where an operator started an epoch: a start from just there asks nobody. */
export const writeAssertedHead = (world: World, directory: string, { epoch, sequence }: AssertedHead): Promise<void> =>
  writeConfigFile(world, join(directory, FILE), SCHEMA, { version: 1, epoch, sequence });

export async function readAssertedHead(world: World, directory: string): Promise<AssertedHead | undefined> {
  try {
    return await readConfigFile(world.fileSystem, join(directory, FILE), SCHEMA);
  } catch (error) {
    if (error instanceof CollectiveError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
