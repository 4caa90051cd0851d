import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import { type OwnCredentials, verifyLeaf } from '../../../src/identity/index.js';
import type { Clock, Random, Timers } from '../../../src/ports/index.js';
import {
  createLoopbackTransport,
  type RpcCall,
  type RpcChannel,
  type RpcListener,
  type RpcTransport,
} from '../../../src/transport/index.js';
import { SeededRandom } from './random.js';
import { repeatedCall } from './repeated-call.js';
import { SimRpcCall } from './rpc-call.js';
import type { SimTime } from './time.js';

export interface SimRpcNetworkOptions {
  readonly time: SimTime;
  /** Default: seed 1. */
  readonly random?: SeededRandom;
  /** Of each message, one way: uniform between the two. Default: 0.1 to 3. */
  readonly delayMs?: readonly [number, number];
  /** Of each message from the one host to the other, in its place. */
  readonly linkDelayMs?: (from: string, to: string) => number;
  /** That a message breaks all calls between its two hosts instead of arriving. Default: 0. */
  readonly cutChance?: number;
  /** Told of each message when it leaves; undefined: the end of a direction. */
  readonly onMessage?: (from: string, to: string, path: string, message: Uint8Array | undefined) => void;
}

/** What becomes of messages between coordinators of different members, beyond delay. */
export interface PeerWire {
  /** How often this message arrives: 1, more for duplicates. No connection repeats one within a call: only a sender may. */
  times(path: string, message: Uint8Array): number;
  /** Whether this call is made twice, as by a caller that has not heard the first answer. Nobody hears the second one's. */
  repeats(path: string): boolean;
}

/** What one host brings to its remote calls. */
export interface RpcHost {
  readonly host: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** A call to be made: to which hosts in this order, who may not be spoken to, and how it is opened once one is reached. */
interface Opening {
  readonly from: RpcHost;
  readonly endpoints: () => readonly string[];
  readonly own: OwnCredentials;
  readonly channelOn: (transport: RpcTransport) => RpcChannel;
  readonly toPeer: boolean;
  readonly mine: Set<OpenCall>;
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
  readonly #linkDelayMs: SimRpcNetworkOptions['linkDelayMs'];
  readonly #onMessage: SimRpcNetworkOptions['onMessage'];
  cutChance: number;
  /** Hosts that dial others, and that no coordinator of another member can dial. */
  readonly undialable = new Set<string>();
  /** Undefined: every message arrives once. */
  peerWire: PeerWire | undefined;

