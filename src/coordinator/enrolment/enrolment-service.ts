import {
  accept,
  type ClientId,
  CollectiveError,
  equalBytes,
  type InviteId,
  isInviteId,
  LIMITS,
  type NodeId,
  toBase32,
} from '../../base/index.js';
import { checkLabel, decideBurnInvite, decideReissue, decideRedeemInvite, usableInvite } from '../../domain/index.js';
import {
  checkInviteProof,
  createSigner,
  ENROLMENT_NONCE_BYTES,
  type EnrolmentExchange,
  issueLeaf,
  openCertificateRequest,
  type PeerName,
  proveEnrolmentAnswer,
} from '../../identity/index.js';
import type { Clock, Hasher, Logger, Random, SignatureVerifier } from '../../ports/index.js';
import type { CertificateRow, InviteRow, ViewHost } from '../../projections/index.js';
import type {
  AnonymousCall,
  EnrolmentServiceDefinition,
  RedeemRequest,
  RedeemResponse,
  ServiceImplementation,
} from '../../transport/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { certificateIssued } from '../member/certificate-issued.js';
import type { MemberMaterial } from '../member/member-files.js';
import { EnrolmentAttempts } from './attempts.js';

const SHORT_ID_BYTES = 10;

export interface EnrolmentServiceOptions {
  readonly material: MemberMaterial;
  readonly commands: CommandLoop;
  readonly views: ViewHost;
  readonly homeEndpoints: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
  readonly logger: Logger;
}

/** An invite that may be redeemed, and (where the answer to the first try was lost) what it was redeemed for. */
interface Redeemable {
  readonly invite: InviteRow;
  readonly earlier: CertificateRow | undefined;
}

/** Turns one-time invites into certificates. Keys stay where they were made: only requests for certificates come here. */
export class EnrolmentService implements ServiceImplementation<typeof EnrolmentServiceDefinition> {
  readonly #options: EnrolmentServiceOptions;
  readonly #attempts: EnrolmentAttempts;

  constructor(options: EnrolmentServiceOptions) {
    this.#options = options;
    this.#attempts = new EnrolmentAttempts(options.clock);
  }

  async redeem(request: RedeemRequest, call: AnonymousCall): Promise<RedeemResponse> {
    const { logger, material, hasher } = this.#options;
    if (!this.#attempts.admit()) {
      throw new CollectiveError(
        'LIMIT_EXCEEDED',
        `There were more than ${LIMITS.enrolmentsPerMinute} attempts to join within a minute.`,
        {
          next: 'Wait a minute and try again.',
        },
      );
    }
    const { inviteId } = request;
    if (!isInviteId(inviteId) || request.nonce.length !== ENROLMENT_NONCE_BYTES) {
      throw new CollectiveError('REQUEST_INVALID', 'The request to join is malformed.');
    }
    const publicKey = accept(await openCertificateRequest(request.certificateRequest));
    const exchange: EnrolmentExchange = {
      inviteId,
      serverLeaf: material.coordinatorLeaf,
      certificateRequest: request.certificateRequest,
      nonce: request.nonce,
    };
    const found = await this.#prove(inviteId, request.proof, exchange, publicKey);
    const { certificate, subjectId, name } = await this.#issue(inviteId, found, publicKey, request.name);
    logger.info('invite redeemed', {
      inviteId,
      kind: found.invite.kind,
      name,
      subjectId,
      remote: call.remote,
      requestId: call.requestId,
    });
    const answer = { certificate, caCertificate: material.ca.der };
    return {
      ...answer,
      subjectId,
      name,
      memberId: material.memberId,
      memberName: material.name,
      homeEndpoints: this.#options.homeEndpoints,
      proof: proveEnrolmentAnswer(request.proof, exchange, answer, { signer: createSigner(material.coordinatorKeys), hasher }),
    };
  }

  /** Only who has the secret learns anything about the invite; five wrong tries burn it. */
  async #prove(inviteId: InviteId, proof: Uint8Array, exchange: EnrolmentExchange, publicKey: Uint8Array): Promise<Redeemable> {
    const { views, hasher, verifier, clock, logger } = this.#options;
    const { invite, earlier } = await views.run(({ invites, certificates }) => {
      const row = invites.get(inviteId);
      const fingerprint = row?.state === 'redeemed' ? row.fingerprint : undefined;
      return { invite: row, earlier: fingerprint === undefined ? undefined : certificates.byFingerprint(fingerprint) };
    });
    const refused = new CollectiveError('INVITE_INVALID', 'This coordinator does not accept the invite.', {
      next: 'Check that it was pasted whole, or ask for a new one.',
    });
    if (invite === undefined) throw refused;
    if (!checkInviteProof(proof, exchange, { secretHash: invite.secretHash, hasher, verifier })) {
      logger.warn('wrong proof for an invite', { inviteId });
      if (this.#attempts.wrong(inviteId)) await this.#burn(inviteId);
      throw refused;
    }
    if (earlier !== undefined && equalBytes(earlier.publicKey, publicKey)) return { invite, earlier };
    accept(await views.run(({ invites }) => usableInvite(inviteId, invites, clock.nowMs())));
    return { invite, earlier: undefined };
  }

  async #issue(inviteId: InviteId, { invite, earlier }: Redeemable, publicKey: Uint8Array, wishedName: string) {
    const { material, clock, random, commands } = this.#options;
    const { memberId, ca, caKeys } = material;
    const name = earlier?.name ?? (invite.name || wishedName);
    accept(checkLabel(name));
    const subjectId = earlier?.subjectId ?? toBase32(random.bytes(SHORT_ID_BYTES));
    const peer: PeerName =
      invite.kind === 'node'
        ? { role: 'node', memberId, nodeId: subjectId as NodeId }
        : { role: 'client', memberId, clientId: subjectId as ClientId };
    const nowMs = clock.nowMs();
    const leaf = await issueLeaf({ ca, caKeys, name: peer, publicKey, nowMs, random });
    const certificate = certificateIssued({ leaf, ca, memberId, name, nowMs });
    await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (views, context) =>
        earlier === undefined ? decideRedeemInvite({ inviteId, certificate }, views, context) : decideReissue(certificate),
      answer: () => undefined,
    });
    return { certificate: leaf, subjectId, name };
  }

  async #burn(inviteId: InviteId): Promise<void> {
    await this.#options.commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: ({ invites }) => decideBurnInvite(inviteId, invites),
      answer: () => undefined,
    });
  }
}
