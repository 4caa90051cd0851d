import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import { verifyLeaf } from '../../../src/identity/index.js';
import type { Clock, Random, Timers } from '../../../src/ports/index.js';
import {
  createLoopbackTransport,
  type RpcCall,
  type RpcChannel,
  type RpcListener,
  type RpcTransport,
} from '../../../src/transport/index.js';
import { SeededRandom } from './random.js';
import { SimRpcCall } from './rpc-call.js';
import type { SimTime } from './time.js';

export interface SimRpcNetworkOptions {
  readonly time: SimTime;
  /** Default: seed 1. */
  readonly random?: SeededRandom;
  /** Of each message, one way: uniform between the two. Default: 0.1 to 3. */
  readonly delayMs?: readonly [number, number];
  /** That a message breaks all calls between its two hosts instead of arriving. Default: 0. */
  readonly cutChance?: number;
}

/** What one host brings to its remote calls. */
export interface RpcHost {
  readonly host: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

interface OpenCall {
  readonly hosts: readonly [string, string];
  fail(error: CollectiveError): void;
}

/** A partition that nothing else ends is noticed after so long, as by the keepalive of a real transport. */
const NOTICED_MS: readonly [number, number] = [1_000, 30_000];
/** How late the other side learns of the end of a call. */
const NOTICE_OF_END_MS = 2_000;

/**
 * Remote calls between hosts in virtual time: a loopback for each listening host, and delay, reordering between calls, cuts
 * and partitions before it. Certificates are checked on both sides, each by its own clock.
 */
export class SimRpcNetwork {
  readonly #time: SimTime;
  readonly #random: SeededRandom;
  readonly #delayMs: readonly [number, number];
  readonly #servers = new Map<string, { readonly transport: RpcTransport; listeners: number }>();
  readonly #calls = new Set<OpenCall>();
  readonly #partitions = new Set<string>();
  cutChance: number;

  constructor(options: SimRpcNetworkOptions) {
    this.#time = options.time;
    this.#random = options.random ?? new SeededRandom(1);
    this.#delayMs = options.delayMs ?? [0.1, 3];
    this.cutChance = options.cutChance ?? 0;
  }

  /** The network as one process on that host sees it. */
  from(own: RpcHost): RpcTransport {
    return {
      listen: async (options) => {
        const known = this.#servers.get(own.host);
        const server = known ?? { transport: createLoopbackTransport(own), listeners: 0 };
        this.#servers.set(own.host, server);
        const listener = await server.transport.listen(options);
        server.listeners += 1;
        return this.#listenerOf(own.host, server, listener);
      },
      connect: ({ endpoints, own: credentials }) => {
        const mine = new Set<OpenCall>();
        const channel: RpcChannel = {
          open: (path, options) => this.#open(own, endpoints, credentials, path, options, mine),
          close: () => {
            for (const call of mine) call.fail(new CollectiveError('CANCELLED', 'The channel was closed.'));
          },
        };
        return channel;
      },
      connectEnrolment: () => Promise.reject(new CollectiveError('UNSUPPORTED', 'Nobody enrols in this simulation.')),
    };
  }

  cut(left: string, right: string): void {
    const link = linkOf(left, right);
    for (const call of this.#calls) if (linkOf(...call.hosts) === link) call.fail(this.#lost(right));
  }

  /** Lets nothing through until `heal`; open calls fail when somebody notices. */
  partition(left: string, right: string): void {
    const link = linkOf(left, right);
    this.#partitions.add(link);
    for (const call of this.#calls) {
      if (linkOf(...call.hosts) !== link) continue;
      this.#time.schedule(this.#between(NOTICED_MS), () => {
        if (this.#partitions.has(link)) call.fail(this.#lost(right));
      });
    }
  }

  heal(left: string, right: string): void {
    this.#partitions.delete(linkOf(left, right));
  }

