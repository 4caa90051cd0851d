import { assert, CollectiveError, isCollectiveError, isRequestId, toBase32 } from '../../base/index.js';
import { type PeerIdentity, verifyMemberLeaf, verifyPooledLeaf } from '../../identity/index.js';
import type { Clock, Logger, Random } from '../../ports/index.js';
import { SERVICE_ACCESS, type ServedName } from './access.js';
import type { CallRegistry } from './call-registry.js';
import type { RpcListenOptions } from './channel.js';
import type { AnonymousCall, AuthenticatedCall } from './definition.js';
import type { BoundMethod } from './service.js';

/** One call as an adapter brings it to its server: encoded messages, and who it is from. */
export interface IncomingCall {
  /** DER of the caller's certificate; undefined where it showed none. */
  readonly leaf: Uint8Array | undefined;
  /** As the caller sent it. */
  readonly requestId: string | undefined;
  readonly remote: string;
  /** Aborts when the caller is gone or its deadline has passed, with the CollectiveError as reason. */
  readonly signal: AbortSignal;
  /** The next request, pulled from the caller; undefined after the last one. One at a time. Rejects once `signal` aborted. */
  receive(): Promise<Uint8Array | undefined>;
  /** Resolves when the message was taken over. One at a time. Rejects once `signal` aborted. */
  send(message: Uint8Array): Promise<void>;
  /** Ends the call; once. */
  finish(error?: CollectiveError): void;
}

export interface ServerContext {
  readonly options: Pick<RpcListenOptions, 'kind' | 'own' | 'peers' | 'admit' | 'logger'>;
  readonly registry: CallRegistry;
  readonly clock: Clock;
  readonly random: Random;
}

const REQUEST_ID_BYTES = 10;

/** The methods of the services by path, which all have to belong on this kind of port. */
export function methodsOf({
  kind,
  peers,
  services,
}: Pick<RpcListenOptions, 'kind' | 'peers' | 'services'>): ReadonlyMap<string, BoundMethod> {
  assert((peers !== undefined) === (kind === 'peer'), 'other members call on peer ports, and only there');
  for (const { name } of services) {
    assert(SERVICE_ACCESS[name].listener === kind, `${name} is not for the ${kind} port`);
  }
  return new Map(services.flatMap((service) => service.methods).map((method) => [method.path, method]));
}

/** Checks the caller and runs the handler. Whatever fails becomes the end of the call. */
export function serveCall(method: BoundMethod, incoming: IncomingCall, context: ServerContext): void {
  serveToEnd(method, incoming, context).catch((error: unknown) => {
    context.options.logger.error('a call could not be ended', { method: method.path, error });
  });
}

async function serveToEnd(method: BoundMethod, incoming: IncomingCall, context: ServerContext): Promise<void> {
  const requestId = requestIdOf(incoming, context.random);
  const logger = context.options.logger.child({ requestId, method: method.path, remote: incoming.remote });
  const startedMs = context.clock.monotonicMs();
  let ended = false;
  const finish = (error?: CollectiveError): void => {
    if (ended) return;
    ended = true;
    incoming.finish(error);
    const durationMs = Math.round(context.clock.monotonicMs() - startedMs);
    logger.debug('call ended', {
      durationMs,
      code: error?.code ?? 'OK',
      ...(error === undefined ? {} : { reason: error.message }),
    });
  };
  try {
    await admitAndRun(method, incoming, context, requestId, finish);
    finish();
  } catch (error) {
    finish(incoming.signal.aborted ? reasonOf(incoming.signal) : outwardError(error, requestId, logger));
  }
}

async function admitAndRun(
  method: BoundMethod,
  incoming: IncomingCall,
  context: ServerContext,
  requestId: string,
  finish: (error: CollectiveError) => void,
): Promise<void> {
  const caller = checkCaller(method.service, incoming.leaf, context);
  const cutting = new AbortController();
  const signal = AbortSignal.any([incoming.signal, cutting.signal]);
  const remove = context.registry.add({ caller, path: method.path, requestId }, (error) => {
    finish(error);
    cutting.abort(error);
  });
  const anonymous: AnonymousCall = { requestId, signal, remote: incoming.remote };
  const authenticated: AuthenticatedCall | undefined = caller === undefined ? undefined : { ...anonymous, caller };
  try {
    for await (const response of method.run(requestsOf(incoming, signal), authenticated ?? anonymous)) {
      signal.throwIfAborted();
      await incoming.send(response);
    }
  } finally {
    remove();
  }
}

/** Who is calling, by the certificate of the connection. Errors: UNAUTHENTICATED, CERTIFICATE_INVALID, PERMISSION_DENIED. */
export function checkCaller(service: ServedName, leaf: Uint8Array | undefined, context: ServerContext): PeerIdentity | undefined {
  const { kind, own, peers, admit } = context.options;
  const access = SERVICE_ACCESS[service];
  if (access.listener !== kind) {
    throw new CollectiveError('PERMISSION_DENIED', `${service} is not served on the ${kind} port.`);
  }
  if (access.listener === 'enrolment') return undefined;
  if (leaf === undefined) {
    throw new CollectiveError(
      'UNAUTHENTICATED',
      kind === 'peer'
        ? 'This port is only for coordinators of other members, which show their certificates.'
        : 'This port is only for clients and nodes that show a certificate of the member.',
      { next: 'Join with an invite first.' },
    );
  }
  const check = { nowMs: context.clock.nowMs(), roles: access.roles };
  const verified = peers === undefined ? verifyMemberLeaf(leaf, own, check) : verifyPooledLeaf(leaf, peers, check);
  if (!verified.ok) throw verified.error;
  admit?.(verified.value);
  return verified.value;
}

async function* requestsOf(incoming: IncomingCall, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    const request = await incoming.receive();
    signal.throwIfAborted();
    if (request === undefined) return;
    yield request;
  }
}

function requestIdOf(incoming: IncomingCall, random: Random): string {
  const { requestId } = incoming;
  return requestId !== undefined && isRequestId(requestId) ? requestId : toBase32(random.bytes(REQUEST_ID_BYTES));
}

/** What was not foreseen is told to the log with its stack, and to the caller only that it happened. */
export function outwardError(thrown: unknown, requestId: string, logger: Logger): CollectiveError {
  if (isCollectiveError(thrown)) {
    if (thrown.code === 'INTERNAL') logger.error('call failed', { error: thrown });
    return thrown;
  }
  logger.error('call failed unexpectedly', { error: thrown });
  return new CollectiveError('INTERNAL', 'The coordinator met a fault of its own.', {
    next: `Look for ${requestId} in its log.`,
    details: { requestId },
  });
}

function reasonOf(signal: AbortSignal): CollectiveError {
  const reason: unknown = signal.reason;
  return isCollectiveError(reason) ? reason : new CollectiveError('CANCELLED', 'The call was cancelled.');
}
