import { assert, CollectiveError } from '../../base/index.js';

interface Waiter {
  readonly weight: number;
  readonly grant: () => void;
}

/** So many units that can be held at once; who asks for more waits its turn, first come first served. */
export class Permits {
  readonly #capacity: number;
  readonly #waiting: Waiter[] = [];
  #free: number;

  constructor(capacity: number) {
    assert(capacity > 0, 'permits need a capacity');
    this.#capacity = capacity;
    this.#free = capacity;
  }

  get inUse(): number {
    return this.#capacity - this.#free;
  }

  /** Runs the task while holding `weight` units (at most all of them). Error: CANCELLED while still waiting. */
  async run<Value>(weight: number, signal: AbortSignal, task: () => Promise<Value>): Promise<Value> {
    const held = Math.min(weight, this.#capacity);
    await this.#acquire(held, signal);
    try {
      return await task();
    } finally {
      this.#free += held;
      this.#serve();
    }
  }

  /** Takes one unit, to be given back with `give`. Error: CANCELLED while waiting. */
  take(signal: AbortSignal): Promise<void> {
    return this.#acquire(1, signal);
  }

  /** Gives back what `take` took. */
  give(): void {
    this.#free += 1;
    this.#serve();
  }

  #acquire(weight: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(cancelled());
    if (this.#waiting.length === 0 && this.#free >= weight) {
      this.#free -= weight;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(cancelled());
        this.#serve();
      };
      const waiter: Waiter = {
        weight,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      this.#waiting.push(waiter);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#free >= next.weight; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.weight;
      next.grant();
    }
  }
}

/** What a wait throws once its caller gave up. */
export const cancelled = (): CollectiveError => new CollectiveError('CANCELLED', 'The operation was cancelled.');
