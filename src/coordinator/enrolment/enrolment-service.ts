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
  checkRenewalProof,
  ENROLMENT_NONCE_BYTES,
  checkMemberJoin,
  followingSigner,
  openCertificateRequest,
  type PeerIdentity,
  type PeerName,
  proveEnrolmentAnswer,
  type StoredInvite,
} from '../../identity/index.js';
import type { Clock, Hasher, Logger, Random, SignatureVerifier } from '../../ports/index.js';
import type { CertificateRow, InviteRow, ViewHost } from '../../projections/index.js';
import type {
  AnonymousCall,
  EnrolmentServiceDefinition,
  IntroduceRequest,
  IntroduceResponse,
  JoinMemberRequest,
  JoinMemberResponse,
  RedeemRequest,
  RedeemResponse,
  RenewLapsedRequest,
  RenewLapsedResponse,
  ServiceImplementation,
} from '../../transport/index.js';
import type { CertificateAuthority } from '../certificates/authority.js';
import type { RenewalDesk } from '../certificates/certificate-service.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { certificateOf } from '../member/certificate-issued.js';
import type { JoinDesk } from '../members/join-desk.js';
import { EnrolmentAttempts } from './attempts.js';

const SHORT_ID_BYTES = 10;

export interface EnrolmentServiceOptions {
  readonly memberName: string;
  readonly authority: CertificateAuthority;
  readonly renewals: RenewalDesk;
  readonly joining: Pick<JoinDesk, 'answer'>;
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

/** A certificate that may be renewed by who has its key. */
interface Lapsed extends Pick<CertificateRow, 'subjectId' | 'publicKey'> {
  readonly role: 'node' | 'client';
  /** It is not on record. */
  readonly unrecorded: PeerIdentity | undefined;
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
    const { logger, authority, memberName, hasher } = this.#options;
    const { inviteId } = request;
    // What is no attempt is not counted as one.
    if (!isInviteId(inviteId) || request.nonce.length !== ENROLMENT_NONCE_BYTES) {
      throw new CollectiveError('REQUEST_INVALID', 'The request to join is malformed.');
    }
    const address = this.#admit(call);
    const { certificateRequest, nonce } = request;
    const exchanges = authority.shown.map((own) => ({ own, inviteId, serverLeaf: own.leaf, certificateRequest, nonce }));
    const { invite, exchange } = await this.#prove(
      { inviteId, proof: request.proof, remote: call.remote },
      exchanges,
      checkInviteProof,
    );
    if (invite.kind === 'member') throw forAMember();
    const { own } = exchange;
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
    const answer = { certificate, caCertificate: own.ca.der };
    return {
      ...answer,
      subjectId,
      name,
      memberId: own.memberId,
      memberName,
      homeEndpoints: this.#options.homeEndpoints,
      proof: proveEnrolmentAnswer(request.proof, exchange, answer, { signer: followingSigner(own, hasher), hasher }),
    };
  }

  async joinMember(request: JoinMemberRequest, call: AnonymousCall): Promise<JoinMemberResponse> {
    const { authority, joining } = this.#options;
    const { inviteId, card, nonce } = request;
    if (!isInviteId(inviteId) || nonce.length !== ENROLMENT_NONCE_BYTES) {
      throw new CollectiveError('REQUEST_INVALID', 'The request to join is malformed.');
    }
    const address = this.#admit(call);
    const joins = authority.shown.map((own) => ({ own, inviteId, serverLeaf: own.leaf, card, nonce }));
    const { invite, exchange } = await this.#prove(
      { inviteId, proof: request.proof, remote: call.remote },
      joins,
      checkMemberJoin,
    );
    const { own } = exchange;
    const response = await joining.answer(request, exchange, { invite, own, remote: call.remote });
    this.#attempts.succeeded(address);
    return response;
  }

  async introduce(_request: IntroduceRequest, call: AnonymousCall): Promise<IntroduceResponse> {
    const address = this.#admit(call);
    const trust = await this.#options.authority.trust();
    this.#attempts.succeeded(address);
    return { trust };
  }

  /** For who cannot show its certificate any more. What it gets is of no use to anybody who has not got its key. */
  async renewLapsed(request: RenewLapsedRequest, call: AnonymousCall): Promise<RenewLapsedResponse> {
    const { authority, renewals, hasher, verifier, logger } = this.#options;
    const { certificate, certificateRequest, nonce } = request;
    const { length } = certificate;
    if (length === 0 || length > LIMITS.certificateBytes || nonce.length !== ENROLMENT_NONCE_BYTES) {
      throw new CollectiveError('REQUEST_INVALID', 'The request to renew a certificate is malformed.');
    }
    const address = this.#admit(call);
    const known = await this.#lapsed(certificate);
    const proved = authority.shown.some(({ leaf: serverLeaf }) => {
      const exchange = { serverLeaf, certificate, certificateRequest, nonce };
      const publicKey = known?.publicKey ?? new Uint8Array();
      return known !== undefined && checkRenewalProof(request.proof, exchange, { publicKey, hasher, verifier });
    });
    // One answer for both: strangers learn nothing of who is on record.
    if (known === undefined || !proved) {
      throw new CollectiveError('CERTIFICATE_INVALID', 'This coordinator does not renew that certificate.', {
        next: 'It may be too long ago, or of another member. Join again with a new invite.',
      });
    }
    const { memberId } = authority;
    const { role, subjectId } = known;
    const publicKey = accept(await openCertificateRequest(certificateRequest));
    const peer =
      role === 'node'
        ? ({ role, memberId, nodeId: subjectId as NodeId } as const)
        : ({ role: 'client', memberId, clientId: subjectId as ClientId } as const);
    const renewal = await renewals.issue(peer, publicKey, known.unrecorded);
    this.#attempts.succeeded(address);
    logger.info('a certificate was renewed by proof of its key', { role, subjectId, remote: call.remote });
    return { renewal };
  }

  /**
   * Of a node or client, among its newest, and not over for too long. Of the present CA also one that is not on record, as a
   * crash leaves it, by a key that is among the newest or later than all on record. Who was revoked is told so by the renewal itself.
   */
  async #lapsed(leaf: Uint8Array): Promise<Lapsed | undefined> {
    const { authority, views, clock, hasher } = this.#options;
    const fingerprint = hasher.sha256(leaf);
    const row = await views.run(({ certificates }) => certificates.byFingerprint(fingerprint));
    const unrecorded = row === undefined ? authority.issued(leaf) : undefined;
    const lapsed = row ?? (unrecorded === undefined ? undefined : certificateOf(unrecorded, ''));
    if (lapsed === undefined || clock.nowMs() > lapsed.notAfterMs + LIMITS.lapsedRenewalMs) return undefined;
    const { role, subjectId, publicKey } = lapsed;
    if (role === 'coordinator') return undefined;
    const known = await views.run(({ certificates }) => certificates.of(role, subjectId));
    if (known.length === 0) return undefined;
    const isLatest = unrecorded !== undefined && known.every((each) => each.notBeforeMs <= unrecorded.notBeforeMs);
    const isKnown = known.some((each) => equalBytes(each.publicKey, publicKey));
    return isLatest || isKnown ? { role, subjectId, publicKey, unrecorded } : undefined;
  }

  /** The address that the attempt counts for. Error: LIMIT_EXCEEDED. */
  #admit(call: AnonymousCall): string {
    const address = call.remote.slice(0, call.remote.lastIndexOf(':'));
    if (this.#attempts.admit(address)) return address;
    throw new CollectiveError('LIMIT_EXCEEDED', 'There were too many attempts to join within a minute.', {
      next: 'Wait a minute and try again.',
    });
  }

  /** Only who has the secret learns anything about the invite; five wrong tries burn it. */
  async #prove<Exchange>(
    { inviteId, proof, remote }: { readonly inviteId: InviteId; readonly proof: Uint8Array; readonly remote: string },
    exchanges: readonly Exchange[],
    check: (proof: Uint8Array, exchange: Exchange, stored: StoredInvite) => boolean,
  ): Promise<{ readonly invite: InviteRow; readonly exchange: Exchange }> {
    const { views, hasher, verifier, logger } = this.#options;
    const invite = await views.run(({ invites }) => invites.get(inviteId));
    const refused = new CollectiveError('INVITE_INVALID', 'This coordinator does not accept the invite.', {
      next: 'Check that it was pasted whole, or ask for a new one.',
    });
    if (invite === undefined) throw refused;
    const { secretHash } = invite;
    const exchange = exchanges.find((each) => check(proof, each, { secretHash, hasher, verifier }));
    if (exchange !== undefined) return { invite, exchange };
    logger.warn('wrong proof for an invite', { inviteId, remote });
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
    const { authority, random, commands } = this.#options;
    const { memberId } = authority;
    const name = earlier?.name ?? (invite.name || wishedName);
    accept(checkLabel(name));
    const subjectId = earlier?.subjectId ?? toBase32(random.bytes(SHORT_ID_BYTES));
    const peer: PeerName =
      invite.kind === 'node'
        ? { role: 'node', memberId, nodeId: subjectId as NodeId }
        : { role: 'client', memberId, clientId: subjectId as ClientId };
    const { leaf, certificate } = await authority.issue({ peer, name, publicKey });
    await commands.submit({
      actor: 'coordinator',
      request: undefined,
      decide: (views, context) =>
        earlier === undefined ? decideRedeemInvite({ inviteId, certificate }, views, context) : decideReissue(certificate, views),
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

const forAMember = (): CollectiveError =>
  new CollectiveError('INVITE_INVALID', 'This is an invite for another member, not for a node or client.', {
    next: 'Run: collective member accept INVITE',
  });
