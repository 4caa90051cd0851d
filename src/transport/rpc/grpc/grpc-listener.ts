import {
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerOptions,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { accept, CollectiveError, LIMITS } from '../../../base/index.js';
import { verifyMemberLeaf, verifyPooledLeaf } from '../../../identity/index.js';
import { CallRegistry } from '../call-registry.js';
import type { RpcListener, RpcListenOptions } from '../channel.js';
import { RefusalLog } from '../refusal-log.js';
import type { BoundMethod } from '../service.js';
import { checkCaller, methodsOf, outwardError, serveCall, type ServerContext } from '../serving.js';
import type { GrpcWorld } from './grpc-world.js';
import { leafOfCall, takeOver } from './incoming-call.js';
import { wireStatus } from './metadata.js';
import { listenTls } from './tls-listener.js';

/** Serves services over gRPC on TLS 1.3. Error: CONFIG_INVALID where the address cannot be bound. */
export async function listenGrpc(options: RpcListenOptions, world: GrpcWorld): Promise<RpcListener> {
  const registry = new CallRegistry();
  const methods = methodsOf(options);
  const context: ServerContext = { options, registry, clock: world.clock, random: world.random };
  const server = new Server({ ...serverOptions(options.kind), interceptors: [interceptor(methods, context, world)] });
  for (const path of methods.keys()) server.register(path, unreached, same, same, 'bidi');
  const health = options.kind === 'home' ? addHealth(server, options) : undefined;
  const { peers } = options;
  const checkPeer = (leaf: Uint8Array) => {
    const nowMs = world.clock.nowMs();
    if (peers === undefined) return verifyMemberLeaf(leaf, options.own, { nowMs });
    return verifyPooledLeaf(leaf, peers, { nowMs, roles: ['coordinator'] });
  };
  const refusals = new RefusalLog(options.logger, world.clock);
  // TLS ends here, where it can be limited and its refusals told; grpc-js gets connections that proved who they are.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await listenTls(
    {
      host: options.host,
      port: options.port,
      own: options.own,
      ...(peers === undefined ? {} : { peers }),
      checkPeer: options.kind === 'enrolment' ? undefined : (leaf) => accept(checkPeer(leaf)),
      connectionsMax: options.kind === 'enrolment' ? LIMITS.enrolmentConnections : LIMITS.rpcConnections,
      onRefused: (remote, error) => {
        refusals.add(remote, error);
      },
      onBroken: (remote, error) => {
        options.logger.debug('connection broke', { remote, error });
      },
    },
    (socket) => {
      injector.injectConnection(socket);
    },
  );
  return {
    port: listener.port,
    get openCalls() {
      return registry.size;
    },
    closeCalls: (matches, error) => registry.closeCalls(matches, error),
    setServing: (serving) => health?.(serving),
    async close(graceMs) {
      health?.(false);
      listener.stopAccepting();
      registry.closeCalls(() => true, new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.', { next: 'Try again.' }));
      injector.destroy();
      const late = world.timers.after(graceMs, () => {
        listener.destroyConnections();
      });
      await listener.closed;
      late.cancel();
      server.forceShutdown();
    },
  };
}

function serverOptions(kind: RpcListenOptions['kind']): ServerOptions {
  const enrolment = kind === 'enrolment';
  const messageBytes = enrolment ? LIMITS.enrolmentMessageBytes : LIMITS.rpcMessageBytes;
  return {
    'grpc.max_receive_message_length': messageBytes,
    'grpc.max_send_message_length': messageBytes,
    'grpc.max_concurrent_streams': enrolment ? LIMITS.enrolmentStreamsPerConnection : LIMITS.rpcConcurrentStreamsPerConnection,
    // Whoever dials another coordinator tries the connection, and a session that is silent is ended by both.
    ...(kind === 'peer'
      ? {}
      : {
          'grpc.keepalive_time_ms': LIMITS.rpcKeepaliveMs,
          'grpc.keepalive_timeout_ms': LIMITS.rpcKeepaliveTimeoutMs,
        }),
    'grpc.max_connection_idle_ms': enrolment ? LIMITS.enrolmentConnectionIdleMs : LIMITS.rpcConnectionIdleMs,
    ...(enrolment
      ? {
          'grpc.max_connection_age_ms': LIMITS.enrolmentConnectionAgeMs,
          'grpc.max_connection_age_grace_ms': LIMITS.enrolmentConnectionAgeMs,
        }
      : {}),
    'grpc.enable_channelz': 0,
  };
}

const interceptor =
  (methods: ReadonlyMap<string, BoundMethod>, context: ServerContext, world: GrpcWorld): ServerInterceptor =>
  (definition, call) => {
    const method = methods.get(definition.path);
    if (method === undefined) return guardHealth(definition.path, call, context);
    const listener = takeOver(call, world, (incoming) => {
      serveCall(method, incoming, context);
    });
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next(listener);
      },
    });
  };

/** What is registered and not ours is the health service, whose handlers are grpc-health-check's own. */
function guardHealth(path: string, call: Parameters<ServerInterceptor>[1], context: ServerContext): ServerInterceptingCall {
  let forget: (() => void) | undefined;
  return new ServerInterceptingCall(call, {
    start: (next) => {
      next({
        onReceiveMetadata(metadata, proceed) {
          try {
            const caller = checkCaller('grpc.health.v1.Health', leafOfCall(call), context);
            forget = context.registry.add({ caller, path, requestId: '' }, (error) => {
              call.sendStatus(wireStatus(error));
            });
          } catch (error) {
            const logger = context.options.logger.child({ method: path, remote: call.getPeer() });
            call.sendStatus(wireStatus(outwardError(error, 'the health call', logger)));
            return;
          }
          proceed(metadata);
        },
        onCancel() {
          // Told of after every end.
          forget?.();
        },
      });
    },
  });
}

function addHealth(server: Server, options: RpcListenOptions): (serving: boolean) => void {
  const names = ['', ...options.services.map((service) => service.name)];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'SERVING'])));
  health.addToServer(server);
  return (serving) => {
    for (const name of names) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  };
}

const same = (bytes: Buffer): Buffer => bytes;

/** grpc-js wants a handler for every path; the interceptor serves the call before it would get here. */
const unreached: UntypedHandleCall = () => {
  throw new Error('the interceptor serves every call');
};
