import { CollectiveError } from '../../base/index.js';

/** Lets so many through at once; the others wait, in order. */
export class RequestGate {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Error: CANCELLED. Every call that resolves is followed by one `leave`. */
  async enter(signal: AbortSignal): Promise<void> {
    const cancelled = (): CollectiveError =>
      new CollectiveError('CANCELLED', 'The request was cancelled.', { cause: signal.reason });
    if (signal.aborted) throw cancelled();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const pass = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        this.#waiting.delete(pass);
        reject(cancelled());
      };
      this.#waiting.add(pass);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
