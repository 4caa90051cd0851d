import { CollectiveError, isCollectiveError, isMemberId, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import type { Head } from '../../events/index.js';
import type { Logger } from '../../ports/index.js';
import {
  failureOf,
  type KeepRequest,
  type KeepResponse,
  type ReadBlocks,
  type RpcClient,
  type WitnessServiceDefinition,
} from '../../transport/index.js';
import type { KeptCopies } from './kept-copies.js';
import { MessageQueue } from './message-queue.js';

export interface WitnessStreamOptions {
  readonly client: RpcClient<typeof WitnessServiceDefinition>;
  readonly copies: KeptCopies;
  readonly diskId: string;
  readonly logger: Logger;
  /** The coordinator is there and has said something, or taken the hello. */
  readonly onOpen: () => void;
}

type Order = NonNullable<KeepResponse['message']>;

/** One stream with the coordinator: what comes down is carried out in order, blocks that wait together with one sync. */
export class WitnessStream {
  readonly #options: WitnessStreamOptions;
  readonly #up = new MessageQueue<KeepRequest>();
  readonly #orders: Order[] = [];
  readonly #ending = new AbortController();
  #working: Promise<void> | undefined;
  /** A copy that refused blocks takes no more until it was put aside, or the next stream. */
  #refusing = false;

  constructor(options: WitnessStreamOptions) {
    this.#options = options;
  }

  /** Resolves when the coordinator ended it in order. Errors: those of the call, and of the disk. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#end(new CollectiveError('CANCELLED', 'The node is stopping.'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) stop();
      const { copies, diskId } = this.#options;
      await copies.open();
      const hello = { diskId, copies: copies.heads.map(keptHead) };
      this.#up.push({ message: { $case: 'hello', value: hello } });
      for await (const { message } of this.#options.client.keep(this.#up, { signal: this.#ending.signal })) {
        this.#options.onOpen();
        if (message === undefined) continue;
        this.#orders.push(message);
        this.#working ??= this.#work();
      }
    } catch (error) {
      const reason: unknown = this.#ending.signal.reason;
      throw isCollectiveError(reason) ? reason : toCollectiveError(error);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#end(new CollectiveError('CANCELLED', 'The stream is over.'));
      await this.#working;
    }
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    try {
      for (let order = this.#orders.shift(); order !== undefined; order = this.#orders.shift()) await this.#carryOut(order);
    } catch (error) {
      // The disk: the copy is opened and checked anew before the next stream.
      this.#end(toCollectiveError(error, 'IO_FAILED'));
      await this.#options.copies.close().catch((failure: unknown) => {
        this.#options.logger.warn('the copy of the log did not close', { error: failure });
      });
    } finally {
      this.#working = undefined;
    }
  }

  async #carryOut(order: Order): Promise<void> {
    switch (order.$case) {
      case 'keep':
        await this.#keep(memberIdOf(order.value.origin), order.value.blocks);
        return;
      case 'read':
        await this.#read(order.value);
        return;
      case 'setAside': {
        const origin = memberIdOf(order.value.origin);
        await this.#options.copies.setAside(origin);
        this.#refusing = false;
        this.#say({ $case: 'kept', value: { origin, epoch: 0, sequence: 0, headerHash: new Uint8Array() } });
        return;
      }
      default:
    }
  }

  async #keep(origin: MemberId, first: readonly Uint8Array[]): Promise<void> {
    const blocks = [...first];
    for (let next = this.#orders[0]; next?.$case === 'keep' && next.value.origin === origin; next = this.#orders[0]) {
      blocks.push(...next.value.blocks);
      this.#orders.shift();
    }
    if (this.#refusing) return;
    try {
      this.#say({ $case: 'kept', value: keptHead(await this.#options.copies.append(origin, blocks)) });
    } catch (error) {
      const refusal = toCollectiveError(error, 'IO_FAILED');
      if (refusal.code === 'LOG_FAILED' || refusal.code === 'IO_FAILED') throw refusal;
      this.#refusing = true;
      this.#options.logger.warn('blocks of the log were not kept', { origin, error: refusal });
      this.#say({ $case: 'refused', value: { origin, failure: failureOf(refusal) } });
    }
  }

  async #read({ orderId, origin, fromSequence, toSequence }: ReadBlocks): Promise<void> {
    const blocks: Uint8Array[] = [];
    try {
      let bytes = 0;
      const range = { fromSequence, toSequence, signal: this.#ending.signal };
      for await (const block of this.#options.copies.read(memberIdOf(origin), range)) {
        if (blocks.length > 0 && bytes + block.bytes.length > LIMITS.witnessPageBytes) break;
        blocks.push(block.bytes);
        bytes += block.bytes.length;
      }
      if (blocks.length === 0) throw new CollectiveError('NOT_FOUND', `The copy has no event ${fromSequence}.`);
      this.#say({ $case: 'page', value: { orderId, blocks, failure: undefined } });
    } catch (error) {
      // What is whole before a damaged place is of use.
      const failure = blocks.length > 0 ? undefined : failureOf(toCollectiveError(error, 'IO_FAILED'));
      this.#options.logger.warn('blocks of the log could not all be given back', { origin, fromSequence, error });
      this.#say({ $case: 'page', value: { orderId, blocks, failure } });
    }
  }

  #say(message: NonNullable<KeepRequest['message']>): void {
    if (!this.#ending.signal.aborted) this.#up.push({ message });
  }

  #end(reason: CollectiveError): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort(reason);
    this.#up.end();
  }
}

const keptHead = ({ origin, epoch, sequence, headerHash }: Head) => ({ origin, epoch, sequence, headerHash });

function memberIdOf(text: string): MemberId {
  if (isMemberId(text)) return text;
  throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator named a log that is none.');
}
