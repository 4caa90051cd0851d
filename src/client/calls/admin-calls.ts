import type { Clock, Random } from '../../ports/index.js';
import type {
  AdminServiceDefinition,
  CallOptions,
  ClientInfo,
  CommitRotationRequest,
  CommitRotationResponse,
  EventInfo,
  GetStatusResponse,
  IssueInviteResponse,
  NodeInfo,
  PrepareRotationResponse,
  RemoveNodeResponse,
  ReplayLogResponse,
  RevokeCertificatesResponse,
  RpcClient,
  VerifyLogResponse,
} from '../../transport/index.js';
import { LIMITS, toBase32, toCollectiveError } from '../../base/index.js';
import { isAway, type Retry } from './retry.js';

export interface AdminCallsOptions {
  readonly rpc: RpcClient<typeof AdminServiceDefinition>;
  readonly retry: Retry;
  readonly random: Random;
  readonly clock: Clock;
  readonly correlationId: string;
}

export interface EventQuery {
  /** 0: the first. */
  readonly fromSequence: number;
  /** 0: all. */
  readonly limit: number;
  /** Instead of `fromSequence`: only the last so many, of the types if there are any; 0: not asked. */
  readonly last: number;
  readonly follow: boolean;
  /** None: all. */
  readonly types: readonly string[];
}

/** An attempt to connect does not take that long to fail. */
const QUIET_MS = 30_000;

/** The coordinator's Admin service. Errors: the coordinator's own, COORDINATOR_UNREACHABLE, CANCELLED. */
export class AdminCalls {
  readonly #options: AdminCallsOptions;

  constructor(options: AdminCallsOptions) {
    this.#options = options;
  }

  status(signal: AbortSignal): Promise<GetStatusResponse> {
    return this.#call('GetStatus', signal, (rpc, options) => rpc.getStatus({}, options));
  }

  async nodes(signal: AbortSignal): Promise<readonly NodeInfo[]> {
    return (await this.#call('ListNodes', signal, (rpc, options) => rpc.listNodes({}, options))).nodes;
  }

  /** `node` is an id or a name. */
  async node(node: string, signal: AbortSignal): Promise<NodeInfo | undefined> {
    return (await this.#call('GetNode', signal, (rpc, options) => rpc.getNode({ node }, options))).node;
  }

  invite(kind: 'node' | 'client', name: string, lifeMs: number, signal: AbortSignal): Promise<IssueInviteResponse> {
    const requestId = toBase32(this.#options.random.bytes(15));
    return this.#call('IssueInvite', signal, (rpc, options) => rpc.issueInvite({ requestId, kind, name, lifeMs }, options));
  }

  /** `onCutOff` is told how far back events of the types were looked for, where there may be more of them before. */
  async *events(
    query: EventQuery,
    signal: AbortSignal,
    onCutOff: (lookedBackTo: number) => void = () => undefined,
  ): AsyncGenerator<EventInfo, void> {
    for await (const { events, lookedBackTo } of this.#options.rpc.listEvents(query, this.#callOptions(signal))) {
      if (lookedBackTo > 0) onCutOff(lookedBackTo);
      yield* events;
    }
  }

  /** The last so many events and then each new one; goes on where it was when the coordinator had been away. */
  async *follow(
    query: { readonly lines: number; readonly types: readonly string[] },
    signal: AbortSignal,
  ): AsyncGenerator<EventInfo, void> {
    // Whether it is there at all is found out first: it is not waited for in vain.
    const { log } = await this.status(signal);
    let from = query.lines > 0 ? { fromSequence: 0, last: query.lines } : { fromSequence: (log?.headSequence ?? 0) + 1, last: 0 };
    const { retry, clock } = this.#options;
    let heardMs = clock.monotonicMs();
    for (let attempt = 0; ; attempt += 1) {
      const openedMs = clock.monotonicMs();
      try {
        for await (const event of this.events({ ...from, limit: 0, follow: true, types: query.types }, signal)) {
          attempt = 0;
          heardMs = clock.monotonicMs();
          from = { fromSequence: event.sequence + 1, last: 0 };
          yield event;
        }
      } catch (thrown) {
        if (signal.aborted || !isAway(toCollectiveError(thrown))) throw thrown;
        const nowMs = clock.monotonicMs();
        // A log that was quiet for so long was there.
        if (nowMs - openedMs >= QUIET_MS) {
          attempt = 0;
          heardMs = nowMs;
        }
        if (nowMs - heardMs >= LIMITS.tailPatienceMs) throw thrown;
      }
      await retry.pause(attempt, signal);
    }
  }

  async clients(signal: AbortSignal): Promise<readonly ClientInfo[]> {
    return (await this.#call('ListClients', signal, (rpc, options) => rpc.listClients({}, options))).clients;
  }

  /** `subject` is an id or a name. */
  revoke(
    request: { readonly role: 'node' | 'client'; readonly subject: string; readonly note: string; readonly force: boolean },
    signal: AbortSignal,
  ): Promise<RevokeCertificatesResponse> {
    const requestId = this.#newId();
    return this.#call('RevokeCertificates', signal, (rpc, options) => rpc.revokeCertificates({ requestId, ...request }, options));
  }

  /** `node` is an id or a name. */
  removeNode(node: string, force: boolean, signal: AbortSignal): Promise<RemoveNodeResponse> {
    const requestId = this.#newId();
    return this.#call('RemoveNode', signal, (rpc, options) => rpc.removeNode({ requestId, node, force }, options));
  }

  prepareRotation(what: 'ca' | 'log-key', signal: AbortSignal): Promise<PrepareRotationResponse> {
    return this.#call('PrepareRotation', signal, (rpc, options) => rpc.prepareRotation({ what }, options));
  }

  /** Not repeated: whether it was done is told by the log. */
  commitRotation(request: CommitRotationRequest, signal: AbortSignal): Promise<CommitRotationResponse> {
    return this.#options.rpc.commitRotation(request, this.#callOptions(signal));
  }

  async event(sequence: number, signal: AbortSignal): Promise<EventInfo | undefined> {
    return (await this.#call('GetEvent', signal, (rpc, options) => rpc.getEvent({ sequence }, options))).event;
  }

  /** Reports of how far it is; the last one is `done`. */
  verifyLog(signal: AbortSignal): AsyncIterable<VerifyLogResponse> {
    return this.#options.rpc.verifyLog({}, this.#callOptions(signal));
  }

  /** Reports of how far it is; the last one is `done`. */
  replayLog(signal: AbortSignal): AsyncIterable<ReplayLogResponse> {
    return this.#options.rpc.replayLog({}, this.#callOptions(signal));
  }

  #newId(): string {
    return toBase32(this.#options.random.bytes(15));
  }

  #call<Answer>(
    name: string,
    signal: AbortSignal,
    send: (rpc: RpcClient<typeof AdminServiceDefinition>, options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const { rpc, retry } = this.#options;
    return retry.run(name, signal, () => send(rpc, this.#callOptions(signal)));
  }

  #callOptions(signal: AbortSignal): CallOptions {
    return { signal, requestId: this.#options.correlationId };
  }
}
