import { isCollectiveError, LIMITS } from '../../base/index.js';
import type { Clock, Timers } from '../../ports/index.js';
import type { NodeAccess } from '../../transport/index.js';
import { Permits } from '../flow/permits.js';
import { untilAborted } from '../flow/until-aborted.js';
import type { NodeChannel, OpenNodeChannel } from './node-channel.js';

export interface NodePoolOptions {
  readonly open: OpenNodeChannel;
  readonly clock: Clock;
  readonly timers: Timers;
}

interface PooledNode {
  /** In units of 1 MiB, so that many small chunks or few large ones are on their way at once. */
  readonly permits: Permits;
  opening: Promise<NodeChannel> | undefined;
  users: number;
  idle: { cancel(): void } | undefined;
  refusedUntilMs: number;
  /** In a row: it did not answer, or lost the connection. */
  failures: number;
  shunnedUntilMs: number;
  refusal: unknown;
}

type WhichNode = Pick<NodeAccess, 'nodeId' | 'memberId'>;

/** Another member chooses the ids of its nodes: one that is the id of an own node is not that node. */
const keyOf = ({ nodeId, memberId }: WhichNode): string => `${memberId}/${nodeId}`;

const UNIT_BYTES = 1024 * 1024;
const REDIAL_AFTER_MS = 500;
const SHUN_MIN_MS = 500;
const SHUN_MAX_MS = 30_000;
/** What says something about the node or the way to it, and not about the request. */
const FAILURE_CODES: ReadonlySet<string> = new Set([
  'NODE_UNREACHABLE',
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'CERTIFICATE_INVALID',
]);

/** One connection to each node, opened when it is needed, shared by all who need it, closed when nobody did for a while. */
export class NodePool {
  readonly #options: NodePoolOptions;
  readonly #nodes = new Map<string, PooledNode>();
  readonly #users = new WeakMap<NodeChannel, number>();
  readonly #replaced = new WeakSet<NodeChannel>();
  readonly #closing = new AbortController();

  constructor(options: NodePoolOptions) {
    this.#options = options;
  }

  /** How busy a node is, to choose the less busy of several: requests in flight by size. */
  load(node: WhichNode): number {
    return this.#nodes.get(keyOf(node))?.permits.inUse ?? 0;
  }

  /** Whether it has failed of late, the longer ago the more often it did: others are to be asked first. */
  isDown(node: WhichNode): boolean {
    return (this.#nodes.get(keyOf(node))?.shunnedUntilMs ?? 0) > this.#options.clock.monotonicMs();
  }

  /**
   * Runs one exchange of about `bytes` with the node. Its failure leaves the connection to others, unless the connection itself
   * is gone. Errors: NODE_UNREACHABLE, CERTIFICATE_INVALID, CANCELLED, and those of the exchange.
   */
  async use<Value>(
    access: NodeAccess,
    bytes: number,
    signal: AbortSignal,
    exchange: (channel: NodeChannel) => Promise<Value>,
  ): Promise<Value> {
    const node = this.#node(keyOf(access));
    node.users += 1;
    node.idle?.cancel();
    try {
      const weight = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
      const value = await node.permits.run(weight, signal, async () => {
        const channel = await this.#channel(node, access, signal);
        return this.#occupied(channel, () => exchange(channel));
      });
      node.failures = 0;
      node.shunnedUntilMs = 0;
      return value;
    } catch (error) {
      if (isCollectiveError(error) && FAILURE_CODES.has(error.code)) this.#shun(node);
      throw error;
    } finally {
      node.users -= 1;
      if (node.users === 0) node.idle = this.#options.timers.after(LIMITS.connectionIdleMs / 2, () => this.#drop(node));
    }
  }

  /** Closes all connections; what is in flight fails. */
  close(): void {
    this.#closing.abort();
    for (const node of this.#nodes.values()) {
      node.idle?.cancel();
      this.#drop(node);
    }
  }

  /** A connection in whose place there is another by now is closed when the last exchange on it is over. */
  async #occupied<Value>(channel: NodeChannel, exchange: () => Promise<Value>): Promise<Value> {
    this.#users.set(channel, (this.#users.get(channel) ?? 0) + 1);
    try {
      return await exchange();
    } finally {
      const users = (this.#users.get(channel) ?? 1) - 1;
      this.#users.set(channel, users);
      if (users === 0 && this.#replaced.has(channel)) channel.close();
    }
  }

  #replace(channel: NodeChannel): void {
    this.#replaced.add(channel);
    if ((this.#users.get(channel) ?? 0) === 0) channel.close();
  }

  #node(key: string): PooledNode {
    let node = this.#nodes.get(key);
    if (node === undefined) {
      const permits = new Permits(LIMITS.requestsInFlightPerConnection);
      node = {
        permits,
        opening: undefined,
        users: 0,
        idle: undefined,
        refusedUntilMs: 0,
        refusal: undefined,
        failures: 0,
        shunnedUntilMs: 0,
      };
      this.#nodes.set(key, node);
    }
    return node;
  }

  /** Many requests that fail together count once. */
  #shun(node: PooledNode): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (node.shunnedUntilMs > nowMs) return;
    node.shunnedUntilMs = nowMs + Math.min(SHUN_MAX_MS, SHUN_MIN_MS * 2 ** Math.min(node.failures, 10));
    node.failures += 1;
  }

  async #channel(node: PooledNode, access: NodeAccess, signal: AbortSignal): Promise<NodeChannel> {
    const { opening } = node;
    if (opening !== undefined) {
      const channel = await untilAborted(opening, signal);
      if (channel.usable) return channel;
      if (node.opening === opening) {
        node.opening = undefined;
        this.#replace(channel);
      }
    }
    if (node.refusedUntilMs > this.#options.clock.monotonicMs()) throw node.refusal;
    // Whoever comes while it is being opened shares the attempt, which therefore ends with the pool and not with one caller.
    node.opening ??= this.#open(node, access);
    return untilAborted(node.opening, signal);
  }

  async #open(node: PooledNode, access: NodeAccess): Promise<NodeChannel> {
    try {
      return await this.#options.open(access, this.#closing.signal);
    } catch (error) {
      node.opening = undefined;
      node.refusal = error;
      node.refusedUntilMs = this.#options.clock.monotonicMs() + REDIAL_AFTER_MS;
      throw error;
    }
  }

  #drop(node: PooledNode): void {
    const { opening } = node;
    node.opening = undefined;
    opening?.then(
      (channel) => channel.close(),
      () => undefined,
    );
  }
}
