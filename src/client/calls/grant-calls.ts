import { CollectiveError, toBase32 } from '../../base/index.js';
import type { Random } from '../../ports/index.js';
import type { CallOptions, GrantInfo, GrantServiceDefinition, RpcClient } from '../../transport/index.js';
import type { Retry } from './retry.js';

export interface GrantCallsOptions {
  readonly rpc: RpcClient<typeof GrantServiceDefinition>;
  readonly retry: Retry;
  readonly random: Random;
  readonly correlationId: string;
}

/** What the member opens to others. Errors: the coordinator's own, COORDINATOR_UNREACHABLE, CANCELLED. */
export class GrantCalls {
  readonly #options: GrantCallsOptions;

  constructor(options: GrantCallsOptions) {
    this.#options = options;
  }

  /** `rights`: read, write. `lifeMs` 0: without an end. Earlier grants that it includes are withdrawn with it. */
  async give(
    grant: { readonly path: string; readonly member: string; readonly rights: readonly string[]; readonly lifeMs: number },
    signal: AbortSignal,
  ): Promise<{ readonly grant: GrantInfo; readonly replacedGrantIds: readonly string[] }> {
    const requestId = this.#newId();
    const answer = await this.#call('GiveGrant', signal, (rpc, options) => rpc.giveGrant({ requestId, ...grant }, options));
    return { grant: present(answer.grant), replacedGrantIds: answer.replacedGrantIds };
  }

  /**
   * Those at this path, at what it is in, and at what is in it; empty: all. With `toUs` those that other members have given to
   * this one, `owner` or all of them. Ended ones only if asked for.
   */
  list(
    query: { readonly path: string; readonly expiredToo: boolean; readonly toUs?: boolean; readonly owner?: string },
    signal: AbortSignal,
  ): Promise<readonly GrantInfo[]> {
    return this.#call('ListGrants', signal, async (rpc, options) => {
      const grants: GrantInfo[] = [];
      for await (const page of rpc.listGrants(query, options)) grants.push(...page.grants);
      return grants;
    });
  }

  /** The grant as it was. Error: NOT_FOUND. */
  async withdraw(grantId: string, signal: AbortSignal): Promise<GrantInfo> {
    const requestId = this.#newId();
    const answer = await this.#call('WithdrawGrant', signal, (rpc, options) =>
      rpc.withdrawGrant({ requestId, grantId }, options),
    );
    return present(answer.grant);
  }

  #call<Answer>(
    name: string,
    signal: AbortSignal,
    send: (rpc: RpcClient<typeof GrantServiceDefinition>, options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const { rpc, retry, correlationId } = this.#options;
    return retry.run(name, signal, () => send(rpc, { signal, requestId: correlationId }));
  }

  #newId(): string {
    return toBase32(this.#options.random.bytes(20));
  }
}

function present(grant: GrantInfo | undefined): GrantInfo {
  if (grant === undefined) throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator answered without the grant.');
  return grant;
}
