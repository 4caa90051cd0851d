import { LIMITS, toCollectiveError } from '../../base/index.js';
import { certificatePem, generateKeyPair, isIssuedBy, leafValidity, renewalDueMs } from '../../identity/index.js';
import type { Clock, Hasher, Logger, Random, Timers } from '../../ports/index.js';
import { MEMBER_FILES, type MemberFileStore } from '../member/member-files.js';
import type { CertificateAuthority, IssuedLeaf } from './authority.js';
import type { UnrecordedLeaves } from './unrecorded-leaves.js';

export interface OwnRenewalOptions {
  readonly authority: CertificateAuthority;
  readonly memberName: string;
  readonly unrecorded: UnrecordedLeaves;
  readonly files: MemberFileStore;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly logger: Logger;
}

const RETRY_MS = 5_000;
/** A machine that slept, or whose clock was set, is noticed after this long. */
const LOOK_AT_LEAST_EVERY_MS = 60 * 60 * 1000;

/**
 * Keeps the coordinator's own certificate good. It is the CA that would say no, so a new leaf is used at once, and put on record
 * as soon as the log takes it: nodes have to be able to dial in before a log that waits for its witnesses takes anything.
 */
export class OwnRenewal {
  readonly #options: OwnRenewalOptions;

  constructor(options: OwnRenewalOptions) {
    this.#options = options;
  }

  /** A new leaf with a new key, if the present one is due or was issued by another CA than the present. */
  async renewIfDue(): Promise<IssuedLeaf | undefined> {
    return this.#dueMs() <= this.#options.clock.nowMs() ? this.renew() : undefined;
  }

  async renew(): Promise<IssuedLeaf> {
    const { authority, memberName, files, random, hasher, logger } = this.#options;
    const keys = generateKeyPair(random, hasher);
    const peer = { role: 'coordinator', memberId: authority.memberId } as const;
    const issued = await authority.issue({ peer, name: memberName, publicKey: keys.publicKey });
    // In this order: whenever a crash strikes, the key of the certificate is in one of the two files.
    await files.write(MEMBER_FILES.nextCoordinatorKey, keys.privateKeyPem);
    await files.write(MEMBER_FILES.coordinatorCertificate, certificatePem(issued.leaf));
    await files.write(MEMBER_FILES.coordinatorKey, keys.privateKeyPem);
    authority.show(issued.leaf, keys.privateKeyPem);
    logger.info('own certificate renewed', { until: new Date(issued.certificate.notAfterMs).toISOString() });
    return issued;
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { timers, clock, unrecorded, logger } = this.#options;
    while (!signal.aborted) {
      try {
        await timers.sleep(Math.min(Math.max(0, this.#dueMs() - clock.nowMs()), LOOK_AT_LEAST_EVERY_MS), signal);
        const issued = await this.renewIfDue();
        if (issued !== undefined) unrecorded.add(issued.certificate);
      } catch (error) {
        if (signal.aborted) return;
        logger.error('the own certificate could not be renewed', { error: toCollectiveError(error) });
        await timers.sleep(RETRY_MS, signal).catch((stopped: unknown) => {
          if (!signal.aborted) throw stopped;
        });
      }
    }
  }

  #dueMs(): number {
    const { own } = this.#options.authority;
    const validity = leafValidity(own.leaf);
    return validity === undefined || !isIssuedBy(own.leaf, own.ca) ? 0 : renewalDueMs(validity);
  }
}

export const DEFAULT_LEAF_LIFE_MS = LIMITS.leafLifeMs;
