import { CollectiveError, toCollectiveError } from '../../../src/base/index.js';
import type { ByteStream, Clock, Listener, ListenOptions, Network } from '../../../src/ports/index.js';
import { SimByteStream, type Carry } from './byte-stream.js';
import { checkLeaf, ownLeaf } from './network-certificates.js';
import { SeededRandom } from './random.js';
import type { SimTime } from './time.js';

type DialOptions = Parameters<Network['connect']>[0];

interface SimListener {
  readonly options: ListenOptions;
  readonly onConnection: (stream: ByteStream) => void;
  readonly streams: Set<SimByteStream>;
}

export interface SimNetworkOptions {
  readonly time: SimTime;
  /** For what is valid when. */
  readonly clock: Clock;
  /** Default: seed 1. */
  readonly random?: SeededRandom;
  /** Of each piece, one way: uniform between the two. Default: 0.1 to 2. */
  readonly delayMs?: readonly [number, number];
  /** That a piece breaks its connection instead of arriving. Default: 0. */
  readonly cutChance?: number;
}

const FIRST_PORT = 40_000;
/** That a piece is shorter than it could be: receivers must not count on borders. */
const SHORT_CHANCE = 0.2;

/**
 * A network in memory, in virtual time. Whoever uses it says from where (`from`), so that links between two hosts can be cut.
 * Certificates are checked as TLS 1.3 does it: the dialling end is connected before the other end has looked at its leaf.
 */
export class SimNetwork {
  readonly #time: SimTime;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #delayMs: readonly [number, number];
  readonly #listeners = new Map<string, SimListener>();
  readonly #connections = new Set<{ readonly hosts: readonly [string, string]; cut(): void }>();
  readonly #partitions = new Set<string>();
  #nextPort = FIRST_PORT;
  cutChance: number;

  constructor(options: SimNetworkOptions) {
    this.#time = options.time;
    this.#clock = options.clock;
    this.#random = options.random ?? new SeededRandom(1);
    this.#delayMs = options.delayMs ?? [0.1, 2];
    this.cutChance = options.cutChance ?? 0;
  }

  /** The network as one host sees it. */
  from(host: string): Network {
    return {
      listen: async (options, onConnection) => this.#listen(options, onConnection),
      connect: (options) => this.#connect(host, options),
    };
  }

  /** Breaks the open connections between two hosts; new ones can be made. */
  cut(left: string, right: string): void {
    for (const connection of this.#connections) {
      if (linkOf(...connection.hosts) === linkOf(left, right)) connection.cut();
    }
  }

  /** Breaks them, and lets nothing through until `heal`. */
  partition(left: string, right: string): void {
    this.#partitions.add(linkOf(left, right));
    this.cut(left, right);
  }

  heal(left: string, right: string): void {
    this.#partitions.delete(linkOf(left, right));
  }