  constructor(options: SimRpcNetworkOptions) {
    this.#time = options.time;
    this.#random = options.random ?? new SeededRandom(1);
    this.#delayMs = options.delayMs ?? [0.1, 3];
    this.cutChance = options.cutChance ?? 0;
    this.#linkDelayMs = options.linkDelayMs;
    this.#onMessage = options.onMessage;
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
      connect: (options) =>
        this.#channel({
          from: own,
          endpoints: () => options.endpoints,
          own: options.own,
          channelOn: (transport) => transport.connect(options),
          toPeer: false,
        }),
      connectPeer: (options) =>
        this.#channel({
          from: own,
          endpoints: () => options.peers.of(options.memberId)?.endpoints ?? [],
          own: options.own,
          channelOn: (transport) => transport.connectPeer(options),
          toPeer: true,
        }),
      connectEnrolment: () => Promise.reject(new CollectiveError('UNSUPPORTED', 'Nobody enrols in this simulation.')),
    };
  }

  cut(left: string, right: string): void {
    const link = linkOf(left, right);
    for (const call of this.#calls) if (linkOf(...call.hosts) === link) call.fail(this.#lost(right));
  }

  /**
   * Lets nothing through until `heal`, in both directions or only none from left to right; open calls fail when somebody
   * notices.
   */
  partition(left: string, right: string, directions: 'both' | 'one' = 'both'): void {
    const link = linkOf(left, right);
    this.#partitions.add(wayOf(left, right));
    if (directions === 'both') this.#partitions.add(wayOf(right, left));
    for (const call of this.#calls) {
      if (linkOf(...call.hosts) !== link) continue;
      this.#time.schedule(this.#between(NOTICED_MS), () => {
        if (this.#isBroken(left, right)) call.fail(this.#lost(right));
      });
    }
  }

  heal(left: string, right: string): void {
    this.#partitions.delete(wayOf(left, right));
    this.#partitions.delete(wayOf(right, left));
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

  #channel(opening: Omit<Opening, 'mine'>): RpcChannel {
    const mine = new Set<OpenCall>();
    return {
      open: (path, options) => this.#open({ ...opening, mine }, path, options),
      close: () => {
        for (const call of mine) call.fail(new CollectiveError('CANCELLED', 'The channel was closed.'));
      },
    };
  }

  async #open(opening: Opening, path: string, options: Parameters<RpcChannel['open']>[1]): Promise<RpcCall> {
    const { from, own, mine, toPeer } = opening;
    const { signal, timeoutMs, requestId } = options;
    const cancelled = (): CollectiveError => new CollectiveError('CANCELLED', 'The call was cancelled.');
    const target = (opening.endpoints()[0] ?? '').split(':')[0] ?? '';
    const checked = verifyLeaf(own.leaf, { ca: own.ca, memberId: own.memberId, nowMs: from.clock.nowMs() });
    if (!checked.ok) throw checked.error;
    const connected = await this.#reach(from.host, target, toPeer && this.undialable.has(target));
    if (signal.aborted) throw cancelled();
    const server = this.#servers.get(target);
    if (!connected || server === undefined) throw this.#lost(target);
    const channel = opening.channelOn(server.transport);
    const again = (): Promise<RpcCall> =>
      channel.open(path, { signal: new AbortController().signal, timeoutMs: undefined, requestId });
    const once = await again();
    const repeated = toPeer && this.peerWire?.repeats(path) === true;
    const inner = repeated ? repeatedCall(once, again, (task) => this.#later(task)) : once;
    const hosts = [from.host, target] as const;
    const onEnded = (): void => {
      signal.removeEventListener('abort', abort);
      deadline?.cancel();
      this.#calls.delete(call);
      mine.delete(call);
    };
    const call = new SimRpcCallOnLink(hosts, {
      inner,
      cross: (direction, message) =>
        this.#cross(direction === 'up' ? hosts : [target, from.host], call, { path, message, toPeer }),
      later: (task) => this.#later(task),
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

  async #reach(from: string, target: string, undialable: boolean): Promise<boolean> {
    if (undialable || this.#isBroken(from, target)) {
      await this.#wait(this.#random.fraction() * LIMITS.rpcConnectTimeoutMs);
      return false;
    }
    await this.#wait(this.#delayOf(from, target));
    return !this.#isBroken(from, target);
  }

  async #cross(
    [from, to]: readonly [string, string],
    call: OpenCall,
    sent: { readonly path: string; readonly message: Uint8Array | undefined; readonly toPeer: boolean },
  ): Promise<number> {
    this.#onMessage?.(from, to, sent.path, sent.message);
    await this.#wait(this.#delayOf(from, to));
    while (this.#partitions.has(wayOf(from, to)) && this.#calls.has(call)) await this.#wait(this.#between([100, 1000]));
    if (!this.#calls.has(call)) return 0;
    if (this.#random.chance(this.cutChance)) {
      this.cut(from, to);
      return 0;
    }
    if (!sent.toPeer || sent.message === undefined) return 1;
    return this.peerWire?.times(sent.path, sent.message) ?? 1;
  }

  #delayOf(from: string, to: string): number {
    return this.#linkDelayMs?.(from, to) ?? this.#between(this.#delayMs);
  }

  #isBroken(left: string, right: string): boolean {
    return this.#partitions.has(wayOf(left, right)) || this.#partitions.has(wayOf(right, left));
  }

  #between([least, most]: readonly [number, number]): number {
    return least + this.#random.fraction() * (most - least);
  }

  #later(task: () => void): void {
    this.#time.schedule(this.#random.fraction() * NOTICE_OF_END_MS, task);
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

const wayOf = (from: string, to: string): string => `${from} ${to}`;
const linkOf = (left: string, right: string): string => [left, right].sort().join(' ');
