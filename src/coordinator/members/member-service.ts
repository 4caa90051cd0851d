import { accept, CollectiveError, LIMITS, type MemberId, utf8 } from '../../base/index.js';
import {
  type Decision,
  type DecisionContext,
  decideApprove,
  decideInviteMember,
  decideRefuse,
  decideReinstate,
  decideRemove,
  decideRename,
  decideSuspend,
  memberNamed,
} from '../../domain/index.js';
import type { LogPosition } from '../../events/index.js';
import { createInvite, notAdmittedAs, openCa } from '../../identity/index.js';
import type { Clock, Logger, Random } from '../../ports/index.js';
import type { Views } from '../../projections/index.js';
import type {
  AcceptInviteRequest,
  AcceptInviteResponse,
  ApproveMemberRequest,
  ApproveMemberResponse,
  AuthenticatedCall,
  GetMemberRequest,
  GetMemberResponse,
  InviteMemberRequest,
  InviteMemberResponse,
  ListMembersResponse,
  MemberInfo,
  MemberServiceDefinition,
  PreviewInviteRequest,
  PreviewInviteResponse,
  RefuseMemberRequest,
  RefuseMemberResponse,
  ReinstateMemberRequest,
  ReinstateMemberResponse,
  RemoveMemberRequest,
  RemoveMemberResponse,
  RenameMemberRequest,
  RenameMemberResponse,
  ServiceImplementation,
  SuspendMemberRequest,
  SuspendMemberResponse,
} from '../../transport/index.js';
import { clientCaller } from '../caller.js';
import type { CertificateAuthority } from '../certificates/authority.js';
import type { CommandLoop } from '../commands/command-loop.js';
import { checkRequestId, requestRef } from '../commands/request-ref.js';
import type { InvitedDesk } from './invited-desk.js';
import { type DetailSources, memberDetails } from './member-details.js';
import { memberInfo } from './member-info.js';
import type { PeerTrust } from './peer-trust.js';
import { removeOnceEmpty } from './removal-rounds.js';

export interface MemberServiceOptions extends DetailSources {
  readonly authority: CertificateAuthority;
  readonly enrolmentEndpoints: readonly string[];
  readonly commands: CommandLoop;
  readonly invited: InvitedDesk;
  readonly trust: PeerTrust;
  /** Who is admitted has changed; resolves when everything here goes by it. */
  readonly onChanged: () => Promise<void>;
  /** The end of our copy of its log; undefined: we hold none. */
  readonly headOf: (memberId: MemberId) => LogPosition | undefined;
  /** Ends what its coordinator has open here. Returns how many calls. */
  readonly cut: (memberId: MemberId, error: CollectiveError) => number;
  /** A member is about to be removed: what lies with it is to be had elsewhere first, where that can be. */
  readonly beforeRemoval: (memberId: MemberId, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** What people say of other members. */
export class MemberService implements ServiceImplementation<typeof MemberServiceDefinition> {
  readonly #options: MemberServiceOptions;

  constructor(options: MemberServiceOptions) {
    this.#options = options;
  }

  async inviteMember(request: InviteMemberRequest, call: AuthenticatedCall): Promise<InviteMemberResponse> {
    const { authority, enrolmentEndpoints: endpoints, clock, random, hasher, commands } = this.#options;
    const { name, approved } = request;
    const lifeMs = request.lifeMs === 0 ? LIMITS.inviteLifeMs : Math.min(request.lifeMs, LIMITS.inviteLifeMaxMs);
    // Invites carry whole seconds.
    const expiresAtMs = Math.ceil((clock.nowMs() + lifeMs) / 1000) * 1000;
    const { memberId, ca } = authority;
    const made = { kind: 'member', memberId, caSha256: ca.sha256, expiresAtMs, endpoints } as const;
    const { inviteId, secretHash, text } = accept(createInvite(made, { random, hasher }));
    const event = { type: 'InviteIssued', kind: 'member', inviteId, name, secretHash, expiresAtMs, approved } as const;
    // The secret is not kept, so a retry cannot be answered with it again: each call makes a new invite.
    const ref = requestRef({ requestId: request.requestId, method: 'inviteMember', content: { inviteId } }, hasher);
    await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: ref,
      decide: (views, context) => decideInviteMember(event, views, context),
      answer: () => undefined,
    });
    return { inviteId, invite: text, expiresMs: expiresAtMs };
  }

  previewInvite(request: PreviewInviteRequest, call: AuthenticatedCall): Promise<PreviewInviteResponse> {
    return this.#options.invited.preview(request.invite, call.signal);
  }

