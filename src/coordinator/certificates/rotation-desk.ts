import { accept, assert, CollectiveError, LIMITS, ok, toBase32 } from '../../base/index.js';
import { decideRotateCa } from '../../domain/index.js';
import type { EventLog } from '../../events/index.js';
import {
  createMemberCa,
  createSigner,
  generateKeyPair,
  type KeyPair,
  openCa,
  openEndorsement,
  publicKeyOf,
  type TrustedCa,
} from '../../identity/index.js';
import type { Clock, Hasher, Logger, Random, SignatureVerifier } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type {
  AuthenticatedCall,
  CommitRotationRequest,
  CommitRotationResponse,
  PrepareRotationRequest,
  PrepareRotationResponse,
} from '../../transport/index.js';
import { clientCaller } from '../caller.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { MEMBER_FILES, type MemberFileStore } from '../member/member-files.js';
import type { CertificateAuthority } from './authority.js';
import type { OwnRenewal } from './own-renewal.js';
import type { UnrecordedLeaves } from './unrecorded-leaves.js';
import type { TrustDesk } from './trust-desk.js';

export interface RotationDeskOptions {
  readonly authority: CertificateAuthority;
  readonly renewal: OwnRenewal;
  readonly unrecorded: UnrecordedLeaves;
  readonly trust: TrustDesk;
  readonly commands: CommandLoop;
  readonly log: EventLog;
  readonly views: ViewHost;
  readonly files: MemberFileStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
  /** This coordinator can sign its log with this key (SPKI DER) too from now on. */
  readonly onLogKey: (publicKey: Uint8Array) => void;
}

interface Prepared {
  readonly rotationId: string;
  readonly keys: KeyPair;
  /** Undefined for a log key. */
  readonly ca: TrustedCa | undefined;
}

const ROTATION_ID_BYTES = 10;

/**
 * Replaces the CA or the log key. The new key is made here and never leaves; the identity key, which is not here, endorses it
 * where it is kept. The new key is durable before the log names it, so that after any crash the key that the log names is there.
 */
export class RotationDesk {
  readonly #options: RotationDeskOptions;
  #prepared: Prepared | undefined;
  #committing = false;

  constructor(options: RotationDeskOptions) {
    this.#options = options;
  }

  async prepare(request: PrepareRotationRequest): Promise<PrepareRotationResponse> {
    const { authority, files, log, clock, random, hasher } = this.#options;
    const { what } = request;
    if (what !== 'ca' && what !== 'log-key') {
      throw new CollectiveError('REQUEST_INVALID', 'What can be replaced is the ca or the log-key.');
    }
    this.#assertFree();
    const keys = generateKeyPair(random, hasher);
    const rotationId = toBase32(random.bytes(ROTATION_ID_BYTES));
    const { memberId } = authority;
    const nowMs = clock.nowMs();
    const ca = what === 'ca' ? accept(openCa(await createMemberCa({ memberId, keys, nowMs, random }))) : undefined;
    await files.write(ca === undefined ? MEMBER_FILES.nextLogKey : MEMBER_FILES.nextCaKey, keys.privateKeyPem);
    this.#prepared = { rotationId, keys, ca };
    const { epoch, sequence } = log.head;
    return { rotationId, subject: ca?.der ?? keys.publicKey, epoch, sequence: sequence + 1 };
  }

  /** Errors: REQUEST_INVALID for another rotation than the one prepared last, CERTIFICATE_INVALID for its endorsement. */
  async commit(request: CommitRotationRequest, call: AuthenticatedCall): Promise<CommitRotationResponse> {
    const prepared = this.#prepared;
    this.#assertFree();
    if (prepared === undefined || prepared.rotationId !== request.rotationId) {
      throw new CollectiveError('REQUEST_INVALID', 'This coordinator has prepared no such rotation, or another one since.', {
        next: 'Run the command again.',
      });
    }
    await this.#checkEndorsement(prepared, request.endorsement);
    this.#committing = true;
    try {
      const answer =
        prepared.ca === undefined
          ? await this.#rotateLogKey(prepared.keys, request, call)
          : await this.#rotateCa(prepared.ca, prepared.keys, request, call);
      this.#prepared = undefined;
      return answer;
    } finally {
      this.#committing = false;
    }
  }

  async #rotateCa(
    ca: TrustedCa,
    keys: KeyPair,
    request: CommitRotationRequest,
    call: AuthenticatedCall,
  ): Promise<CommitRotationResponse> {
    const { authority, commands, files, clock, logger, renewal, trust, unrecorded } = this.#options;
    const overlapMs = request.overlapMs === 0 ? authority.lifeMs : Math.min(request.overlapMs, LIMITS.leafLifeMaxMs);
    const previousUntilMs = clock.nowMs() + overlapMs;
    const sequence = await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: undefined,
      decide: () => decideRotateCa({ caCertificate: ca.der, caEndorsement: request.endorsement, previousUntilMs }),
      answer: (events) => events[0]?.envelope.position.sequence ?? 0,
    });
    await files.write(MEMBER_FILES.caKey, keys.privateKeyPem);
    await files.write(MEMBER_FILES.caCertificate, ca.pem);
    await authority.follow(keys);
    // In this order: whoever is told of the new CA may come at once, and must be shown a leaf of it.
    const issued = await renewal.renew();
    await trust.changed();
    await unrecorded.record(issued.certificate);
    logger.warn('the CA was replaced', { sequence, previousUntil: new Date(previousUntilMs).toISOString() });
    return { sequence, previousUntilMs };
  }

  async #rotateLogKey(keys: KeyPair, request: CommitRotationRequest, call: AuthenticatedCall): Promise<CommitRotationResponse> {
    const { commands, files, log, views, logger, onLogKey } = this.#options;
    onLogKey(keys.publicKey);
    const { actor } = clientCaller(call.caller);
    const sequence = await commands.exclusively(async () => {
      const block = await log.rotateKey({ signer: createSigner(keys), endorsement: request.endorsement, actor });
      const applied = await views.apply(block.events);
      if (applied.ok) return block.lastSequence;
      throw new CollectiveError('VIEW_DAMAGED', `The views do not take the rotation: ${applied.error.reason}.`);
    });
    await files.write(MEMBER_FILES.logKey, keys.privateKeyPem);
    // Answered once the witnesses hold it too.
    await commands.submit({ actor, request: undefined, decide: () => ok([]), answer: () => undefined });
    logger.warn('the log key was replaced', { sequence });
    return { sequence, previousUntilMs: 0 };
  }

  async #checkEndorsement({ ca, keys }: Prepared, endorsement: Uint8Array): Promise<void> {
    const { authority, views, hasher, verifier, log } = this.#options;
    const owner = await views.run(({ members }) => members.owner());
    assert(owner !== undefined, 'a coordinator that runs has a log');
    const { validFrom } = accept(
      openEndorsement(endorsement, {
        memberId: authority.memberId,
        identityKey: publicKeyOf(owner.identityPublicKey, hasher),
        purpose: ca === undefined ? 'log-key' : 'member-ca',
        subject: ca?.sha256 ?? keys.publicKey,
        verifier,
      }),
    );
    if (validFrom.epoch > log.head.epoch || validFrom.sequence > log.head.sequence + 1) {
      throw new CollectiveError('CERTIFICATE_INVALID', 'The endorsement holds only from a later position of the log on.');
    }
  }

  #assertFree(): void {
    if (!this.#committing) return;
    throw new CollectiveError('UNAVAILABLE', 'A key is being replaced just now.', { next: 'Try again in a moment.' });
  }
}
