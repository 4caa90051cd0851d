import { setMaxListeners } from 'node:events';
import type { Channel } from '@grpc/grpc-js';
import { CollectiveError, toCollectiveError } from '../../../base/index.js';
import { abandonable } from '../abandonable.js';
import type { OpenOptions, RpcCall, RpcChannel } from '../channel.js';
import { allFailed } from './connection-failure.js';
import { dial, isConnected, type ServerTrust } from './dial.js';
import type { GrpcWorld } from './grpc-world.js';
import { startCall } from './outgoing-call.js';

export interface GrpcChannelOptions {
  /** `host:port`, in the order to try; asked for at each connection. */
  readonly endpoints: () => readonly string[];
  /** What the next connection is made with. */
  readonly trust: () => ServerTrust;
  /** How often a connection is tried while calls are open on it. */
  readonly keepaliveMs: number;
  /** What would make every attempt pointless, such as an own certificate that has expired. */
  readonly hopeless: () => CollectiveError | undefined;
  /** Tells when connections are to be made anew, such as for another certificate. Returns what ends that. */
  readonly onChange?: (listener: () => void) => (() => void) | undefined;
}

/**
 * Connects when a call needs it, and tries every endpoint once before that call fails. When to try again is for the caller to
 * decide: there is no hidden backoff, so that the first call after a coordinator came back succeeds.
 */
export class GrpcChannel implements RpcChannel {
  readonly #options: GrpcChannelOptions;
  readonly #world: GrpcWorld;
  readonly #closing = new AbortController();
  readonly #calls = new Map<RpcCall, Channel>();
  /** Connections in whose place there is a newer one: a channel that was closed drops its calls when it is to ping next. */
  readonly #replaced = new Set<Channel>();
  #channel: Channel | undefined;
  #connecting: Promise<Channel> | undefined;
  /** Counts the changes; a channel of an older count is used only until there is a new one. */
  #generation = 0;
  #channelGeneration = 0;
  readonly #forget: (() => void) | undefined;

  constructor(options: GrpcChannelOptions, world: GrpcWorld) {
    this.#options = options;
    this.#world = world;
    this.#forget = options.onChange?.(() => {
      this.#generation += 1;
    });
  }

  async open(path: string, options: OpenOptions): Promise<RpcCall> {
    const { clock, timers } = this.#world;
    // One signal ends any number of calls; past ten Node would take that for a leak and say so to the user.
    setMaxListeners(0, options.signal);
    const deadline = options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.nowMs() + options.timeoutMs;
    const channel = await abandonable(this.#connected(), options, timers);
    const call = startCall(channel, path, options, deadline, (ended) => {
      this.#calls.delete(ended);
      this.#closeIfUnused(channel);
    });
    this.#calls.set(call, channel);
    return call;
  }

  /** Connects now instead of with the first call. Errors: those of `open`. */
  async connect(signal: AbortSignal): Promise<void> {
    await abandonable(this.#connected(), { signal, timeoutMs: undefined }, this.#world.timers);
  }

  close(): void {
    this.#forget?.();
    this.#closing.abort();
    for (const call of this.#calls.keys()) call.cancel();
    for (const channel of this.#replaced) channel.close();
    this.#replaced.clear();
    this.#channel?.close();
    this.#channel = undefined;
  }

  #closeIfUnused(channel: Channel): void {
    if (!this.#replaced.has(channel) || [...this.#calls.values()].includes(channel)) return;
    this.#replaced.delete(channel);
    channel.close();
  }

  #connected(): Promise<Channel> {
    const current = this.#channelGeneration === this.#generation;
    if (current && this.#channel !== undefined && isConnected(this.#channel)) return Promise.resolve(this.#channel);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<Channel> {
    const older = this.#channel !== undefined && isConnected(this.#channel) ? this.#channel : undefined;
    if (older === undefined) this.#channel?.close();
    this.#channel = older;
    const generation = this.#generation;
    const hopeless = this.#options.hopeless();
    if (hopeless !== undefined) throw hopeless;
    const failures: CollectiveError[] = [];
    const { keepaliveMs } = this.#options;
    for (const endpoint of this.#options.endpoints()) {
      try {
        const channel = await dial(
          endpoint,
          { trust: this.#options.trust(), keepaliveMs },
          this.#world.clock,
          this.#closing.signal,
        );
        if (!this.#closing.signal.aborted) {
          // Calls that still run on the old connection are let finish.
          if (older !== undefined) {
            this.#replaced.add(older);
            this.#closeIfUnused(older);
          }
          this.#channel = channel;
          this.#channelGeneration = generation;
          return channel;
        }
        channel.close();
      } catch (error) {
        failures.push(toCollectiveError(error));
      }
      if (this.#closing.signal.aborted) throw new CollectiveError('CANCELLED', 'The channel was closed.');
    }
    // What is open is worth more than what is new.
    if (older !== undefined) return older;
    throw allFailed(failures);
  }
}
