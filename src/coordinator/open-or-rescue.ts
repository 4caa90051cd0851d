import { CollectiveError, isCollectiveError, LIMITS, type MemberId, toCollectiveError } from '../base/index.js';
import { type FileSystem, isFileSystemError, type Signer } from '../ports/index.js';
import type { RpcTransport } from '../transport/index.js';
import type { MemberMaterial } from './member/member-files.js';
import { logDirectoryOf, type OpenedMember, openMember, type OpenMemberOptions, viewsPathOf } from './open-member.js';
import { ownCredentials } from './recover-member.js';
import { mendFromWitnesses } from './witnesses/mend-from-witnesses.js';
import { recoverLog } from './witnesses/recover-log.js';

const FOLDERS_KEPT = 64;

export interface OpenOrRescueOptions {
  readonly directory: string;
  readonly origin: MemberId;
  readonly material: MemberMaterial;
  readonly logSigners: readonly Signer[];
  readonly home: { readonly host: string; readonly port: number };
  readonly transport: RpcTransport;
  readonly ports: OpenMemberOptions['ports'];
  readonly signal: AbortSignal;
}

/**
 * Opens log and views. A log that is damaged where it has to be whole is mended from what any one node keeps of it. Where that is
 * not enough, it is got back whole from its witnesses, if enough of them are here within LIMITS.rescuePatienceMs, and kept aside.
 * Errors: those of openMember.
 */
export async function openOrRescue(options: OpenOrRescueOptions): Promise<OpenedMember> {
  await finishRescue(options);
  const found = await openMarked(options);
  if (found !== undefined) return found;
  try {
    return await openMember(options);
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'LOG_DAMAGED') throw error;
    return rescue(options, error);
  }
}

/** Notes that the log is damaged somewhere: the next start gets it back, if enough witnesses are here then. */
export async function markDamaged(fileSystem: FileSystem, directory: string, origin: MemberId): Promise<void> {
  const path = markOf(directory, origin);
  try {
    await (await fileSystem.open(path, 'create-new')).close();
    await fileSystem.syncDirectory(`${directory}/log`);
  } catch (error) {
    if (!isFileSystemError(error) || error.errno !== 'EEXIST') throw error;
  }
}

const markOf = (directory: string, origin: MemberId): string => `${logDirectoryOf(directory, origin)}.damaged`;

/** Damage was found while it ran. It opens all the same, so whoever cannot be asked now is asked the next time. */
async function openMarked(options: OpenOrRescueOptions): Promise<OpenedMember | undefined> {
  const { directory, origin, ports } = options;
  const names = await namesIn(ports.fileSystem, `${directory}/log`);
  if (!names.includes(`${origin}.damaged`)) return undefined;
  const damage = new CollectiveError('LOG_DAMAGED', 'Damage was found while the coordinator ran.');
  let member: OpenedMember;
  try {
    member = await rescue(options, damage);
  } catch (error) {
    if (options.signal.aborted) throw error;
    ports.logger.warn('the damaged log is opened as it is', { error: toCollectiveError(error) });
    return undefined;
  }
  await ports.fileSystem.unlink(markOf(directory, origin));
  return member;
}

async function rescue(options: OpenOrRescueOptions, damage: CollectiveError): Promise<OpenedMember> {
  const { ports, signal } = options;
  ports.logger.error('the log is damaged; nodes that keep it are waited for', { error: damage });
  try {
    return (await mended(options, damage)) ?? (await gotBack(options, damage));
  } catch (error) {
    if (signal.aborted) throw error;
    ports.logger.error('the log could not be got back', { error: toCollectiveError(error) });
    const { message, details } = damage;
    throw new CollectiveError('LOG_DAMAGED', message, {
      next: "Start the nodes that keep the log, and then the coordinator; or put back the newest backup of the coordinator's directory.",
      details,
      cause: error,
    });
  }
}

