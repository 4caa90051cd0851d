import { LIMITS } from '../../base/index.js';
import { untilAborted } from '../flow/until-aborted.js';
import type { FileSink } from './file-sink.js';

const ZEROS = new Uint8Array(LIMITS.leafBytes);

/** Hands the bytes on from first to last, however they arrive: for a pipe. What was handed on cannot be taken back. */
export class OrderedSink implements FileSink {
  readonly #output: (bytes: Uint8Array) => Promise<void>;
  readonly #waiting = new Map<number, () => void>();
  #next = 0;

  /** `output` may use the bytes until its promise settles. */
  constructor(output: (bytes: Uint8Array) => Promise<void>) {
    this.#output = output;
  }

  begin(): Promise<void> {
    return Promise.resolve();
  }

  recall(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async write(bytes: Uint8Array, _padded: Uint8Array, position: number, signal: AbortSignal): Promise<void> {
    await this.#turn(position, signal);
    await this.#output(bytes);
    this.#advance(bytes.length);
  }

  async zeros(length: number, position: number, signal: AbortSignal): Promise<void> {
    await this.#turn(position, signal);
    for (let done = 0; done < length && !signal.aborted; done += ZEROS.length) {
      await this.#output(ZEROS.subarray(0, Math.min(ZEROS.length, length - done)));
    }
    this.#advance(length);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  async #turn(position: number, signal: AbortSignal): Promise<void> {
    if (position === this.#next) return;
    await untilAborted(new Promise<void>((resolve) => this.#waiting.set(position, resolve)), signal);
  }

  #advance(length: number): void {
    this.#next += length;
    this.#waiting.get(this.#next)?.();
    this.#waiting.delete(this.#next);
  }
}
