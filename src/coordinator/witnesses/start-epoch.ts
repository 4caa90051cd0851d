import { CollectiveError, type MemberId } from '../../base/index.js';
import { type LogPosition, openLog } from '../../events/index.js';
import { createSigner, endorse, generateKeyPair, type KeyPair } from '../../identity/index.js';
import type { Clock, FileSystem, Hasher, Random, SignatureVerifier } from '../../ports/index.js';
import { MEMBER_FILES, type MemberFileStore } from '../member/member-files.js';

export interface StartEpochOptions {
  /** Of the log itself. */
  readonly directory: string;
  readonly memberId: MemberId;
  readonly identityKeys: KeyPair;
  readonly reason: string;
  readonly files: MemberFileStore;
  readonly ports: {
    readonly fileSystem: FileSystem;
    readonly clock: Clock;
    readonly random: Random;
    readonly hasher: Hasher;
    readonly verifier: SignatureVerifier;
  };
}

/**
 * Goes on with a log in a new epoch, with a new log key: what anybody holds past its end is not of this log any more. For a log
 * that no process has open. Returns where the epoch begins. Errors: those of openLog, LOG_FAILED, NOT_ENOUGH_SPACE.
 */
export async function startEpoch(options: StartEpochOptions): Promise<LogPosition> {
  const { directory, memberId, identityKeys, reason, files, ports } = options;
  const log = await openLog({ ...ports, directory, origin: memberId, signer: [] });
  try {
    const { epoch, sequence } = log.head;
    if (sequence === 0) throw new CollectiveError('LOG_DAMAGED', 'The log is empty: there is nothing to go on from.');
    const keys = generateKeyPair(ports.random, ports.hasher);
    // Durable before the log names it: whichever of the two the log names is used.
    await files.write(MEMBER_FILES.nextLogKey, keys.privateKeyPem);
    const identitySigner = createSigner(identityKeys);
    const validFrom = { epoch: epoch + 1, sequence: sequence + 1 };
    const endorsement = endorse({ memberId, purpose: 'log-key', subject: keys.publicKey, validFrom }, identitySigner);
    const block = await log.startEpoch({ identitySigner, signer: createSigner(keys), endorsement, reason, epoch: epoch + 1 });
    await files.write(MEMBER_FILES.logKey, keys.privateKeyPem);
    return { epoch: block.header.epoch, sequence: block.lastSequence };
  } finally {
    await log.close();
  }
}
