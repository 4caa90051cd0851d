import { assert, CollectiveError, LIMITS } from '../../base/index.js';
import { isServedName, type ServedName } from './access.js';
import type { AnonymousCall, MessageCodec, MethodDefinition, ServiceDefinition, ServiceImplementation } from './definition.js';
import { hasReplacedText } from './replaced-text.js';

/** A method with its handler, reduced to bytes in and bytes out: what an adapter serves. */
export interface BoundMethod {
  /** `/<service>/<method>`. */
  readonly path: string;
  readonly service: ServedName;
  /** Whether it takes more than one request. */
  readonly streamsRequests: boolean;
  run(requests: AsyncIterable<Uint8Array>, call: AnonymousCall): AsyncIterable<Uint8Array>;
}

export interface BoundService {
  readonly name: ServedName;
  readonly methods: readonly BoundMethod[];
}

type ErasedHandler = (request: never, call: AnonymousCall) => Promise<unknown> | AsyncIterable<unknown>;
type ErasedImplementation = Readonly<Record<string, ErasedHandler>>;

export const methodPath = (definition: ServiceDefinition, method: MethodDefinition): string =>
  `/${definition.fullName}/${method.name}`;

/** Binds handlers to a service, for `RpcTransport.listen`. The service must have its place in SERVICE_ACCESS. */
export function serve<Service extends ServiceDefinition>(
  definition: Service,
  implementation: ServiceImplementation<Service>,
): BoundService;
export function serve(definition: ServiceDefinition, implementation: ErasedImplementation): BoundService {
  const { fullName } = definition;
  assert(isServedName(fullName), `${fullName} has no entry in SERVICE_ACCESS`);
  const methods = Object.entries(definition.methods).map(([key, method]): BoundMethod => {
    const handler = implementation[key];
    assert(handler !== undefined, `${fullName}.${method.name} has no handler`);
    return {
      path: methodPath(definition, method),
      service: fullName,
      streamsRequests: method.requestStream,
      run: (requests, call) => run(method, handler.bind(implementation), requests, call),
    };
  });
  return { name: fullName, methods };
}

async function* run(
  method: MethodDefinition,
  handler: ErasedHandler,
  requests: AsyncIterable<Uint8Array>,
  call: AnonymousCall,
): AsyncGenerator<Uint8Array, void, undefined> {
  const messages = decoded(method, requests);
  const input = method.requestStream ? messages : await only(method, messages);
  const output = handler(input as never, call);
  if (!isAsyncIterable(output)) {
    yield encodeMessage(method.responseType, await output);
    return;
  }
  for await (const response of output) yield encodeMessage(method.responseType, response);
}

const isAsyncIterable = (value: object): value is AsyncIterable<unknown> => Symbol.asyncIterator in value;

async function* decoded(method: MethodDefinition, requests: AsyncIterable<Uint8Array>): AsyncGenerator<unknown, void, undefined> {
  for await (const bytes of requests) {
    let message: unknown;
    try {
      message = method.requestType.decode(bytes);
    } catch (error) {
      throw new CollectiveError('REQUEST_INVALID', `The request of ${method.name} is not the message that it should be.`, {
        next: 'Use the same version of Collective at both ends.',
        cause: error,
      });
    }
    if (hasReplacedText(message, bytes)) {
      throw new CollectiveError('REQUEST_INVALID', `The request of ${method.name} holds text that is not valid UTF-8.`);
    }
    yield message;
  }
}

/** What else a caller might send is not waited for, and not read. */
async function only(method: MethodDefinition, messages: AsyncIterable<unknown>): Promise<unknown> {
  for await (const message of messages) return message;
  throw new CollectiveError('REQUEST_INVALID', `${method.name} takes a request, and none was sent.`);
}

/** Error: LIMIT_EXCEEDED. */
export function encodeMessage(codec: MessageCodec<unknown>, message: unknown): Uint8Array {
  const bytes = codec.encode(message).finish();
  if (bytes.length <= LIMITS.rpcMessageBytes) return bytes;
  throw new CollectiveError(
    'LIMIT_EXCEEDED',
    `A message of ${bytes.length} bytes is more than one call carries (${LIMITS.rpcMessageBytes}).`,
    {
      next: 'Ask for less at once.',
    },
  );
}
