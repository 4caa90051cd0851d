import { CollectiveError } from '../../../base/index.js';
import { fixedPeers, verifyMemberLeaf } from '../../../identity/index.js';
import type { Clock, Random, Timers } from '../../../ports/index.js';
import { CallRegistry } from '../call-registry.js';
import type { RpcCall, RpcChannel, RpcListener, RpcListenOptions, RpcTransport } from '../channel.js';
import { checkDialler, presentPeer } from '../peer-checks.js';
import { methodsOf, serveCall, type IncomingCall } from '../serving.js';
import { createLoopbackCall } from './loopback-call.js';

export interface LoopbackOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

interface Serving {
  readonly options: RpcListenOptions;
  accept(path: string, incoming: IncomingCall): void;
}

const FIRST_FREE_PORT = 49_152;

/**
 * Remote calls within one process: a network of its own, on which listeners and channels find each other by `host:port`. Every
 * message goes through its codec and every caller's certificate is verified, as over a wire.
 */
export function createLoopbackTransport(world: LoopbackOptions): RpcTransport {
  const listeners = new Map<string, Serving>();
  let nextPort = FIRST_FREE_PORT;

  const find = (endpoints: readonly string[], kind: RpcListenOptions['kind']): Serving => {
    const found = endpoints.map((endpoint) => listeners.get(endpoint)).find((serving) => serving?.options.kind === kind);
    if (found !== undefined) return found;
    throw new CollectiveError('COORDINATOR_UNREACHABLE', `Nothing answers at ${endpoints.join(', ')}.`, {
      next: 'Check that the coordinator runs.',
    });
  };

  const channelTo = (reach: () => Serving, leafOf: () => Uint8Array | undefined): RpcChannel => {
    const open = new Set<RpcCall>();
    return {
      open: async (path, options) => {
        const serving = reach();
        if (options.signal.aborted) throw new CollectiveError('CANCELLED', 'The call was cancelled.');
        const call = createLoopbackCall({ leaf: leafOf(), serverLeaf: serving.options.own.leaf }, options, world.timers, () =>
          open.delete(call.client),
        );
        open.add(call.client);
        serving.accept(path, call.server);
        return call.client;
      },
      close: () => {
        for (const call of open) call.cancel();
      },
    };
  };

  return {
    async listen(options) {
      const port = options.port === 0 ? nextPort++ : options.port;
      const endpoint = `${options.host}:${port}`;
      if (listeners.has(endpoint)) throw new CollectiveError('ALREADY_RUNNING', `${endpoint} is in use.`);
      const { serving, listener } = createListener(options, port, world, () => {
        listeners.delete(endpoint);
      });
      listeners.set(endpoint, serving);
      return listener;
    },
    connect({ endpoints, own }) {
      const reach = (): Serving => {
        const serving = find(endpoints, 'home');
        const check = { nowMs: world.clock.nowMs(), roles: ['coordinator'] } as const;
        const server = verifyMemberLeaf(serving.options.own.leaf, own, check);
        if (!server.ok) throw server.error;
        return serving;
      };
      return channelTo(reach, () => own.leaf);
    },
    connectPeer({ own, memberId, peers }) {
      const reach = (): Serving => {
        const peer = presentPeer(peers, memberId);
        const serving = find(peer.endpoints, 'peer');
        const nowMs = world.clock.nowMs();
        const server = verifyMemberLeaf(serving.options.own.leaf, peer, { nowMs, roles: ['coordinator'] });
        if (!server.ok) throw server.error;
        checkDialler(own.leaf, serving.options.peers ?? fixedPeers([]), nowMs);
        return serving;
      };
      return channelTo(reach, () => own.leaf);
    },
    async connectEnrolment({ endpoints, verifyServer, signal }) {
      signal.throwIfAborted();
      const { own } = find(endpoints, 'enrolment').options;
      const ca = verifyServer([own.leaf, own.ca.der]);
      return {
        channel: channelTo(
          () => find(endpoints, 'enrolment'),
          () => undefined,
        ),
        serverLeaf: own.leaf,
        ca,
      };
    },
  };
}

function createListener(
  options: RpcListenOptions,
  port: number,
  world: LoopbackOptions,
  unlist: () => void,
): { readonly serving: Serving; readonly listener: RpcListener } {
  const registry = new CallRegistry();
  const methods = methodsOf(options);
  const context = { options, registry, clock: world.clock, random: world.random };
  const serving: Serving = {
    options,
    accept(path, incoming) {
      const method = methods.get(path);
      if (method === undefined) {
        incoming.finish(new CollectiveError('UNSUPPORTED', `The coordinator does not know ${path}.`));
        return;
      }
      serveCall(method, incoming, context);
    },
  };
  const listener: RpcListener = {
    port,
    get openCalls() {
      return registry.size;
    },
    closeCalls: (matches, error) => registry.closeCalls(matches, error),
    setServing: (isServing) => {
      options.logger.debug('health changed', { isServing });
    },
    async close() {
      unlist();
      registry.closeCalls(() => true, new CollectiveError('UNAVAILABLE', 'The coordinator is stopping.'));
    },
  };
  return { serving, listener };
}
