import { concatBytes } from '../../src/base/index.js';
import type { ByteStream } from '../../src/ports/index.js';

/** Collects what a stream delivers. Waiting is by promise, never by time. */
export class StreamReader {
  readonly stream: ByteStream;
  readonly #parts: Uint8Array[] = [];
  readonly #waiting: { readonly bytes: number; resolve(): void }[] = [];
  readonly #closed: Promise<Error | undefined>;
  #received = 0;
  #closes = 0;

  constructor(stream: ByteStream) {
    this.stream = stream;
    this.#closed = new Promise((resolve) => {
      stream.start({
        onBytes: (bytes) => this.#take(bytes),
        onClose: (error) => {
          this.#closes += 1;
          resolve(error);
        },
      });
    });
  }

  get received(): number {
    return this.#received;
  }

  get closes(): number {
    return this.#closes;
  }

  /** All bytes so far. */
  get bytes(): Uint8Array {
    return concatBytes(this.#parts);
  }

  /** Resolves once so many bytes have come. */
  has(bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve });
      this.#notify();
    });
  }

  /** Resolves once the stream is closed, with its error if it has one. */
  closed(): Promise<Error | undefined> {
    return this.#closed;
  }

  #take(bytes: Uint8Array): void {
    this.#parts.push(new Uint8Array(bytes));
    this.#received += bytes.length;
    this.#notify();
  }

  #notify(): void {
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.bytes <= this.#received) waiting.resolve();
      else this.#waiting.push(waiting);
    }
  }
}

/** A promise and the function that resolves it. */
export function deferred<Value>(): { readonly promise: Promise<Value>; resolve(value: Value): void } {
  let settle: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: (value) => settle(value) };
}
