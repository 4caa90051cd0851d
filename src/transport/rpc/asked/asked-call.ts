import { CollectiveError } from '../../../base/index.js';
import type { Timers } from '../../../ports/index.js';
import type { AnswerRequest, AnswerResponse } from '../../generated/collective/v1/peers.js';
import { errorOfDetail } from '../error-status.js';
import type { OpenOptions, RpcCall } from '../channel.js';

export interface AskedCallOptions {
  /** Of the `Answer` that carries it: the other side is gone. */
  readonly signal: AbortSignal;
  readonly timers: Timers;
  readonly onEnded: () => void;
}

/** A call of this side that the other one has taken up by an `Answer`: its requests go out with responses, its answers come with requests. */
export class AskedCall implements RpcCall {
  readonly #parts: AsyncIterator<AnswerRequest>;
  readonly #options: AskedCallOptions;
  readonly #over: Promise<void>;
  /** Ends the wait of `receive`. */
  #stopWaiting: () => void = () => undefined;
  readonly #request: Promise<Uint8Array | undefined>;
  #give: (request: Uint8Array | undefined) => void = () => undefined;
  #conclude: () => void = () => undefined;
  #failure: CollectiveError | undefined;
  #ended = false;
  /** The other side has ended it, and needs not be told how. */
  #answered = false;
  #path = '';
  #begun: OpenOptions | undefined;
  #deadline: ReturnType<Timers['after']> | undefined;

  constructor(parts: AsyncIterator<AnswerRequest>, options: AskedCallOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#over = new Promise((resolve) => {
      this.#conclude = resolve;
    });
    this.#request = new Promise((resolve) => {
      this.#give = resolve;
    });
    options.signal.addEventListener('abort', this.#gone, { once: true });
    if (options.signal.aborted) this.#gone();
  }

  /** Before anything else: what it is, and how long it may take. */
  begin(path: string, options: OpenOptions): void {
    this.#path = path;
    if (this.#ended) return;
    this.#begun = options;
    options.signal.addEventListener('abort', this.#cancelled, { once: true });
    if (options.signal.aborted) this.cancel();
    if (options.timeoutMs === undefined) return;
    this.#deadline = this.#options.timers.after(options.timeoutMs, () => {
      this.#end(new CollectiveError('DEADLINE_EXCEEDED', 'The coordinator did not answer in time.', { next: 'Try again.' }));
    });
  }

  /** The only request: methods that take more are not called this way. */
  send(message: Uint8Array): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    this.#give(message);
    return Promise.resolve(true);
  }

  endRequests(): void {
    this.#give(undefined);
  }

  async receive(): Promise<Uint8Array | undefined> {
    while (!this.#ended) {
      const next = await this.#nextUntilOver();
      if (next === undefined) break;
      const { part } = next;
      // Which call it is may be said again; anything else that is not known is of a newer version.
      if (part?.$case === 'message') return part.value;
      if (part?.$case === 'end') {
        this.#answered = true;
        this.#end(part.value.error.length === 0 ? undefined : errorIn(part.value.error));
      }
    }
    if (this.#failure !== undefined) throw this.#failure;
    return undefined;
  }

  cancel(): void {
    this.#end(new CollectiveError('CANCELLED', 'The call was cancelled.'));
  }

  /** What is sent to the other side, until the call is over. Error: why it is. */
  async *outgoing(): AsyncGenerator<AnswerResponse, void, undefined> {
    const request = await Promise.race([this.#request, this.#over]);
    if (request !== undefined && !this.#ended) {
      yield { path: this.#path, requestId: this.#begun?.requestId ?? '', request };
    }
    await this.#over;
    if (this.#failure !== undefined && !this.#answered) throw this.#failure;
  }

  readonly #gone = (): void => this.#end(lost());
  readonly #cancelled = (): void => this.cancel();

  /** Not a race with `#over`: that would keep everything that came for as long as the call goes on. */
  #nextUntilOver(): Promise<AnswerRequest | undefined> {
    return new Promise((resolve, reject) => {
      this.#stopWaiting = () => resolve(undefined);
      this.#next().then(resolve, reject);
    });
  }

  async #next(): Promise<AnswerRequest | undefined> {
    try {
      const next = await this.#parts.next();
      if (next.done !== true) return next.value;
      this.#end(lost());
    } catch (error) {
      this.#end(lost(error));
    }
    return undefined;
  }

  #end(failure: CollectiveError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#deadline?.cancel();
    this.#options.signal.removeEventListener('abort', this.#gone);
    this.#begun?.signal.removeEventListener('abort', this.#cancelled);
    this.#conclude();
    this.#stopWaiting();
    this.#options.onEnded();
  }
}

const lost = (cause?: unknown): CollectiveError =>
  new CollectiveError('COORDINATOR_UNREACHABLE', 'The connection to the coordinator was lost.', {
    next: 'Check that the coordinator runs, and try again.',
    ...(cause === undefined ? {} : { cause }),
  });

const errorIn = (detail: Uint8Array): CollectiveError =>
  errorOfDetail(detail) ??
  new CollectiveError('PROTOCOL_ERROR', 'The coordinator ended a call with an error that cannot be read.');
