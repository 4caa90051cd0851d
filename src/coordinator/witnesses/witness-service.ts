import { CollectiveError, LIMITS, type MemberId, type NodeId, toCollectiveError } from '../../base/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type {
  AuthenticatedCall,
  KeepRequest,
  KeepResponse,
  ServiceImplementation,
  WitnessServiceDefinition,
} from '../../transport/index.js';
import { nodeCaller } from '../caller.js';
import { type WitnessHello, WitnessLink } from './witness-link.js';

const COPIES_IN_A_HELLO = 64;

/** Whoever looks after the streams of nodes: until a stream ends. Neither rejects nor throws. */
export interface WitnessHost {
  attend(link: WitnessLink): Promise<void>;
  heard(link: WitnessLink): void;
}

/** Nodes dial in here with the copies of the log that they keep. */
export class WitnessService implements ServiceImplementation<typeof WitnessServiceDefinition> {
  readonly #origin: MemberId;
  readonly #host: WitnessHost;
  readonly #timers: Timers;
  readonly #logger: Logger;
  #open = 0;

  constructor(options: {
    readonly origin: MemberId;
    readonly host: WitnessHost;
    readonly timers: Timers;
    readonly logger: Logger;
  }) {
    this.#origin = options.origin;
    this.#host = options.host;
    this.#timers = options.timers;
    this.#logger = options.logger;
  }

  async *keep(requests: AsyncIterable<KeepRequest>, call: AuthenticatedCall): AsyncGenerator<KeepResponse> {
    const { nodeId } = nodeCaller(call.caller);
    if (this.#open >= LIMITS.witnessStreams) {
      throw new CollectiveError('LIMIT_EXCEEDED', `A coordinator looks after ${LIMITS.witnessStreams} streams for copies.`);
    }
    this.#open += 1;
    try {
      const messages = requests[Symbol.asyncIterator]();
      const hello = await this.#hello(messages);
      yield* this.#attend(nodeId, hello, messages, call);
    } finally {
      this.#open -= 1;
    }
  }

  /** A stream counts from its opening on: one that says nothing is not waited for. */
  async #hello(messages: AsyncIterator<KeepRequest>): Promise<WitnessHello> {
    const silent = new CollectiveError('REQUEST_INVALID', 'The stream for copies was opened, and no hello came.');
    let timer: { cancel(): void } | undefined;
    try {
      const late = new Promise<never>((_resolve, reject) => {
        timer = this.#timers.after(LIMITS.witnessHelloMs, () => reject(silent));
      });
      const first = await Promise.race([messages.next(), late]);
      if (first.done === true || first.value.message?.$case !== 'hello') {
        throw new CollectiveError('REQUEST_INVALID', 'A stream for copies begins with a hello.');
      }
      const { value } = first.value.message;
      if (value.copies.length > COPIES_IN_A_HELLO)
        throw new CollectiveError('LIMIT_EXCEEDED', `A node tells of at most ${COPIES_IN_A_HELLO} copies.`);
      return value;
    } finally {
      timer?.cancel();
    }
  }

  async *#attend(
    nodeId: NodeId,
    hello: WitnessHello,
    messages: AsyncIterator<KeepRequest>,
    call: AuthenticatedCall,
  ): AsyncGenerator<KeepResponse> {
    const link = new WitnessLink({ nodeId, origin: this.#origin, timers: this.#timers }, hello);
    const logger = this.#logger.child({ nodeId });
    logger.info('a node keeps the log', { copyUpTo: link.head?.sequence ?? 0 });
    const attending = this.#host.attend(link);
    // It goes on until the call has ended, which does not wait for it: a node that says nothing more would keep the call open.
    this.#listen(messages, link, call.signal).catch((error: unknown) => link.close(toCollectiveError(error)));
    try {
      yield* link.messages(AbortSignal.any([call.signal, link.ended]));
      if (link.ended.aborted) throw link.reason;
    } finally {
      link.close(new CollectiveError('UNAVAILABLE', 'The stream has ended.'));
      await attending;
    }
  }

  async #listen(messages: AsyncIterator<KeepRequest>, link: WitnessLink, signal: AbortSignal): Promise<void> {
    let reason = new CollectiveError('UNAVAILABLE', 'The node has ended the stream.');
    try {
      while (!signal.aborted && !link.ended.aborted) {
        const next = await messages.next();
        if (next.done === true) break;
        if (link.take(next.value)) this.#host.heard(link);
      }
    } catch (error) {
      reason = toCollectiveError(error, 'UNAVAILABLE');
    }
    link.close(reason);
  }
}
