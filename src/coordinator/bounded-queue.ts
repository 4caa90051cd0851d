import { CollectiveError } from '../base/index.js';

/** Hands items from callers that must not wait to one consumer that does. A full queue is the consumer's failure, and ends it. */
export class BoundedQueue<Item> {
  readonly #limit: number;
  readonly #items: Item[] = [];
  #wake: (() => void) | undefined;
  #ended: { readonly error: CollectiveError | undefined } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when the queue has ended or has just overflowed, which ends it. */
  push(item: Item): boolean {
    if (this.#ended !== undefined) return false;
    if (this.#items.length >= this.#limit) {
      this.end(new CollectiveError('LIMIT_EXCEEDED', `The receiver is ${this.#limit} messages behind.`));
      return false;
    }
    this.#items.push(item);
    this.#wake?.();
    return true;
  }

  /** The consumer gets what is queued, then the end. Without an error it is an ordinary end. */
  end(error?: CollectiveError): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    this.#wake?.();
  }

  /** For one consumer; ends when the queue has ended or `signal` aborts. */
  async *drain(signal: AbortSignal): AsyncGenerator<Item> {
    const onAbort = (): void => this.#wake?.();
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted) {
        const item = this.#items.shift();
        if (item !== undefined) {
          yield item;
          continue;
        }
        if (this.#ended !== undefined) {
          if (this.#ended.error !== undefined) throw this.#ended.error;
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.end();
    }
  }
}
