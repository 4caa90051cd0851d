import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CollectiveError, toHex, type MemberId } from '../../base/index.js';
import { initialiseMember, type FoundedMember } from '../../coordinator/index.js';
import { LevelKeyValueStores } from '../../runtime/index.js';
import type { Context, ContextStore } from '../contexts/context-store.js';
import { type CoordinatorSettings, type StoredSettings, writeCoordinatorSettings } from './coordinator-folder.js';
import { FolderFiles, isVacant } from './data-folders.js';
import type { World } from './world.js';

export interface FoundOptions {
  readonly directory: string;
  readonly name: string;
  readonly clientName: string;
  readonly contextName: string;
  readonly passphrase: string;
  /** Of the settings; undefined: all copies that are wanted. */
  readonly minimumCopies?: number;
  /** Of the certificates that the member issues. Default: 30 days. */
  readonly certificateLifeMs?: number | undefined;
  /** Whether whom an admitted member has admitted is admitted too. Default: admit. */
  readonly introductions?: StoredSettings['introductions'];
  readonly addresses: Pick<
    CoordinatorSettings,
    'homeListen' | 'enrolmentListen' | 'peerListen' | 'homeEndpoints' | 'enrolmentEndpoints' | 'peerEndpoints'
  >;
}

/**
 * Founds a member: the coordinator's folder, whole or not at all, and then the first context. Errors: ALREADY_EXISTS, USAGE, and
 * those of the operating system.
 */
export async function foundMember(
  options: FoundOptions,
  world: World,
  contexts: ContextStore,
): Promise<{ readonly memberId: MemberId; readonly context: Context }> {
  const { directory, name, contextName, addresses } = options;
  await contexts.checkFree(contextName);
  if (!(await isVacant(directory))) {
    throw new CollectiveError('ALREADY_EXISTS', `${directory} is in use already.`, {
      next: 'collective coordinator start, if it is the coordinator you mean; else choose another --name or --directory.',
      details: { path: directory },
    });
  }
  const parent = dirname(directory);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const unfinished = `${parent}/.new-${toHex(world.random.bytes(8))}`;
  await mkdir(unfinished, { mode: 0o700 });
  const life = options.certificateLifeMs === undefined ? {} : { certificateLifeMs: options.certificateLifeMs };
  let founded: FoundedMember;
  try {
    founded = await initialiseMember({
      directory: unfinished,
      name,
      clientName: options.clientName,
      passphrase: options.passphrase,
      homeEndpoints: addresses.homeEndpoints,
      enrolmentEndpoints: addresses.enrolmentEndpoints,
      peerEndpoints: addresses.peerEndpoints,
      ...life,
      files: new FolderFiles(unfinished, world),
      ports: { ...world, stores: new LevelKeyValueStores() },
    });
    const { memberId } = founded.material;
    const minimum = options.minimumCopies === undefined ? {} : { minimumCopies: options.minimumCopies };
    const introductions = options.introductions === undefined ? {} : { introductions: options.introductions };
    const settings = { version: 1, memberId, name, ...addresses, ...introductions, ...minimum, ...life } as const;
    await writeCoordinatorSettings(world, unfinished, settings);
    if (await isVacant(directory)) await removeEmpty(directory);
    await rename(unfinished, directory);
    await world.fileSystem.syncDirectory(parent);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  const { material, firstClient } = founded;
  const { memberId, ca } = material;
  const context = await contexts.add(
    contextName,
    {
      version: 1,
      memberId,
      memberName: name,
      clientId: firstClient.clientId,
      clientName: options.clientName,
      endpoints: [...addresses.homeEndpoints],
      enrolmentEndpoints: [...addresses.enrolmentEndpoints],
    },
    { memberId, ca, leaf: firstClient.leaf, privateKeyPem: firstClient.keys.privateKeyPem },
  );
  return { memberId, context };
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
  }
}
