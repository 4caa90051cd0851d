import type { CollectiveError } from '../../../base/index.js';

const BUFFERED_MESSAGES = 4;

interface Waiting<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: CollectiveError) => void;
}

/** One direction of a call: a few messages of buffer, then the sender waits for the receiver. */
export class MessagePipe {
  readonly #buffered: Uint8Array[] = [];
  #receiver: Waiting<Uint8Array | undefined> | undefined;
  #sender: Waiting<boolean> | undefined;
  #ended = false;
  #failure: CollectiveError | undefined;

  /** True when it was taken over, false when the receiver takes no more. One at a time. */
  send(message: Uint8Array): Promise<boolean> {
    if (this.#ended || this.#failure !== undefined) return Promise.resolve(false);
    if (this.#receiver !== undefined) {
      this.#receiver.resolve(message);
      this.#receiver = undefined;
      return Promise.resolve(true);
    }
    this.#buffered.push(message);
    if (this.#buffered.length < BUFFERED_MESSAGES) return Promise.resolve(true);
    return new Promise((resolve, reject) => {
      this.#sender = { resolve, reject };
    });
  }

  /** Undefined after the last message. One at a time. */
  receive(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const message = this.#buffered.shift();
    if (message !== undefined) {
      this.#sender?.resolve(true);
      this.#sender = undefined;
      return Promise.resolve(message);
    }
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  /** No more messages; those that were sent are still received. */
  end(): void {
    this.#ended = true;
    this.#receiver?.resolve(undefined);
    this.#receiver = undefined;
  }

  /** Ends it at once: what was not received is lost, the receiver gets the error, and the sender is told to stop. */
  fail(error: CollectiveError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#buffered.length = 0;
    this.#receiver?.reject(error);
    this.#sender?.resolve(false);
    this.#receiver = undefined;
    this.#sender = undefined;
  }
}
