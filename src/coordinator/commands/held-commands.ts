import type { CollectiveError } from '../../base/index.js';
import type { Timers } from '../../ports/index.js';

/** Commands that cannot be recorded now: each waits for a while, in order. */
export class HeldCommands<Waiting extends { reject(error: unknown): void }> {
  readonly #timers: Timers;
  readonly #patienceMs: number;
  readonly #held = new Map<Waiting, { cancel(): void }>();

  constructor(timers: Timers, patienceMs: number) {
    this.#timers = timers;
    this.#patienceMs = patienceMs;
  }

  get size(): number {
    return this.#held.size;
  }

  /** `reason` is asked when the time is up. */
  hold(waiting: Waiting, reason: () => CollectiveError): void {
    const timer = this.#timers.after(this.#patienceMs, () => {
      if (this.#held.delete(waiting)) waiting.reject(reason());
    });
    this.#held.set(waiting, timer);
  }

  /** Those that still wait, who are held no more. */
  release(): readonly Waiting[] {
    const released = [...this.#held.keys()];
    for (const timer of this.#held.values()) timer.cancel();
    this.#held.clear();
    return released;
  }
}
