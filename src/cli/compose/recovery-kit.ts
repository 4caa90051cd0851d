import { dirname, join } from 'node:path';
import { z } from 'zod';
import { accept, CollectiveError, isMemberId, LIMITS, toHex } from '../../base/index.js';
import { MEMBER_FILES } from '../../coordinator/index.js';
import { keyIdOf, openCa, openIdentityKey, openKeyPair, openSealedText, sealText } from '../../identity/index.js';
import { readConfigFile, readSmallFile, writeConfigFile, writeFileAtomically } from '../../runtime/index.js';
import type { CoordinatorSettings } from './coordinator-folder.js';
import { FolderFiles } from './data-folders.js';
import type { World } from './world.js';

const FORMAT = 'collective-recovery-kit';
const ADDRESS = z.object({ host: z.string(), port: z.number().int().min(1).max(65_535) });
const MEMBER_ID = z.string().refine(isMemberId, 'not a member id');
const KIT = z.object({
  memberId: MEMBER_ID,
  name: z.string(),
  exportedMs: z.number(),
  homeListen: ADDRESS,
  enrolmentListen: ADDRESS,
  homeEndpoints: z.array(z.string()).min(1),
  enrolmentEndpoints: z.array(z.string()).min(1),
  /** Absent in kits from before there were other members. */
  peerListen: ADDRESS.optional(),
  peerEndpoints: z.array(z.string()).optional(),
  /** Path in the coordinator's folder: text. */
  files: z.record(z.string(), z.string()),
  /** Nodes at the time: where copies of the log may be. */
  nodes: z.array(z.object({ id: z.string(), name: z.string(), witness: z.boolean() })),
  /** Other members at the time, whose coordinators keep the log too: where they are, and their certificate authorities (PEM). */
  peers: z.array(z.object({ id: MEMBER_ID, name: z.string(), endpoints: z.array(z.string()), ca: z.string() })).default([]),
});

/** Everything that is needed to make a lost coordinator anew, but its log: that comes from the witnesses. */
export type RecoveryKit = z.infer<typeof KIT>;

const MARK_FILE = 'identity-exported.json';
const MARK = z.object({ version: z.literal(1), exportedMs: z.number(), logKeyId: z.string(), caSha256: z.string() });
export type ExportMark = z.infer<typeof MARK>;

/** The kit of a coordinator's folder. Errors: PASSPHRASE_WRONG, KEY_FILE_UNSAFE, NOT_FOUND. */
export async function makeKit(
  world: World,
  coordinator: { readonly directory: string; readonly settings: CoordinatorSettings },
  passphrase: string,
  others: Pick<RecoveryKit, 'nodes' | 'peers'>,
): Promise<{ readonly text: string; readonly kit: RecoveryKit }> {
  const { directory, settings } = coordinator;
  const folder = new FolderFiles(directory, world);
  const files: Record<string, string> = {};
  for (const path of Object.values(MEMBER_FILES)) {
    const text = await readIfThere(folder, path);
    if (text !== undefined) files[path] = text;
  }
  accept(await openIdentityKey(files[MEMBER_FILES.identityKey] ?? '', passphrase, world.hasher));
  const { memberId, name, homeListen, enrolmentListen, homeEndpoints, enrolmentEndpoints, peerListen, peerEndpoints } = settings;
  const addresses = { homeListen, enrolmentListen, homeEndpoints, enrolmentEndpoints, peerListen, peerEndpoints };
  const kit = KIT.parse({ memberId, name, exportedMs: world.clock.nowMs(), ...addresses, files, ...others });
  return { text: accept(await sealText({ format: FORMAT, text: JSON.stringify(kit) }, passphrase, world)), kit };
}

/** Notes in the coordinator's folder that its keys are kept elsewhere too. */
export async function markExported(world: World, directory: string, kit: RecoveryKit): Promise<void> {
  const { hasher } = world;
  const logKeys = accept(openKeyPair(kit.files[MEMBER_FILES.logKey] ?? '', hasher));
  const ca = accept(openCa(kit.files[MEMBER_FILES.caCertificate] ?? ''));
  await writeConfigFile(world, join(directory, MARK_FILE), MARK, {
    version: 1,
    exportedMs: kit.exportedMs,
    logKeyId: toHex(keyIdOf(logKeys.publicKey, hasher)),
    caSha256: toHex(ca.sha256),
  });
}

/** Undefined where nothing was exported. */
export async function readMark(world: World, directory: string): Promise<ExportMark | undefined> {
  try {
    return await readConfigFile(world.fileSystem, join(directory, MARK_FILE), MARK);
  } catch (error) {
    if (error instanceof CollectiveError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/** A new file, mode 0600. Errors: ALREADY_EXISTS; NOT_FOUND for its folder. */
export async function writeKit(world: World, path: string, text: string): Promise<void> {
  if (await exists(world, path)) {
    throw new CollectiveError('ALREADY_EXISTS', `${path} exists already.`, {
      next: 'Choose another name for the export.',
      details: { path },
    });
  }
  const folder = dirname(path);
  if (!(await exists(world, folder))) {
    throw new CollectiveError('NOT_FOUND', `There is no folder ${folder}.`, {
      next: 'Make it first, or choose another place for the export.',
      details: { path: folder },
    });
  }
  await writeFileAtomically(world, path, new TextEncoder().encode(text));
}

/** Errors: NOT_FOUND, PASSPHRASE_WRONG, DATA_FORMAT_UNSUPPORTED. */
export async function readKit(world: World, path: string, passphrase: string): Promise<RecoveryKit> {
  const text = new TextDecoder().decode(await readExisting(world, path));
  const opened = accept(await openSealedText({ format: FORMAT, text }, passphrase, world.hasher));
  const kit = KIT.safeParse(JSON.parse(opened));
  if (kit.success) return kit.data;
  throw new CollectiveError('DATA_FORMAT_UNSUPPORTED', `${path} cannot be used: its fields are not what they should be.`, {
    cause: kit.error,
  });
}

async function readIfThere(folder: FolderFiles, path: string): Promise<string | undefined> {
  try {
    return await (path.startsWith('keys/') ? folder.readSecret(path) : folder.readPublic(path));
  } catch (error) {
    if (error instanceof CollectiveError && error.code === 'NOT_FOUND') return undefined;
    if (error instanceof Error && 'errno' in error && error.errno === 'ENOENT') return undefined;
    throw error;
  }
}

async function readExisting(world: World, path: string): Promise<Uint8Array> {
  if (!(await exists(world, path))) throw new CollectiveError('NOT_FOUND', `There is no ${path}.`, { details: { path } });
  return readSmallFile(world.fileSystem, path, 4 * LIMITS.configFileBytes);
}

async function exists(world: World, path: string): Promise<boolean> {
  try {
    await world.fileSystem.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'errno' in error && error.errno === 'ENOENT') return false;
    throw error;
  }
}
