import { CollectiveError, LIMITS } from '../../base/index.js';
import type { RpcCall, RpcChannel } from './channel.js';
import type { CallOptions, MethodDefinition, RpcClient, ServiceDefinition } from './definition.js';
import { encodeMessage, methodPath } from './service.js';

type ErasedMethod = (request: never, options: CallOptions) => Promise<unknown> | AsyncIterable<unknown>;

/** The methods of a service as functions over a channel. */
export function createClient<Service extends ServiceDefinition>(definition: Service, channel: RpcChannel): RpcClient<Service> {
  const methods: [string, ErasedMethod][] = Object.entries(definition.methods).map(([key, method]) => {
    const path = methodPath(definition, method);
    if (method.requestStream) {
      return [key, (requests: never, options: CallOptions) => stream(channel, path, method, requests, options)];
    }
    if (method.responseStream) {
      return [key, (request: never, options: CallOptions) => stream(channel, path, method, justOne(request), options)];
    }
    return [key, (request: never, options: CallOptions) => unary(channel, path, method, request, options)];
  });
  return Object.fromEntries(methods) as RpcClient<Service>;
}

async function unary(
  channel: RpcChannel,
  path: string,
  method: MethodDefinition,
  request: unknown,
  options: CallOptions,
): Promise<unknown> {
  const bytes = encodeMessage(method.requestType, request);
  const call = await channel.open(path, {
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? LIMITS.rpcDeadlineMs,
    requestId: options.requestId,
  });
  try {
    if (await call.send(bytes)) call.endRequests();
    const response = await call.receive();
    if (response === undefined) throw protocolError(method, 'no answer');
    const message = decodeResponse(method, response);
    if ((await call.receive()) !== undefined) throw protocolError(method, 'more than one answer');
    return message;
  } finally {
    call.cancel();
  }
}

async function* stream(
  channel: RpcChannel,
  path: string,
  method: MethodDefinition,
  requests: AsyncIterable<unknown>,
  options: CallOptions,
): AsyncGenerator<unknown, void, undefined> {
  const { signal, timeoutMs, requestId } = options;
  const call = await channel.open(path, { signal, timeoutMs, requestId });
  const sending = sendAll(call, method, requests);
  try {
    for (;;) {
      const response = await call.receive().catch((error: unknown) => {
        // The source of the requests failed first, and so the call was cancelled: that is the cause to tell.
        throw sending.failure ?? error;
      });
      if (response === undefined) return;
      yield decodeResponse(method, response);
    }
  } finally {
    call.cancel();
    sending.stop();
  }
}

interface Sending {
  /** What the source of the requests threw. */
  readonly failure: unknown;
  stop(): void;
}

/** Sends beside the reading. Ends with its source, its call, or `stop`; a failing source cancels the call. */
function sendAll(call: RpcCall, method: MethodDefinition, requests: AsyncIterable<unknown>): Sending {
  const iterator = requests[Symbol.asyncIterator]();
  const state = { failure: undefined as unknown, stopped: false };
  const run = async (): Promise<void> => {
    while (!state.stopped) {
      const next = await iterator.next();
      if (next.done === true) {
        call.endRequests();
        return;
      }
      if (!(await call.send(encodeMessage(method.requestType, next.value)))) return;
    }
  };
  const fail = (error: unknown): void => {
    state.failure ??= error;
    call.cancel();
  };
  run().catch(fail);
  return {
    get failure() {
      return state.failure;
    },
    stop() {
      state.stopped = true;
      iterator.return?.().catch(fail);
    },
  };
}

async function* justOne(request: unknown): AsyncGenerator<unknown, void, undefined> {
  yield request;
}

function decodeResponse(method: MethodDefinition, bytes: Uint8Array): unknown {
  try {
    return method.responseType.decode(bytes);
  } catch (error) {
    throw protocolError(method, 'an answer that cannot be read', error);
  }
}

const protocolError = (method: MethodDefinition, what: string, cause?: unknown): CollectiveError =>
  new CollectiveError('PROTOCOL_ERROR', `The coordinator gave ${what} to ${method.name}.`, {
    next: 'Use the same version of Collective at both ends.',
    ...(cause === undefined ? {} : { cause }),
  });
