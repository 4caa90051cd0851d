import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { accept, CollectiveError, type MemberId, toHex } from '../../base/index.js';
import { type CopyAnswer, MEMBER_FILES, readMemberFiles, type RecoveredMember, recoverMember } from '../../coordinator/index.js';
import { openIdentityKey } from '../../identity/index.js';
import { LevelKeyValueStores } from '../../runtime/index.js';
import { createGrpcTransport } from '../../transport/index.js';
import { writeAssertedHead } from './asserted-head.js';
import { type CoordinatorSettings, type StoredSettings, writeCoordinatorSettings } from './coordinator-folder.js';
import { FolderFiles, isVacant } from './data-folders.js';
import { peersToAsk } from './peers-to-ask.js';
import { markExported, type RecoveryKit } from './recovery-kit.js';
import type { World } from './world.js';

export interface RecoverOptions {
  readonly kit: RecoveryKit;
  readonly passphrase: string;
  readonly directory: string;
  /** Where it runs from now on; by default as before. */
  readonly addresses: Partial<
    Pick<
      CoordinatorSettings,
      'homeListen' | 'enrolmentListen' | 'peerListen' | 'homeEndpoints' | 'enrolmentEndpoints' | 'peerEndpoints'
    >
  >;
  /** Folders of copies, or of nodes that have one. */
  readonly copyFolders: readonly string[];
  /** `host:port` of other members' coordinators to ask besides those in the kit. */
  readonly peerAddresses: readonly string[];
  readonly onPeer: (address: string, memberId: MemberId) => void;
  readonly waitMs: number;
  readonly acceptFewer: boolean;
  readonly onAnswers: (answers: readonly CopyAnswer[]) => void;
  readonly signal: AbortSignal;
}

/**
 * A lost coordinator made anew in an empty folder, whole or not at all. Errors: ALREADY_EXISTS, PASSPHRASE_WRONG, and those of
 * recoverMember.
 */
export async function recoverInFolder(options: RecoverOptions, world: World): Promise<RecoveredMember> {
  const { directory } = options;
  if (!(await isVacant(directory))) {
    throw new CollectiveError('ALREADY_EXISTS', `${directory} is in use already.`, {
      next: 'Choose another --directory, or move what is there out of the way.',
      details: { path: directory },
    });
  }
  const parent = dirname(directory);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const unfinished = `${parent}/.recovering-${toHex(world.random.bytes(8))}`;
  await mkdir(unfinished, { mode: 0o700 });
  try {
    const recovered = await recoverInto(unfinished, options, world);
    if (await isVacant(directory)) await removeEmpty(directory);
    await rename(unfinished, directory);
    await world.fileSystem.syncDirectory(parent);
    return recovered;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function recoverInto(directory: string, options: RecoverOptions, world: World): Promise<RecoveredMember> {
  const { kit, signal } = options;
  const files = new FolderFiles(directory, world);
  for (const path of Object.values(MEMBER_FILES)) {
    const text = kit.files[path];
    if (text !== undefined) await files.write(path, text);
  }
  const identity = accept(await openIdentityKey(kit.files[MEMBER_FILES.identityKey] ?? '', options.passphrase, world.hasher));
  const settings: StoredSettings = {
    version: 1,
    memberId: kit.memberId,
    name: kit.name,
    homeListen: kit.homeListen,
    enrolmentListen: kit.enrolmentListen,
    homeEndpoints: kit.homeEndpoints,
    enrolmentEndpoints: kit.enrolmentEndpoints,
    ...(kit.peerListen === undefined ? {} : { peerListen: kit.peerListen }),
    ...(kit.peerEndpoints === undefined ? {} : { peerEndpoints: kit.peerEndpoints }),
    ...options.addresses,
  };
  const material = await readMemberFiles(settings, files, world.hasher);
  const transport = createGrpcTransport(world);
  const { peers, unproven } = await peersToAsk(options, transport);
  const recovered = await recoverMember(
    {
      directory,
      material,
      identity,
      files,
      home: settings.homeListen,
      copyFolders: await logFolders(options.copyFolders, kit, world),
      waitMs: options.waitMs,
      acceptFewer: options.acceptFewer,
      onAnswers: options.onAnswers,
      peers,
      unproven,
      transport,
      ports: { ...world, stores: new LevelKeyValueStores() },
    },
    signal,
  );
  await writeCoordinatorSettings(world, directory, settings);
  if (recovered.epoch !== undefined) await writeAssertedHead(world, directory, recovered.epoch);
  await markExported(world, directory, kit);
  return recovered;
}

/** A node's folder stands for the copy in it. */
async function logFolders(folders: readonly string[], kit: RecoveryKit, world: World): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const within = join(folder, 'witness', kit.memberId);
    const there = await world.fileSystem.stat(within).then(
      ({ kind }) => kind === 'directory',
      () => false,
    );
    found.push(there ? within : folder);
  }
  return found;
}

async function removeEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
  }
}
