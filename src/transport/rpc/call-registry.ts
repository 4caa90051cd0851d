import { CollectiveError, LIMITS } from '../../base/index.js';
import type { OpenCall } from './channel.js';

interface Entry {
  readonly call: OpenCall;
  readonly cut: (error: CollectiveError) => void;
}

/** The calls that a listener is serving now, so that those of a caller can be cut. */
export class CallRegistry {
  readonly #entries = new Set<Entry>();
  readonly #openMax: number;

  constructor(openMax: number = LIMITS.rpcOpenCalls) {
    this.#openMax = openMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `cut` ends the call with an error. Returns what removes it. Error: UNAVAILABLE when too many are open. */
  add(call: OpenCall, cut: (error: CollectiveError) => void): () => void {
    if (this.#entries.size >= this.#openMax) {
      throw new CollectiveError(
        'UNAVAILABLE',
        `The coordinator is serving ${this.#openMax} calls, which is the most it does at once.`,
        {
          next: 'Try again in a moment.',
        },
      );
    }
    const entry = { call, cut };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Returns how many were cut. */
  closeCalls(matches: (call: OpenCall) => boolean, error: CollectiveError): number {
    const matching = [...this.#entries].filter((entry) => matches(entry.call));
    for (const entry of matching) entry.cut(error);
    return matching.length;
  }
}
