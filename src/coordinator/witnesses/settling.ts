import { CollectiveError, LIMITS } from '../../base/index.js';
import type { Timers } from '../../ports/index.js';

interface Waiting {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: CollectiveError) => void;
  readonly timer: { cancel(): void };
}

/** Who waits for enough witnesses to hold an event; in the order of events, each for LIMITS.witnessPatienceMs. */
export class Settling {
  readonly #timers: Timers;
  readonly #onLate: (sequence: number) => void;
  readonly #waiting: Waiting[] = [];
  #ended: CollectiveError | undefined;

  /** `onLate`: somebody gave up waiting for this event. */
  constructor(timers: Timers, onLate: (sequence: number) => void) {
    this.#timers = timers;
    this.#onLate = onLate;
  }

  wait(sequence: number): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = this.#timers.after(LIMITS.witnessPatienceMs, () => this.#giveUp(sequence));
      this.#waiting.push({ sequence, resolve, reject, timer });
    });
  }

  /** Enough hold everything up to here. */
  reached(sequence: number): void {
    for (const { resolve } of this.#remove((each) => each.sequence <= sequence)) resolve();
  }

  end(error: CollectiveError): void {
    this.#ended = error;
    for (const { reject } of this.#remove(() => true)) reject(error);
  }

  #giveUp(sequence: number): void {
    const late = this.#remove((each) => each.sequence === sequence);
    this.#onLate(sequence);
    for (const { reject } of late) reject(notWitnessed());
  }

  #remove(matches: (waiting: Waiting) => boolean): readonly Waiting[] {
    const removed = this.#waiting.filter(matches);
    for (const waiting of removed) {
      waiting.timer.cancel();
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
    }
    return removed;
  }
}

const notWitnessed = (): CollectiveError =>
  new CollectiveError(
    'WITNESSES_UNREACHABLE',
    "The change is on the coordinator's disk, and too few witnesses have said that they hold it too.",
    {
      next: 'Ask again: the same request gets its answer once they hold it. See which are away: collective witness list',
    },
  );