  /** What the end of a host's process does. */
  killHost(host: string): void {
    this.#servers.delete(host);
    for (const call of this.#calls) if (call.hosts.includes(host)) call.fail(this.#lost(host));
  }

  #listenerOf(host: string, server: { readonly transport: RpcTransport; listeners: number }, listener: RpcListener): RpcListener {
    return {
      port: listener.port,
      get openCalls() {
        return listener.openCalls;
      },
      closeCalls: (matches, error) => listener.closeCalls(matches, error),
      setServing: (serving) => listener.setServing(serving),
      close: async (graceMs) => {
        await listener.close(graceMs);
        server.listeners -= 1;
        if (server.listeners === 0 && this.#servers.get(host) === server) this.#servers.delete(host);
      },
    };
  }

  async #open(
    from: RpcHost,
    endpoints: readonly string[],
    credentials: Parameters<RpcTransport['connect']>[0]['own'],
    path: string,
    options: Parameters<RpcChannel['open']>[1],
    mine: Set<OpenCall>,
  ): Promise<RpcCall> {
    const { signal, timeoutMs, requestId } = options;
    const cancelled = (): CollectiveError => new CollectiveError('CANCELLED', 'The call was cancelled.');
    const target = (endpoints[0] ?? '').split(':')[0] ?? '';
    const checked = verifyLeaf(credentials.leaf, {
      ca: credentials.ca,
      memberId: credentials.memberId,
      nowMs: from.clock.nowMs(),
    });
    if (!checked.ok) throw checked.error;
    const connected = await this.#reach(from.host, target);
    if (signal.aborted) throw cancelled();
    const server = this.#servers.get(target);
    if (!connected || server === undefined) throw this.#lost(target);
    const channel = server.transport.connect({ endpoints, own: credentials });
    const inner = await channel.open(path, { signal: new AbortController().signal, timeoutMs: undefined, requestId });
    const hosts = [from.host, target] as const;
    const onEnded = (): void => {
      signal.removeEventListener('abort', abort);
      deadline?.cancel();
      this.#calls.delete(call);
      mine.delete(call);
    };
    const call = new SimRpcCallOnLink(hosts, {
      inner,
      cross: () => this.#cross(hosts, call),
      later: (task) => void this.#time.schedule(this.#random.fraction() * NOTICE_OF_END_MS, task),
      onEnded,
    });
    const abort = (): void => call.fail(cancelled());
    const deadline =
      timeoutMs === undefined
        ? undefined
        : from.timers.after(timeoutMs, () =>
            call.fail(new CollectiveError('DEADLINE_EXCEEDED', 'The coordinator did not answer in time.')),
          );
    signal.addEventListener('abort', abort, { once: true });
    this.#calls.add(call);
    mine.add(call);
    return call;
  }

  async #reach(from: string, target: string): Promise<boolean> {
    if (this.#partitions.has(linkOf(from, target))) {
      await this.#wait(this.#random.fraction() * LIMITS.rpcConnectTimeoutMs);
      return false;
    }
    await this.#wait(this.#between(this.#delayMs));
    return !this.#partitions.has(linkOf(from, target));
  }

  async #cross(hosts: readonly [string, string], call: OpenCall): Promise<boolean> {
    await this.#wait(this.#between(this.#delayMs));
    const link = linkOf(...hosts);
    while (this.#partitions.has(link) && this.#calls.has(call)) await this.#wait(this.#between([100, 1000]));
    if (!this.#calls.has(call)) return false;
    if (!this.#random.chance(this.cutChance)) return true;
    this.cut(...hosts);
    return false;
  }

  #between([least, most]: readonly [number, number]): number {
    return least + this.#random.fraction() * (most - least);
  }

  #wait(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#time.schedule(durationMs, resolve);
    });
  }

  #lost(target: string): CollectiveError {
    const code = this.#random.chance(0.5) ? 'COORDINATOR_UNREACHABLE' : 'UNAVAILABLE';
    return new CollectiveError(code, `The connection to ${target} was lost, or never made.`);
  }
}

class SimRpcCallOnLink extends SimRpcCall implements OpenCall {
  readonly hosts: readonly [string, string];

  constructor(hosts: readonly [string, string], options: ConstructorParameters<typeof SimRpcCall>[0]) {
    super(options);
    this.hosts = hosts;
  }
}

const linkOf = (left: string, right: string): string => [left, right].sort().join(' ');