  async acceptInvite(request: AcceptInviteRequest, call: AuthenticatedCall): Promise<AcceptInviteResponse> {
    const { memberId, stateThere } = await this.#options.invited.accept(request, call);
    return { member: await this.#info(memberId), stateThere };
  }

  async approveMember(request: ApproveMemberRequest, call: AuthenticatedCall): Promise<ApproveMemberResponse> {
    const decide = (memberId: MemberId, views: Views): Decision => decideApprove(memberId, views);
    return { member: await this.#change('approveMember', request, call, decide) };
  }

  async refuseMember(request: RefuseMemberRequest, call: AuthenticatedCall): Promise<RefuseMemberResponse> {
    const note = checkNote(request.note);
    const decide = (memberId: MemberId, { peers }: Views): Decision => decideRefuse({ memberId, note }, peers);
    return { member: await this.#change('refuseMember', request, call, decide) };
  }

  async listMembers(): Promise<ListMembersResponse> {
    const members = await this.#options.views.run(({ peers }) =>
      peers.all().map(([memberId, row]) => memberInfo(memberId, row, peers, this.#options)),
    );
    return { members };
  }

  async getMember(request: GetMemberRequest): Promise<GetMemberResponse> {
    const memberId = await this.#named(request.member);
    const { trust, views, clock } = this.#options;
    const row = await views.run(({ peers }) => peers.get(memberId));
    const ca = trust.of(memberId)?.ca ?? (row === undefined ? undefined : accept(openCa(row.caCertificate)));
    const details = await memberDetails(memberId, { ca, nowMs: clock.nowMs() }, this.#options);
    return { member: await this.#info(memberId), details };
  }

  async suspendMember(request: SuspendMemberRequest, call: AuthenticatedCall): Promise<SuspendMemberResponse> {
    const note = checkNote(request.note);
    const decide = (memberId: MemberId, { peers }: Views): Decision =>
      decideSuspend({ memberId, upTo: this.#upTo(memberId), note }, peers);
    return this.#stop('suspendMember', request, call, decide);
  }

  async reinstateMember(request: ReinstateMemberRequest, call: AuthenticatedCall): Promise<ReinstateMemberResponse> {
    const decide = (memberId: MemberId, { peers }: Views): Decision => decideReinstate(memberId, peers);
    return { member: await this.#change('reinstateMember', request, call, decide) };
  }

  async removeMember(request: RemoveMemberRequest, call: AuthenticatedCall): Promise<RemoveMemberResponse> {
    checkRequestId(request.requestId);
    const note = checkNote(request.note);
    const member = await this.#named(request.member);
    const decide = (memberId: MemberId, views: Views): Decision =>
      decideRemove({ memberId, upTo: this.#upTo(memberId), note, onlyEmpty: !request.now }, views);
    const remove = (): Promise<RemoveMemberResponse> => this.#stop('removeMember', { ...request, member }, call, decide);
    return request.now ? remove() : removeOnceEmpty(() => this.#options.beforeRemoval(member, call.signal), remove);
  }

  async renameMember(request: RenameMemberRequest, call: AuthenticatedCall): Promise<RenameMemberResponse> {
    const { name } = request;
    const decide = (memberId: MemberId, views: Views): Decision => decideRename({ memberId, name }, views);
    return { member: await this.#change('renameMember', request, call, decide) };
  }

  /** On record first; then nothing of it is open any more, nor can be opened. */
  async #stop(
    method: string,
    request: Change,
    call: AuthenticatedCall,
    decide: Decide,
  ): Promise<{ readonly member: MemberInfo; readonly cutCalls: number }> {
    const { cut, logger } = this.#options;
    const member = await this.#change(method, request, call, decide);
    const memberId = await this.#named(member.memberId);
    const standing = member.state === 'removed' ? 'removed' : 'suspended';
    const cutCalls = cut(memberId, notAdmittedAs({ memberId, standing, sinceMs: member.sinceMs }));
    logger.warn('nothing is taken from a member any more', { memberId, name: member.name, state: member.state, cutCalls });
    return { member, cutCalls };
  }

  async #change(method: string, request: Change, call: AuthenticatedCall, decide: Decide): Promise<MemberInfo> {
    const { commands, hasher, onChanged } = this.#options;
    const { requestId, ...content } = request;
    const ref = requestRef({ requestId, method, content }, hasher);
    const memberId = await this.#named(request.member);
    const changes = await commands.submit({
      actor: clientCaller(call.caller).actor,
      request: ref,
      decide: (views, context) => decide(memberId, views, context),
      answer: (events) => events.length,
    });
    await onChanged();
    const info = await this.#info(memberId);
    return changes > 0 ? info : { ...info, unchanged: true };
  }

  #named(text: string): Promise<MemberId> {
    return this.#options.views.run((all) => accept(memberNamed(text, all)).memberId);
  }

  #info(memberId: MemberId): Promise<MemberInfo> {
    return this.#options.views.run((all) => {
      const { row } = accept(memberNamed(memberId, all));
      return memberInfo(memberId, row, all.peers, this.#options);
    });
  }

  #upTo(memberId: MemberId): LogPosition {
    return this.#options.headOf(memberId) ?? { epoch: 0, sequence: 0 };
  }
}

type Decide = (memberId: MemberId, views: Views, context: DecisionContext) => Decision;

interface Change {
  readonly requestId: string;
  readonly member: string;
}

/** Error: REQUEST_INVALID. */
function checkNote(note: string): string {
  if (utf8(note).length <= LIMITS.noteBytes) return note;
  throw new CollectiveError('REQUEST_INVALID', `A note has at most ${LIMITS.noteBytes} bytes.`);
}
