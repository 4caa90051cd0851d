import { CollectiveError, toBase32 } from '../../base/index.js';
import type { Random } from '../../ports/index.js';
import type { RpcClient, WitnessAdminServiceDefinition, WitnessSummary } from '../../transport/index.js';
import type { Retry } from './retry.js';

export interface WitnessCallsOptions {
  readonly rpc: RpcClient<typeof WitnessAdminServiceDefinition>;
  readonly retry: Retry;
  readonly random: Random;
  readonly correlationId: string;
}

/** Who keeps the log of this member. Errors: the coordinator's own, COORDINATOR_UNREACHABLE, CANCELLED. */
export class WitnessCalls {
  readonly #options: WitnessCallsOptions;

  constructor(options: WitnessCallsOptions) {
    this.#options = options;
  }

  async list(signal: AbortSignal): Promise<WitnessSummary> {
    const { rpc, retry, correlationId } = this.#options;
    const answer = await retry.run('ListWitnesses', signal, () => rpc.listWitnesses({}, { signal, requestId: correlationId }));
    return present(answer.summary);
  }

  /** `nodes`: names or ids; `automatic`: the coordinator chooses; `evenAlone`: those before are lost. `required` 0: as it should be. */
  async name(
    wish: {
      readonly nodes: readonly string[];
      readonly required: number;
      readonly evenAlone: boolean;
      readonly automatic: boolean;
    },
    signal: AbortSignal,
  ): Promise<WitnessSummary> {
    const { rpc, retry, random, correlationId } = this.#options;
    const request = { ...wish, nodes: [...wish.nodes], requestId: toBase32(random.bytes(15)) };
    const answer = await retry.run('NameWitnesses', signal, () =>
      rpc.nameWitnesses(request, { signal, requestId: correlationId }),
    );
    return present(answer.summary);
  }
}

function present(summary: WitnessSummary | undefined): WitnessSummary {
  if (summary !== undefined) return summary;
  throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator did not say who keeps the log.');
}