  /** What the end of a host's process does: its listeners and connections are gone. */
  killHost(host: string): void {
    for (const [address, { options }] of this.#listeners) if (options.host === host) this.#listeners.delete(address);
    for (const connection of this.#connections) if (connection.hosts.includes(host)) connection.cut();
  }

  #listen(options: ListenOptions, onConnection: (stream: ByteStream) => void): Listener {
    // That it has expired is for whoever dials to refuse: it may be renewed yet.
    ownLeaf(options.credentials, 0);
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    const address = `${options.host}:${port}`;
    if (this.#listeners.has(address))
      throw new CollectiveError('CONFIG_INVALID', `Cannot listen on ${address}: it is in use already.`);
    const listener: SimListener = { options, onConnection, streams: new Set() };
    this.#listeners.set(address, listener);
    return {
      port,
      close: async () => {
        if (this.#listeners.get(address) === listener) this.#listeners.delete(address);
        for (const stream of listener.streams) stream.destroy();
      },
    };
  }

  async #connect(from: string, options: DialOptions): Promise<ByteStream> {
    const remote = `${options.host}:${options.port}`;
    const cancelled = (): CollectiveError => new CollectiveError('CANCELLED', `Connecting to ${remote} was cancelled.`);
    const unreachable = (why: string): CollectiveError =>
      new CollectiveError('NODE_UNREACHABLE', `${remote} cannot be reached: ${why}.`, { details: { remote } });
    if (options.signal.aborted) throw cancelled();
    const own = ownLeafOf(options.credentials, this.#clock);
    if (this.#partitions.has(linkOf(from, options.host))) {
      await this.#wait(options.timeoutMs, options.signal, cancelled);
      throw unreachable('no answer in time');
    }
    await this.#wait(this.#delay(), options.signal, cancelled);
    const listener = this.#listeners.get(remote);
    if (listener === undefined) throw unreachable('ECONNREFUSED');
    if (listener.streams.size >= listener.options.connectionsMax) {
      const { connectionsMax } = listener.options;
      listener.options.onRefused?.(from, new CollectiveError('LIMIT_EXCEEDED', `${connectionsMax} connections are open.`));
      throw unreachable('ECONNRESET');
    }
    const theirs = ownLeafOf(listener.options.credentials, this.#clock);
    checkLeaf(theirs, options.credentials.trustedCa, remote, 'server', this.#clock.nowMs());
    options.credentials.verifyPeer({ leaf: new Uint8Array(theirs.raw) });
    return this.#join(from, remote, listener, { own: new Uint8Array(own.raw), theirs: new Uint8Array(theirs.raw) }, () =>
      checkLeaf(own, listener.options.credentials.trustedCa, from, 'client', this.#clock.nowMs()),
    );
  }

  #join(
    from: string,
    remote: string,
    listener: SimListener,
    leaves: { readonly own: Uint8Array; readonly theirs: Uint8Array },
    checkDialler: () => void,
  ): ByteStream {
    const { options } = listener;
    const closed = (): void => {
      listener.streams.delete(far);
      if (near.isClosed && far.isClosed) this.#connections.delete(connection);
    };
    const split = (bytes: number): number => (this.#random.chance(SHORT_CHANCE) ? 1 + this.#random.integer(bytes) : bytes);
    const connection = { hosts: [from, options.host] as const, cut: () => near.cut() };
    const carry = (): Carry => this.#link(connection);
    const base = { split, onClosed: closed };
    const near = new SimByteStream({ ...base, peer: { leaf: leaves.theirs }, remote, role: 'dialled', carry: carry() });
    const far = new SimByteStream({ ...base, peer: { leaf: leaves.own }, remote: `${from}:0`, role: 'accepted', carry: carry() });
    SimByteStream.join(near, far);
    this.#connections.add(connection);
    listener.streams.add(far);
    this.#time.schedule(this.#delay(), () => {
      if (far.isClosed) return;
      try {
        checkDialler();
        options.credentials.verifyPeer(far.peer);
        listener.onConnection(far);
      } catch (error) {
        options.onRefused?.(from, toCollectiveError(error));
        far.destroy();
      }
    });
    return near;
  }

  /** One direction of a connection: pieces arrive in order, each after a delay of its own. */
  #link(connection: { readonly hosts: readonly [string, string]; cut(): void }): Carry {
    let lastMs = 0;
    return (arrive) => {
      lastMs = Math.max(lastMs, this.#time.nowMs + this.#delay());
      this.#time.schedule(lastMs - this.#time.nowMs, () => {
        if (!this.#connections.has(connection)) return;
        if (this.#random.chance(this.cutChance)) connection.cut();
        else arrive();
      });
    };
  }

  #delay(): number {
    const [least, most] = this.#delayMs;
    return least + this.#random.fraction() * (most - least);
  }

  #wait(durationMs: number, signal: AbortSignal, cancelled: () => Error): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        scheduled.cancel();
        reject(cancelled());
      };
      const scheduled = this.#time.schedule(durationMs, () => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}

const linkOf = (left: string, right: string): string => [left, right].sort().join(' ');

const ownLeafOf = (credentials: DialOptions['credentials'], clock: Clock): ReturnType<typeof ownLeaf> =>
  ownLeaf(credentials, clock.nowMs());
