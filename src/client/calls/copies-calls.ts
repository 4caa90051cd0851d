import { CollectiveError, LIMITS, toBase32 } from '../../base/index.js';
import type { Random } from '../../ports/index.js';
import type {
  CallOptions,
  CopiesServiceDefinition,
  ListPledgesResponse,
  ListPoliciesResponse,
  PledgeInfo,
  PolicyInfo,
  ReplaceCopiesResponse,
  RpcClient,
  SetPledgeResponse,
  SetPolicyResponse,
  ShowPolicyResponse,
} from '../../transport/index.js';
import type { Retry } from './retry.js';

export interface CopiesCallsOptions {
  readonly rpc: RpcClient<typeof CopiesServiceDefinition>;
  readonly retry: Retry;
  readonly random: Random;
  readonly correlationId: string;
}

/** How many copies there are to be and where, and what members keep for each other. Errors as of other calls. */
export class CopiesCalls {
  readonly #options: CopiesCallsOptions;

  constructor(options: CopiesCallsOptions) {
    this.#options = options;
  }

  /** What holds for the folder afterwards. `copies` 0: nothing of its own any more; `minimumCopies` 0: as many as copies. */
  async setPolicy(
    policy: { readonly path: string; readonly copies: number; readonly minimumCopies: number; readonly spread: string },
    signal: AbortSignal,
  ): Promise<SetPolicyResponse & { readonly policy: PolicyInfo }> {
    const requestId = this.#newId();
    const answer = await this.#call('SetPolicy', signal, (rpc, options) => rpc.setPolicy({ requestId, ...policy }, options));
    return { ...answer, policy: present(answer.policy) };
  }

  listPolicies(signal: AbortSignal): Promise<ListPoliciesResponse> {
    return this.#call('ListPolicies', signal, (rpc, options) => rpc.listPolicies({}, options));
  }

  showPolicy(path: string, signal: AbortSignal): Promise<ShowPolicyResponse> {
    return this.#call('ShowPolicy', signal, (rpc, options) => rpc.showPolicy({ path }, options));
  }

  /** `member`: name or id. `bytes` 0: nothing any more. */
  async setPledge(
    pledge: { readonly member: string; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<SetPledgeResponse & { readonly pledge: PledgeInfo }> {
    const requestId = this.#newId();
    const answer = await this.#call('SetPledge', signal, (rpc, options) => rpc.setPledge({ requestId, ...pledge }, options));
    return { ...answer, pledge: present(answer.pledge) };
  }

  /** Makes copies that lie with the member elsewhere; the last one told is what came of it. Where it breaks off, another one goes on. */
  async *replace(member: string, signal: AbortSignal): AsyncGenerator<ReplaceCopiesResponse> {
    const { rpc, correlationId } = this.#options;
    yield* rpc.replaceCopies({ member }, { signal, requestId: correlationId, timeoutMs: LIMITS.memberRemovalMs });
  }

  /** All that is kept for a member that was removed here. `onProgress` is told of what is given up so far. */
  async releaseKept(
    member: string,
    onProgress: (chunks: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly memberId: string; readonly name: string; readonly chunks: number; readonly bytes: number }> {
    let [chunks, bytes] = [0, 0];
    for (;;) {
      const answer = await this.#call('ReleaseKept', signal, (rpc, options) => rpc.releaseKept({ member }, options));
      chunks += answer.chunks;
      bytes += answer.bytes;
      onProgress(chunks);
      if (answer.chunksLeft === 0 || answer.chunks === 0) return { memberId: answer.memberId, name: answer.name, chunks, bytes };
    }
  }

  listPledges(signal: AbortSignal): Promise<ListPledgesResponse> {
    return this.#call('ListPledges', signal, (rpc, options) => rpc.listPledges({}, options));
  }

  #call<Answer>(
    name: string,
    signal: AbortSignal,
    send: (rpc: RpcClient<typeof CopiesServiceDefinition>, options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const { rpc, retry, correlationId } = this.#options;
    return retry.run(name, signal, () => send(rpc, { signal, requestId: correlationId }));
  }

  #newId(): string {
    return toBase32(this.#options.random.bytes(20));
  }
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator answered without what was asked for.');
  return value;
}
