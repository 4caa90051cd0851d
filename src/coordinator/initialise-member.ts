import type { EventDraft } from '../events/index.js';
import { createLog } from '../events/index.js';
import { createSigner } from '../identity/index.js';
import type { Clock, FileSystem, Hasher, KeyValueStores, Random, SignatureVerifier } from '../ports/index.js';
import { foundMember } from './member/found-member.js';
import { type FoundedMember, type MemberFileStore, writeMemberFiles } from './member/member-files.js';
import { logDirectoryOf, viewsPathOf } from './open-member.js';

export interface InitialiseMemberOptions {
  /** Absolute, empty, mode 0700. */
  readonly directory: string;
  readonly name: string;
  readonly clientName: string;
  /** Encrypts the identity key. */
  readonly passphrase: string;
  /** `host:port` at which clients and nodes reach the home listener, and joiners the enrolment listener. */
  readonly homeEndpoints: readonly string[];
  readonly enrolmentEndpoints: readonly string[];
  /** At which coordinators of other members reach the peer listener. */
  readonly peerEndpoints?: readonly string[];
  /** Of the first certificates. Default: LIMITS.leafLifeMs. */
  readonly certificateLifeMs?: number;
  readonly files: MemberFileStore;
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly stores: KeyValueStores;
    readonly clock: Clock;
    readonly random: Random;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
  };
}

/**
 * Founds a member in an empty directory: keys, certificates, a log with its first events, and an empty database for the views.
 * All of it is durable when this returns. Errors: USAGE (passphrase), FileSystemErrors, ALREADY_EXISTS.
 */
export async function initialiseMember(options: InitialiseMemberOptions): Promise<FoundedMember> {
  const { directory, ports } = options;
  const { founded, events } = await foundMember({ ...options, nowMs: ports.clock.nowMs(), ports });
  await writeMemberFiles(founded, options.files);
  const { memberId, logKeys } = founded.material;
  await ports.fileSystem.makeDirectory(`${directory}/log`);
  const log = await createLog({
    ...ports,
    directory: logDirectoryOf(directory, memberId),
    origin: memberId,
    signer: createSigner(logKeys),
  });
  try {
    const block = log.begin();
    for (const event of events)
      block.add({ event, actor: 'coordinator', request: undefined, cause: undefined } satisfies EventDraft);
    await block.commit();
  } finally {
    await log.close();
  }
  await ports.fileSystem.syncDirectory(directory);
  const views = await ports.stores.open(viewsPathOf(directory), 'create');
  await views.close();
  return founded;
}
