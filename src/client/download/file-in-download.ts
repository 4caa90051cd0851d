import { setMaxListeners } from 'node:events';
import type { CollectiveError } from '../../base/index.js';
import type { Entry } from '../entry.js';
import type { DownloadTarget } from './file-sink.js';

/** One file between the coordinator's first word about it and its last byte. */
export class FileInDownload {
  readonly target: DownloadTarget;
  entry: Entry | undefined;
  /** All before this place has been listed: what remains is asked for from here. */
  nextOffset = 0;
  failure: CollectiveError | undefined;
  readonly #controller = new AbortController();
  readonly #abort = (): void => this.#controller.abort();
  readonly #outer: AbortSignal;
  /** In the sink, holes included. */
  receivedBytes = 0;
  /** Of chunks that are on their way. */
  #pending = 0;
  #whenStill: (() => void) | undefined;
  /** Ended, well or not: nothing more is expected of it. */
  closed = false;

  constructor(target: DownloadTarget, outer: AbortSignal) {
    this.target = target;
    this.#outer = outer;
    // Each of its chunks that is on its way listens.
    setMaxListeners(0, this.#controller.signal);
    outer.addEventListener('abort', this.#abort, { once: true });
  }

  /** Aborts when the file or everything has failed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What is still on its way for it is not wanted any longer. */
  fail(error: CollectiveError): void {
    this.failure = error;
    this.#abort();
  }

  /** Once nothing more will be asked of it. */
  release(): void {
    this.#outer.removeEventListener('abort', this.#abort);
  }

  get listed(): boolean {
    return this.entry !== undefined && this.nextOffset >= this.entry.bytes;
  }

  /** Whether every byte is in the sink: nothing less may be shown as the file. */
  get whole(): boolean {
    return this.failure === undefined && this.entry !== undefined && this.receivedBytes === this.entry.bytes;
  }

  started(): void {
    this.#pending += 1;
  }

  settled(): void {
    this.#pending -= 1;
    if (this.#pending === 0) this.#whenStill?.();
  }

  /** Resolves when nothing of it is on its way. */
  async still(): Promise<void> {
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#whenStill = resolve;
      });
    }
  }
}
