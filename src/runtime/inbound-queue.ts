import type { ByteStreamHandlers } from '../ports/index.js';

/**
 * Holds back what arrives before `start` or during a pause: a socket still hands over what it had decrypted when it was
 * told to stop (at most some 100 KiB). Calls `onClose` once, after the last byte.
 */
export class InboundQueue {
  readonly #held: Uint8Array[] = [];
  #handlers: ByteStreamHandlers | undefined;
  #paused = false;
  #delivering = false;
  #closing: { readonly error: Error | undefined } | undefined;
  #received = false;

  /** Whether any byte has arrived. */
  get received(): boolean {
    return this.#received;
  }

  start(handlers: ByteStreamHandlers): void {
    this.#handlers = handlers;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  /** Takes bytes that are valid only during the call. False: no more, please. */
  push(bytes: Uint8Array): boolean {
    if (this.#closing !== undefined) return false;
    this.#received = true;
    if (this.#handlers === undefined || this.#paused || this.#held.length > 0) this.#held.push(new Uint8Array(bytes));
    else this.#handlers.onBytes(bytes);
    return this.#handlers !== undefined && !this.#paused;
  }

  /** In order: what is held is delivered first. After a failure it is dropped. */
  close(error: Error | undefined): void {
    if (this.#closing !== undefined) return;
    this.#closing = { error };
    if (error !== undefined) this.#held.length = 0;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#delivering || this.#handlers === undefined) return;
    this.#delivering = true;
    try {
      while (!this.#paused) {
        const bytes = this.#held.shift();
        if (bytes === undefined) break;
        this.#handlers.onBytes(bytes);
      }
    } finally {
      this.#delivering = false;
    }
    if (this.#closing === undefined || this.#held.length > 0) return;
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers.onClose(this.#closing.error);
  }
}
