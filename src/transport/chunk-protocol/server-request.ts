import { CollectiveError } from '../../base/index.js';
import { violation } from './messages.js';
import type { ReceivingChunk } from './server-handler.js';

/** One request that a server works on, from its frame to its answer and, for a put, to the last byte of its data. */
export class ServerRequest {
  readonly #controller = new AbortController();
  /** Bytes of data that the client has announced and not sent. */
  #missing: number;
  #incoming: ReceivingChunk | undefined;
  #arrived: (() => void) | undefined;
  #answered = false;

  constructor(dataBytes: number) {
    this.#missing = dataBytes;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get awaitsData(): boolean {
    return this.#missing > 0;
  }

  /** Nothing more will come for it or go out for it. */
  get over(): boolean {
    return this.#answered && this.#missing === 0;
  }

  cancel(reason: CollectiveError): void {
    this.#missing = 0;
    this.#controller.abort(reason);
  }

  answered(): void {
    this.#answered = true;
  }

  /** Data from now on goes there; resolves when it is complete, rejects when the request is cancelled. */
  async fill(incoming: ReceivingChunk): Promise<void> {
    this.#incoming = incoming;
    try {
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => reject(this.#reason());
        if (this.signal.aborted) abort();
        this.signal.addEventListener('abort', abort, { once: true });
        this.#arrived = resolve;
      });
    } finally {
      this.#incoming = undefined;
    }
  }

  /** Takes data, or throws it away after a refusal. Error: PROTOCOL_ERROR if there is more than was announced. */
  data(bytes: Uint8Array): void {
    if (bytes.length > this.#missing) throw violation('More data arrived than was announced.');
    this.#missing -= bytes.length;
    this.#incoming?.append(bytes);
    if (this.#missing === 0) this.#arrived?.();
  }

  #reason(): CollectiveError {
    const reason: unknown = this.signal.reason;
    return reason instanceof CollectiveError ? reason : new CollectiveError('CANCELLED', 'The request was cancelled.');
  }
}