/** Where it lies; undefined: what came has not been enough. Error: WITNESSES_UNREACHABLE when nobody came. */
async function mended(options: OpenOrRescueOptions, damage: CollectiveError): Promise<OpenedMember | undefined> {
  const { directory, origin, material, ports, signal } = options;
  try {
    const own = await ownCredentials(material, ports);
    const { files } = await mendFromWitnesses({ ...options, own, directory: logDirectoryOf(directory, origin) }, signal);
    const member = await openMember(options);
    const notice = `The log was damaged (${problemOf(damage)}) and was mended with what a node keeps of it: ${files.join(', ') || 'no file'}.`;
    return { ...member, notices: [...member.notices, notice] };
  } catch (error) {
    if (signal.aborted || (isCollectiveError(error) && error.code === 'WITNESSES_UNREACHABLE')) throw error;
    ports.logger.warn('the log could not be mended where it lies', { error: toCollectiveError(error) });
    return undefined;
  }
}

const problemOf = ({ message }: CollectiveError): string => message.replace(/\.$/, '');

/** All of it, beside the damaged one. */
async function gotBack(options: OpenOrRescueOptions, damage: CollectiveError): Promise<OpenedMember> {
  const { directory, origin, material, ports, signal } = options;
  const { fileSystem, stores, logger } = ports;
  const folder = logDirectoryOf(directory, origin);
  const number = await freeNumber(options);
  const made = `${folder}.rescued-${number}`;
  const recovered = await recoverLog(
    {
      ...options,
      directory: made,
      own: await ownCredentials(material, ports),
      waitMs: LIMITS.rescuePatienceMs,
      firstWithinMs: LIMITS.rescueFirstMs,
      acceptFewer: false,
      membersAreEnough: false,
      onAnswers: (answers) =>
        logger.info('others keep the log', { copies: answers.map(({ id, sequence }) => `${id}: ${sequence}`) }),
    },
    signal,
  );
  const kept = `${folder}.damaged-${number}`;
  await fileSystem.rename(folder, kept);
  await fileSystem.rename(made, folder);
  await fileSystem.syncDirectory(`${directory}/log`);
  // They may have seen what never was acknowledged, and is not in this log.
  await stores.destroy(viewsPathOf(directory));
  await (await stores.open(viewsPathOf(directory), 'create')).close();
  const member = await openMember(options);
  const notice = `The log was damaged (${problemOf(damage)}) and was got back from others, up to event ${recovered.headSequence}; it was as in ${kept}.`;
  return { ...member, notices: [...member.notices, notice] };
}

/** A rescue may have been cut short between its two renames. */
async function finishRescue({ directory, origin, ports: { fileSystem, stores } }: OpenOrRescueOptions): Promise<void> {
  const names = new Set(await namesIn(fileSystem, `${directory}/log`));
  if (names.has(origin)) return;
  for (let number = FOLDERS_KEPT; number > 0; number -= 1) {
    if (!names.has(`${origin}.rescued-${number}`) || !names.has(`${origin}.damaged-${number}`)) continue;
    const folder = logDirectoryOf(directory, origin);
    await fileSystem.rename(`${folder}.rescued-${number}`, folder);
    await fileSystem.syncDirectory(`${directory}/log`);
    await stores.destroy(viewsPathOf(directory));
    await (await stores.open(viewsPathOf(directory), 'create')).close();
    return;
  }
}

async function freeNumber({ directory, origin, ports }: OpenOrRescueOptions): Promise<number> {
  const names = new Set(await ports.fileSystem.readDirectory(`${directory}/log`));
  for (let number = 1; number <= FOLDERS_KEPT; number += 1) {
    if (!names.has(`${origin}.rescued-${number}`) && !names.has(`${origin}.damaged-${number}`)) return number;
  }
  throw new CollectiveError('LIMIT_EXCEEDED', `There are ${FOLDERS_KEPT} damaged logs in ${directory}/log.`, {
    next: 'Remove old ones.',
  });
}

async function namesIn(fileSystem: FileSystem, directory: string): Promise<readonly string[]> {
  try {
    return await fileSystem.readDirectory(directory);
  } catch (error) {
    if (isFileSystemError(error) && error.errno === 'ENOENT') return [];
    throw error;
  }
}
