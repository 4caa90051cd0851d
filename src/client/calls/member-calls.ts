import { CollectiveError, LIMITS, toBase32 } from '../../base/index.js';
import type { Random } from '../../ports/index.js';
import type {
  CallOptions,
  InviteMemberResponse,
  MemberDetails,
  MemberInfo,
  MemberServiceDefinition,
  PreviewInviteResponse,
  RpcClient,
} from '../../transport/index.js';
import type { Retry } from './retry.js';

export interface MemberCallsOptions {
  readonly rpc: RpcClient<typeof MemberServiceDefinition>;
  readonly retry: Retry;
  readonly random: Random;
  readonly correlationId: string;
}

/** Other members, as this one knows them. Errors: the coordinator's own, COORDINATOR_UNREACHABLE, CANCELLED. */
export class MemberCalls {
  readonly #options: MemberCallsOptions;

  constructor(options: MemberCallsOptions) {
    this.#options = options;
  }

  async list(signal: AbortSignal): Promise<readonly MemberInfo[]> {
    return (await this.#call('ListMembers', signal, (rpc, options) => rpc.listMembers({}, options))).members;
  }

  /** `member` is an id, the beginning of one, or a name, here and below. */
  async show(
    member: string,
    signal: AbortSignal,
  ): Promise<{ readonly member: MemberInfo; readonly details: MemberDetails | undefined }> {
    const answer = await this.#call('GetMember', signal, (rpc, options) => rpc.getMember({ member }, options));
    return { member: present(answer.member), details: answer.details };
  }

  /** `lifeMs` 0: one hour. */
  invite(
    wish: { readonly name: string; readonly lifeMs: number; readonly approved: boolean },
    signal: AbortSignal,
  ): Promise<InviteMemberResponse> {
    const requestId = this.#newId();
    return this.#call('InviteMember', signal, (rpc, options) => rpc.inviteMember({ requestId, ...wish }, options));
  }

  /** Not repeated: who cannot be reached may be the coordinator that invites. */
  preview(invite: string, signal: AbortSignal): Promise<PreviewInviteResponse> {
    return this.#options.rpc.previewInvite({ invite }, this.#callOptions(signal));
  }

  /** Not repeated, as above; it may be asked again. `stateThere`: what we are there, admitted or applied. */
  async accept(
    wish: { readonly invite: string; readonly name: string },
    signal: AbortSignal,
  ): Promise<{ readonly member: MemberInfo; readonly stateThere: string }> {
    const requestId = this.#newId();
    const answer = await this.#options.rpc.acceptInvite({ requestId, ...wish }, this.#callOptions(signal));
    return { member: present(answer.member), stateThere: answer.stateThere };
  }

  async approve(member: string, signal: AbortSignal): Promise<MemberInfo> {
    const request = { requestId: this.#newId(), member };
    return present((await this.#call('ApproveMember', signal, (rpc, options) => rpc.approveMember(request, options))).member);
  }

  async refuse(member: string, note: string, signal: AbortSignal): Promise<MemberInfo> {
    const request = { requestId: this.#newId(), member, note };
    return present((await this.#call('RefuseMember', signal, (rpc, options) => rpc.refuseMember(request, options))).member);
  }

  async suspend(member: string, note: string, signal: AbortSignal): Promise<StoppedMember> {
    const request = { requestId: this.#newId(), member, note };
    const answer = await this.#call('SuspendMember', signal, (rpc, options) => rpc.suspendMember(request, options));
    return { member: present(answer.member), cutCalls: answer.cutCalls };
  }

  async reinstate(member: string, signal: AbortSignal): Promise<MemberInfo> {
    const request = { requestId: this.#newId(), member };
    return present((await this.#call('ReinstateMember', signal, (rpc, options) => rpc.reinstateMember(request, options))).member);
  }

  /** `now`: without copying elsewhere first what lies with it, which may take long. */
  async remove(
    wish: { readonly member: string; readonly note: string; readonly now: boolean },
    signal: AbortSignal,
  ): Promise<StoppedMember> {
    const request = { requestId: this.#newId(), ...wish };
    const answer = await this.#call('RemoveMember', signal, (rpc, options) =>
      rpc.removeMember(request, { ...options, timeoutMs: LIMITS.memberRemovalMs }),
    );
    return { member: present(answer.member), cutCalls: answer.cutCalls };
  }

  async rename(member: string, name: string, signal: AbortSignal): Promise<MemberInfo> {
    const request = { requestId: this.#newId(), member, name };
    return present((await this.#call('RenameMember', signal, (rpc, options) => rpc.renameMember(request, options))).member);
  }

  #call<Answer>(
    name: string,
    signal: AbortSignal,
    run: (rpc: MemberCallsOptions['rpc'], options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const { rpc, retry } = this.#options;
    return retry.run(name, signal, () => run(rpc, this.#callOptions(signal)));
  }

  #callOptions(signal: AbortSignal): CallOptions {
    return { signal, requestId: this.#options.correlationId };
  }

  #newId(): string {
    return toBase32(this.#options.random.bytes(15));
  }
}

/** A member of whom nothing is taken any more, and how many of its calls were ended. */
export interface StoppedMember {
  readonly member: MemberInfo;
  readonly cutCalls: number;
}

function present(member: MemberInfo | undefined): MemberInfo {
  if (member !== undefined) return member;
  throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator did not say how the member is now.');
}
