import { CollectiveError, LIMITS, toCollectiveError } from '../../../base/index.js';
import type { OwnCredentials, PeerPool } from '../../../identity/index.js';
import type { Clock, Logger, Random } from '../../../ports/index.js';
import { AnswerRequest, AnswerResponse, PeerServiceDefinition } from '../../generated/collective/v1/peers.js';
import { CallRegistry } from '../call-registry.js';
import type { RpcCall, RpcChannel } from '../channel.js';
import { statusOfError } from '../error-status.js';
import { type BoundService, methodPath } from '../service.js';
import { type IncomingCall, methodsOf, serveCall, type ServerContext } from '../serving.js';

export interface AnsweringOptions {
  readonly own: OwnCredentials;
  readonly peers: PeerPool;
  /** Those of a peer port. */
  readonly services: readonly BoundService[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A call of the other side to take up. */
export interface AskedFor {
  readonly callId: number;
  /** Of the coordinator that asks, which this side dialled: its certificate is who calls. */
  readonly channel: RpcChannel;
  /** `host:port`. */
  readonly remote: string;
  readonly signal: AbortSignal;
}

/** Resolves when the call is over. Errors: those of the channel. */
export type Answering = (asked: AskedFor) => Promise<void>;

const ANSWER = methodPath(PeerServiceDefinition, PeerServiceDefinition.methods.answer);
/** Beyond the one request; a wire that repeats itself may say it again. */
const EXTRA_PARTS = 4;

/**
 * Serves calls of coordinators that this side dialled, as a peer port serves calls of those who dial it: the same methods but for
 * those that take more than one request, the same checks of the caller by its certificate for each call.
 */
export function createAnswering({ services, own, peers, clock, random, logger }: AnsweringOptions): Answering {
  const options = { kind: 'peer', own, peers, logger, services } as const;
  const methods = methodsOf(options);
  const context: ServerContext = { options, registry: new CallRegistry(undefined, LIMITS.peerAskedCalls), clock, random };
  return async ({ callId, channel, remote, signal }) => {
    const call = await channel.open(ANSWER, { signal, timeoutMs: undefined, requestId: undefined });
    try {
      await call.send(encoded({ part: { $case: 'callId', value: callId } }));
      const first = await call.receive();
      if (first === undefined) return;
      const { path, requestId, request } = AnswerResponse.decode(first);
      const gone = new AbortController();
      const incoming = incomingOf(call, { leaf: call.serverLeaf, remote, requestId, request, gone });
      const method = methods.get(path);
      if (method === undefined || method.streamsRequests) {
        incoming.finish(new CollectiveError('UNSUPPORTED', `The coordinator does not answer ${path.slice(0, 100)} this way.`));
      } else serveCall(method, incoming, context);
      await watch(call, gone);
    } finally {
      call.cancel();
    }
  };
}

/** Until the other side ends it. */
async function watch(call: RpcCall, gone: AbortController): Promise<void> {
  try {
    for (let extra = 0; extra < EXTRA_PARTS; extra += 1) if ((await call.receive()) === undefined) break;
  } catch (error) {
    gone.abort(toCollectiveError(error, 'CANCELLED'));
  } finally {
    gone.abort(new CollectiveError('CANCELLED', 'The caller is gone.'));
  }
}

interface Asked {
  readonly leaf: Uint8Array | undefined;
  readonly remote: string;
  readonly requestId: string;
  readonly request: Uint8Array;
  readonly gone: AbortController;
}

function incomingOf(call: RpcCall, { leaf, remote, requestId, request, gone }: Asked): IncomingCall {
  const { signal } = gone;
  let given = false;
  return {
    leaf,
    requestId: requestId === '' ? undefined : requestId,
    remote,
    signal,
    receive: () => {
      signal.throwIfAborted();
      const message = given ? undefined : request;
      given = true;
      return Promise.resolve(message);
    },
    send: async (message) => {
      signal.throwIfAborted();
      if (await call.send(encoded({ part: { $case: 'message', value: message } }))) return;
      signal.throwIfAborted();
      throw new CollectiveError('CANCELLED', 'The caller is gone.');
    },
    finish: (error) => {
      const detail = error === undefined ? new Uint8Array() : statusOfError(error).detail;
      // A call that has ended meanwhile takes no more, which needs no word.
      call.send(encoded({ part: { $case: 'end', value: { error: detail } } })).then(
        () => call.endRequests(),
        () => call.cancel(),
      );
    },
  };
}

const encoded = (message: AnswerRequest): Uint8Array => AnswerRequest.encode(message).finish();
