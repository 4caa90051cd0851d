import type { KeyValueStore } from '../../ports/index.js';

interface Waiting {
  readonly keys: readonly Uint8Array[];
  readonly resolve: (rows: readonly (Uint8Array | undefined)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads of a key-value store that come while one is under way share the next: a call costs more than a key. */
export class SharedLookups {
  readonly #store: KeyValueStore;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(store: KeyValueStore) {
    this.#store = store;
  }

  /** As the port says. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // What is asked in the same turn shares the first read.
      queueMicrotask(() => this.#next());
    });
  }

  #next(): void {
    const round = this.#waiting;
    this.#waiting = [];
    if (round.length === 0) {
      this.#running = false;
      return;
    }
    const keys = round.length === 1 && round[0] !== undefined ? round[0].keys : round.flatMap((one) => one.keys);
    this.#store
      .getMany(keys)
      .then(
        (rows) => {
          let offset = 0;
          for (const one of round) {
            one.resolve(rows.slice(offset, offset + one.keys.length));
            offset += one.keys.length;
          }
        },
        (error: unknown) => {
          for (const one of round) one.reject(error);
        },
      )
      .finally(() => this.#next());
  }
}
