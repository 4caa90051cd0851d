import { accept, CollectiveError, equalBytes, type MemberId } from '../base/index.js';
import { type LogPosition, type LogReader, openLogCopy, openLogForReading } from '../events/index.js';
import { type IdentityKey, issueLeaf, type OwnCredentials, type PeerMember, verifyLeaf } from '../identity/index.js';
import type { Clock, FileSystem, Hasher, KeyValueStores, Logger, Random, SignatureVerifier, Timers } from '../ports/index.js';
import type { RpcTransport } from '../transport/index.js';
import type { MemberFileStore, MemberMaterial } from './member/member-files.js';
import { logDirectoryOf, viewsPathOf } from './open-member.js';
import { type CopyAnswer, recoverLog } from './witnesses/recover-log.js';
import { startEpoch } from './witnesses/start-epoch.js';

const PAGE_BLOCKS = 64;

export interface RecoverMemberOptions {
  /** Absolute; has the member's files, and no log. */
  readonly directory: string;
  readonly material: MemberMaterial;
  readonly identity: IdentityKey;
  readonly files: MemberFileStore;
  readonly home: { readonly host: string; readonly port: number };
  /** Other members' coordinators that may keep the log; and those of which nobody vouches for the certificate authority. */
  readonly peers: readonly PeerMember[];
  readonly unproven: readonly PeerMember[];
  /** Folders with copies of the log, instead of nodes that dial in. */
  readonly copyFolders: readonly string[];
  readonly waitMs: number;
  readonly acceptFewer: boolean;
  readonly onAnswers: (answers: readonly CopyAnswer[]) => void;
  readonly transport: RpcTransport;
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly stores: KeyValueStores;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly random: Random;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
    readonly logger: Logger;
  };
}

export interface RecoveredMember {
  readonly answers: readonly CopyAnswer[];
  /** The last event that was got back. */
  readonly headSequence: number;
  /** Where the new epoch begins, if one was needed: copies elsewhere may go further, or the log key is lost. */
  readonly epoch: LogPosition | undefined;
  /** All that was acknowledged is there for certain. */
  readonly certain: boolean;
}

/**
 * Makes the log of a lost coordinator anew in its folder, and readies it for a start. Errors: WITNESSES_UNREACHABLE, LOG_FORKED,
 * NOT_FOUND, LOG_DAMAGED, CANCELLED.
 */
export async function recoverMember(options: RecoverMemberOptions, signal: AbortSignal): Promise<RecoveredMember> {
  const { directory, material, ports, copyFolders } = options;
  const origin = material.memberId;
  await ports.fileSystem.makeDirectory(`${directory}/log`);
  const logDirectory = logDirectoryOf(directory, origin);
  const recovered =
    copyFolders.length > 0
      ? { ...(await fromFolders(copyFolders, logDirectory, origin, options, signal)), complete: false }
      : await recoverLog(
          { ...options, origin, directory: logDirectory, membersAreEnough: true, own: await ownCredentials(material, ports) },
          signal,
        );
  const { publicKey } = await openLogForReading({ ...ports, directory: logDirectory, origin });
  const keys = [material.logKeys, ...(material.nextLogKeys === undefined ? [] : [material.nextLogKeys])];
  const keyAtHand = keys.some((pair) => equalBytes(pair.publicKey, publicKey));
  const reason = keyAtHand ? 'recovered from copies of the log that may not be all' : 'recovered without the newest log key';
  const epoch =
    keyAtHand && recovered.complete
      ? undefined
      : await startEpoch({
          directory: logDirectory,
          memberId: origin,
          identityKeys: options.identity.keys,
          reason,
          files: options.files,
          ports,
        });
  const views = await ports.stores.open(viewsPathOf(directory), 'create');
  await views.close();
  await ports.fileSystem.syncDirectory(directory);
  const { answers, headSequence, certain } = recovered;
  return { answers, headSequence, certain, epoch };
}

/** As the nodes know their coordinator; with a new certificate where the old one has ended. */
export async function ownCredentials(
  material: MemberMaterial,
  ports: { readonly clock: Clock; readonly random: Random },
): Promise<OwnCredentials> {
  const { memberId, ca, caKeys, coordinatorKeys, coordinatorLeaf } = material;
  const nowMs = ports.clock.nowMs();
  const credentials = { memberId, ca, privateKeyPem: coordinatorKeys.privateKeyPem };
  if (verifyLeaf(coordinatorLeaf, { ca, memberId, nowMs, roles: ['coordinator'] }).ok)
    return { ...credentials, leaf: coordinatorLeaf };
  const { publicKey } = coordinatorKeys;
  const leaf = await issueLeaf({ ca, caKeys, name: { role: 'coordinator', memberId }, publicKey, nowMs, random: ports.random });
  accept(verifyLeaf(leaf, { ca, memberId, nowMs, roles: ['coordinator'] }));
  return { ...credentials, leaf };
}

/** From the copy that goes furthest. */
async function fromFolders(
  folders: readonly string[],
  directory: string,
  origin: MemberId,
  { ports }: RecoverMemberOptions,
  signal: AbortSignal,
): Promise<{ readonly answers: readonly CopyAnswer[]; readonly headSequence: number; readonly certain: boolean }> {
  const copies: LogReader[] = [];
  for (const folder of folders) copies.push(await openLogForReading({ ...ports, directory: folder, origin }));
  const [longest] = [...copies].sort(
    (left, right) => right.head.epoch - left.head.epoch || right.head.sequence - left.head.sequence,
  );
  if (longest === undefined || longest.head.sequence === 0)
    throw new CollectiveError('NOT_FOUND', 'There is no copy of the log there.');
  const made = await openLogCopy({ ...ports, directory, origin });
  try {
    let page: Uint8Array[] = [];
    for await (const block of longest.read({ fromSequence: 1, signal })) {
      page.push(block.bytes);
      if (page.length < PAGE_BLOCKS) continue;
      await made.append(page);
      page = [];
    }
    if (page.length > 0) await made.append(page);
    return { answers: [], headSequence: made.head.sequence, certain: false };
  } finally {
    await made.close();
  }
}
