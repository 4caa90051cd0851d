import {
  accept,
  type ClientId,
  CollectiveError,
  equalBytes,
  type InviteId,
  isInviteId,
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
    const address = call.remote.slice(0, call.remote.lastIndexOf(':'));
    if (!this.#attempts.admit(address)) {
      throw new CollectiveError('LIMIT_EXCEEDED', 'There were too many attempts to join within a minute.', {
        next: 'Wait a minute and try again.',
      });
    }
    const { inviteId } = request;
    if (!isInviteId(inviteId) || request.nonce.length !== ENROLMENT_NONCE_BYTES) {
      throw new CollectiveError('REQUEST_INVALID', 'The request to join is malformed.');
    }
    const exchange: EnrolmentExchange = {
      inviteId,
      serverLeaf: material.coordinatorLeaf,
      certificateRequest: request.certificateRequest,
      nonce: request.nonce,
    };
    const invite = await this.#prove(inviteId, request.proof, exchange);
    // What reads certificate requests is not for strangers: it comes after the proof.
    const publicKey = accept(await openCertificateRequest(request.certificateRequest));
    const found = await this.#redeemable(inviteId, invite, publicKey);
    const { certificate, subjectId, name } = await this.#issue(inviteId, found, publicKey, request.name);
    this.#attempts.succeeded(address);
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
  async #prove(inviteId: InviteId, proof: Uint8Array, exchange: EnrolmentExchange): Promise<InviteRow> {
    const { views, hasher, verifier, logger } = this.#options;
    const invite = await views.run(({ invites }) => invites.get(inviteId));
    const refused = new CollectiveError('INVITE_INVALID', 'This coordinator does not accept the invite.', {
      next: 'Check that it was pasted whole, or ask for a new one.',
    });
    if (invite === undefined) throw refused;
    if (checkInviteProof(proof, exchange, { secretHash: invite.secretHash, hasher, verifier })) return invite;
    logger.warn('wrong proof for an invite', { inviteId });
    if (this.#attempts.wrong(inviteId)) await this.#burn(inviteId);
    throw refused;
  }

  /** An invite works once; but within its life the same key may ask again, whose first answer was lost. */
  #redeemable(inviteId: InviteId, invite: InviteRow, publicKey: Uint8Array): Promise<Redeemable> {
    const nowMs = this.#options.clock.nowMs();
    return this.#options.views.run(({ invites, certificates }) => {
      const repeated = invite.state === 'redeemed' && nowMs < invite.expiresAtMs;
      const earlier = repeated ? certificates.byFingerprint(invite.fingerprint) : undefined;
      if (earlier !== undefined && equalBytes(earlier.publicKey, publicKey)) return { invite, earlier };
      accept(usableInvite(inviteId, invites, nowMs));
      return { invite, earlier: undefined };
    });
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
