import { LIMITS } from '../../base/index.js';
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
  refusal: unknown;
}

const UNIT_BYTES = 1024 * 1024;
const REDIAL_AFTER_MS = 500;

/** One connection to each node, opened when it is needed, shared by all who need it, closed when nobody did for a while. */
export class NodePool {
  readonly #options: NodePoolOptions;
  readonly #nodes = new Map<string, PooledNode>();
  readonly #closing = new AbortController();

  constructor(options: NodePoolOptions) {
    this.#options = options;
  }

  /** How busy a node is, to choose the less busy of several: requests in flight by size. */
  load(nodeId: string): number {
    return this.#nodes.get(nodeId)?.permits.inUse ?? 0;
  }

  /** Whether the last try to reach it has just failed. */
  isDown(nodeId: string): boolean {
    return (this.#nodes.get(nodeId)?.refusedUntilMs ?? 0) > this.#options.clock.monotonicMs();
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
    const node = this.#node(access.nodeId);
    node.users += 1;
    node.idle?.cancel();
    try {
      const weight = Math.max(1, Math.ceil(bytes / UNIT_BYTES));
      return await node.permits.run(weight, signal, async () => exchange(await this.#channel(node, access, signal)));
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

  #node(nodeId: string): PooledNode {
    let node = this.#nodes.get(nodeId);
    if (node === undefined) {
      const permits = new Permits(LIMITS.requestsInFlightPerConnection);
      node = { permits, opening: undefined, users: 0, idle: undefined, refusedUntilMs: 0, refusal: undefined };
      this.#nodes.set(nodeId, node);
    }
    return node;
  }

  async #channel(node: PooledNode, access: NodeAccess, signal: AbortSignal): Promise<NodeChannel> {
    const { opening } = node;
    if (opening !== undefined) {
      const channel = await untilAborted(opening, signal);
      if (channel.usable) return channel;
      if (node.opening === opening) node.opening = undefined;
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
