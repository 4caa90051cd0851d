import type { ListPeersResponse, PeerAdminServiceDefinition, RpcClient } from '../../transport/index.js';
import type { Retry } from './retry.js';

export interface PeerCallsOptions {
  readonly rpc: RpcClient<typeof PeerAdminServiceDefinition>;
  readonly retry: Retry;
  readonly correlationId: string;
}

/** How things are between this member's coordinator and others'. Errors: the coordinator's own, COORDINATOR_UNREACHABLE, CANCELLED. */
export class PeerCalls {
  readonly #options: PeerCallsOptions;

  constructor(options: PeerCallsOptions) {
    this.#options = options;
  }

  list(signal: AbortSignal): Promise<ListPeersResponse> {
    const { rpc, retry, correlationId } = this.#options;
    return retry.run('ListPeers', signal, () => rpc.listPeers({}, { signal, requestId: correlationId }));
  }
}
