import { CollectiveError, type NodeId } from '../../base/index.js';
import type { SessionAnswer, SessionInventory, SessionOrder, SessionResponse } from '../../transport/index.js';
import { BoundedQueue } from '../bounded-queue.js';

const QUEUED_MESSAGES = 256;
const ORDERS_IN_FLIGHT = 16;

export type NodeOrder = NonNullable<SessionOrder['order']>;
export type NodeReply =
  | { readonly kind: 'answer'; readonly answer: SessionAnswer }
  | { readonly kind: 'inventory'; readonly page: SessionInventory };

interface Waiting {
  readonly resolve: (reply: NodeReply) => void;
  readonly reject: (error: CollectiveError) => void;
}

/** One node's open session as the coordinator sees it: messages down, and the replies to orders. */
export class NodeSession {
  readonly nodeId: NodeId;
  readonly #down = new BoundedQueue<SessionResponse>(QUEUED_MESSAGES);
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended = new AbortController();
  #nextOrderId = 1;

  /** Records what its hello said, where that was not possible yet; resolves to whether it was now. */
  unrecorded: (() => Promise<boolean>) | undefined;

  constructor(nodeId: NodeId, unrecorded?: () => Promise<boolean>) {
    this.nodeId = nodeId;
    this.unrecorded = unrecorded;
  }

  /** Aborts when the session is over for whatever reason. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  send(message: SessionResponse): void {
    this.#down.push(message);
  }

  /** What goes down to the node, for the one stream that carries it. */
  messages(signal: AbortSignal): AsyncIterable<SessionResponse> {
    return this.#down.drain(signal);
  }

  /** Gives an order and waits for its reply. Errors: NODE_UNREACHABLE, LIMIT_EXCEEDED, CANCELLED. */
  async order(order: NodeOrder, signal: AbortSignal): Promise<NodeReply> {
    if (this.#ended.signal.aborted) throw gone(this.nodeId);
    if (this.#waiting.size >= ORDERS_IN_FLIGHT) {
      throw new CollectiveError('LIMIT_EXCEEDED', `Node ${this.nodeId} has ${ORDERS_IN_FLIGHT} orders to answer already.`);
    }
    const orderId = this.#nextOrderId;
    this.#nextOrderId += 1;
    const onAbort = (): void => this.#waiting.get(orderId)?.reject(new CollectiveError('CANCELLED', 'The order was cancelled.'));
    try {
      return await new Promise<NodeReply>((resolve, reject) => {
        this.#waiting.set(orderId, { resolve, reject });
        signal.addEventListener('abort', onAbort, { once: true });
        if (signal.aborted) onAbort();
        else this.send({ message: { $case: 'order', value: { orderId, order } } });
      });
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#waiting.delete(orderId);
    }
  }

  /** A reply that came up. An unknown order id is ignored: its asker has gone. */
  reply(orderId: number, reply: NodeReply): void {
    this.#waiting.get(orderId)?.resolve(reply);
  }

  close(reason: CollectiveError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    this.#down.end(reason);
    for (const waiting of this.#waiting.values()) waiting.reject(gone(this.nodeId));
  }
}

const gone = (nodeId: NodeId): CollectiveError =>
  new CollectiveError('NODE_UNREACHABLE', `Node ${nodeId} has no session with the coordinator.`);
