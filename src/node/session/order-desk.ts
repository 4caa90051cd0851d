import { CollectiveError, isChunkId, LIMITS, toCollectiveError, unreachable, type MemberId } from '../../base/index.js';
import type { ChunkStore } from '../../chunks/index.js';
import type { Logger } from '../../ports/index.js';
import {
  failureOf,
  type CheckStoreOrder,
  type FetchOrder,
  type InventoryOrder,
  type ReadOrder,
  type SessionAnswer,
  type SessionOrder,
  type SessionRequest,
  type VerifyOrder,
} from '../../transport/index.js';
import { fetchChunks, type FetchOptions } from './fetch-chunks.js';
import { readChunks } from './read-chunks.js';
import { damageCodeOf } from '../store-reporter.js';

export interface OrderDeskOptions {
  readonly memberId: MemberId;
  readonly store: ChunkStore;
  readonly fetching: FetchOptions;
  readonly reply: (message: SessionRequest) => void;
  /** The store may have changed its state. */
  readonly onStoreChecked: () => void;
  readonly logger: Logger;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

/**
 * Carries out the coordinator's orders, one after another, with one reply to each. Those to read elsewhere go beside the others: how long
 * they take is for another member's node to say.
 */
export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #last = { here: Promise.resolve(), elsewhere: Promise.resolve() };
  #waiting = 0;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is under way. */
  get idle(): Promise<unknown> {
    return Promise.all([this.#last.here, this.#last.elsewhere]);
  }

  take(order: SessionOrder): void {
    if (this.#waiting >= LIMITS.sessionOrdersQueued) {
      this.#refuse(order.orderId, new CollectiveError('LIMIT_EXCEEDED', `${this.#waiting} orders wait already.`));
      return;
    }
    this.#waiting += 1;
    const queue = order.order?.$case === 'read' ? 'elsewhere' : 'here';
    this.#last[queue] = this.#last[queue].then(async () => {
      this.#waiting -= 1;
      if (!this.#options.signal.aborted) await this.#carryOut(order);
    });
  }

  async #carryOut({ orderId, order }: SessionOrder): Promise<void> {
    try {
      this.#options.reply(await this.#reply(orderId, order));
    } catch (error) {
      const refusal = toCollectiveError(error);
      if (this.#options.signal.aborted) return;
      this.#options.logger.warn('an order could not be carried out', { order: order?.$case ?? 'unknown', error: refusal });
      this.#refuse(orderId, refusal);
    }
  }

  #refuse(orderId: number, error: CollectiveError): void {
    this.#options.reply(answer({ orderId, failure: failureOf(error), damaged: [] }));
  }

  #reply(orderId: number, order: SessionOrder['order']): Promise<SessionRequest> {
    switch (order?.$case) {
      case 'inventory':
        return this.#inventory(orderId, order.value);
      case 'verify':
        return this.#verify(orderId, order.value);
      case 'checkStore':
        return this.#checkStore(orderId, order.value);
      case 'fetch':
        return this.#fetch(orderId, order.value);
      case 'read':
        return this.#read(orderId, order.value);
      case undefined:
        throw new CollectiveError(
          'UNSUPPORTED',
          'This node does not know such an order; bring it to the version of its coordinator.',
        );
      default:
        return unreachable(order);
    }
  }

  /** One page; the coordinator asks for the next with the last id of it. */
  async #inventory(orderId: number, { afterChunkId }: InventoryOrder): Promise<SessionRequest> {
    const { memberId, store, signal } = this.#options;
    if (afterChunkId !== '' && !isChunkId(afterChunkId)) throw malformedId(afterChunkId);
    const after = afterChunkId === '' ? {} : { after: { origin: memberId, chunkId: afterChunkId } };
    const limit = LIMITS.inventoryPageChunks;
    const page = await store.inventory({ origin: memberId, ...after, limit }, signal);
    const chunks = page.map(({ chunkId, lengthBytes }) => ({ chunkId, lengthBytes }));
    return { message: { $case: 'inventory', value: { orderId, chunks, done: page.length < limit } } };
  }

  async #verify(orderId: number, { chunkIds }: VerifyOrder): Promise<SessionRequest> {
    const { store, signal } = this.#options;
    if (chunkIds.length > LIMITS.chunksPerCall) {
      throw new CollectiveError(
        'LIMIT_EXCEEDED',
        `An order names at most ${LIMITS.chunksPerCall} chunks, not ${chunkIds.length}.`,
      );
    }
    const damaged: SessionAnswer['damaged'][number][] = [];
    for (const chunkId of chunkIds) {
      if (!isChunkId(chunkId)) throw malformedId(chunkId);
      const found = (await store.verifyChunk(chunkId, signal)) ?? 'missing';
      if (found !== 'whole') damaged.push({ chunkId, code: damageCodeOf(found) });
    }
    return answer({ orderId, failure: undefined, damaged });
  }

  async #fetch(orderId: number, order: FetchOrder): Promise<SessionRequest> {
    const { fetching, signal } = this.#options;
    const { fetched, failure } = await fetchChunks(fetching, order, signal);
    return answer({ orderId, failure: failure === undefined ? undefined : failureOf(failure), damaged: [], fetched });
  }

  async #read(orderId: number, order: ReadOrder): Promise<SessionRequest> {
    const { fetching, signal } = this.#options;
    const chunkIds = [...(await readChunks(fetching, order, signal))];
    return answer({ orderId, failure: undefined, damaged: [], read: { chunkIds } });
  }

  async #checkStore(orderId: number, _order: CheckStoreOrder): Promise<SessionRequest> {
    const { store, signal, onStoreChecked } = this.#options;
    const writable = await store.check(signal);
    onStoreChecked();
    const refusal = new CollectiveError('NODE_READ_ONLY', 'The disk was tried, and still fails.', {
      next: 'Look into the log of the node, and check the disk.',
    });
    return answer({ orderId, failure: writable ? undefined : failureOf(refusal), damaged: [] });
  }
}

const answer = (value: SessionAnswer): SessionRequest => ({ message: { $case: 'answer', value } });

const malformedId = (text: string): CollectiveError =>
  new CollectiveError('REQUEST_INVALID', `${JSON.stringify(text.slice(0, 80))} is not a chunk id.`);
