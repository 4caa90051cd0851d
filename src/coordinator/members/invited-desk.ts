import { accept, CollectiveError, equalBytes, isCollectiveError, type MemberId, toHex } from '../../base/index.js';
import { checkLabel, checkMayCome, decideAdmitHost, freeLabel } from '../../domain/index.js';
import { followingSigner, type Invite, parseInvite } from '../../identity/index.js';
import type { Clock, Hasher, Random, SignatureVerifier } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import {
  type AcceptInviteRequest,
  type AuthenticatedCall,
  joinMember,
  type JoinMemberOptions,
  type MemberCard,
  type PreviewInviteResponse,
  type RpcTransport,
} from '../../transport/index.js';
import type { CertificateAuthority } from '../certificates/authority.js';
import { clientCaller } from '../caller.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { checkRequestId, requestRef } from '../commands/request-ref.js';
import { type OpenedCard, openMemberCard } from './member-card.js';
import type { LaterWord } from './trusted-member.js';

export interface InvitedDeskOptions {
  readonly authority: CertificateAuthority;
  readonly ownCard: () => Promise<MemberCard>;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly transport: RpcTransport;
  readonly onChanged: () => Promise<void>;
  readonly learn: (memberId: MemberId, word: LaterWord) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** Goes to other members with their invites. */
export class InvitedDesk {
  readonly #options: InvitedDeskOptions;

  constructor(options: InvitedDeskOptions) {
    this.#options = options;
  }

  /** Who invites. Errors: INVITE_INVALID, CERTIFICATE_INVALID, COORDINATOR_UNREACHABLE. */
  async preview(invite: string, signal: AbortSignal): Promise<PreviewInviteResponse> {
    const { memberId: hostId } = this.#checkNotOwn(invite);
    await this.#options.views.run(({ peers }) => accept(checkMayCome(hostId, peers)));
    const { host, answer, expiresMs } = await this.#visit({ invite, joiner: undefined, signal });
    const { memberId, endpoints, ca } = host;
    const known = await this.#options.views.run((views) => ({
      state: views.peers.get(memberId)?.state ?? '',
      name: views.peers.get(memberId)?.name ?? freeLabel(host.name, memberId, views),
    }));
    const { approved } = answer;
    return { memberId, memberName: host.name, caSha256: ca.sha256, endpoints: [...endpoints], approved, expiresMs, ...known };
  }

  /** Tells the host who we are, and then admits it here. What we are there: admitted or applied. */
  async accept(
    request: AcceptInviteRequest,
    call: AuthenticatedCall,
  ): Promise<{ readonly memberId: MemberId; readonly stateThere: string }> {
    const { authority, ownCard, views, commands, onChanged, learn, hasher } = this.#options;
    checkRequestId(request.requestId);
    const { inviteId, memberId: hostId } = this.#checkNotOwn(request.invite);
    if (request.name !== '') accept(checkLabel(request.name));
    const content = { inviteId, name: request.name };
    const ref = requestRef({ requestId: request.requestId, method: 'acceptInvite', content }, hasher);
    // Whoever is not going to be admitted here is not told of us either.
    await views.run(({ peers }) => accept(checkMayCome(hostId, peers)));
    const signer = followingSigner(authority.own.present, hasher);
    const joiner = { card: await ownCard(), signer };
    const { host, answer } = await this.#visit({ invite: request.invite, joiner, signal: call.signal });
    const { memberId, facts, told, endpoints } = host;
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: ref,
      decide: (all) => decideAdmitHost({ facts, name: request.name || host.name, inviteId }, all),
      answer: () => undefined,
    });
    await onChanged();
    const row = await views.run(({ peers }) => peers.get(memberId));
    if (row?.state === 'admitted') await learn(memberId, { told, endpoints });
    return { memberId, stateThere: answer.state };
  }

  async #visit(
    options: JoinMemberOptions,
  ): Promise<{ readonly host: OpenedCard; readonly answer: { state: string; approved: boolean }; readonly expiresMs: number }> {
    const { invite, memberId, ca, answer } = await joinMember(options, this.#options).catch((error: unknown) => {
      throw hostUnreachable(error);
    });
    const host = openMemberCard(answer.host, this.#options);
    if (host.memberId !== memberId || !equalBytes(host.ca.sha256, ca.sha256)) {
      throw new CollectiveError('CERTIFICATE_INVALID', 'The coordinator answers for another member than the invite names.', {
        next: 'Ask for a new invite.',
        details: { invited: memberId, answered: host.memberId, ca: toHex(host.ca.sha256) },
      });
    }
    return { host, answer, expiresMs: invite.expiresAtMs };
  }

  #checkNotOwn(text: string): Invite {
    const { authority, clock, hasher } = this.#options;
    const invite = accept(parseInvite(text, { kind: 'member', nowMs: clock.nowMs(), hasher }));
    if (invite.memberId !== authority.memberId) return invite;
    throw new CollectiveError('REQUEST_INVALID', 'This is an invite of your own.', {
      next: 'Give it to the member whom you want to invite.',
    });
  }
}

/** Whose coordinator it is that does not answer: who asked has one of its own. */
function hostUnreachable(error: unknown): unknown {
  if (!isCollectiveError(error) || error.code !== 'COORDINATOR_UNREACHABLE') return error;
  return new CollectiveError('COORDINATOR_UNREACHABLE', `The member that invites does not answer. ${error.message}`, {
    next: 'Ask its people whether their coordinator runs, and whether its enrolment port (7421 unless chosen otherwise) can be reached from here.',
    cause: error,
  });
}
