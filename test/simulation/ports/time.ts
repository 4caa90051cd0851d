import { CollectiveError } from '../../../src/base/index.js';
import type { Clock, Timers } from '../../../src/ports/index.js';

interface Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
  state: 'waiting' | 'cancelled' | 'done';
}

const isBefore = (left: Scheduled, right: Scheduled): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);

/** A binary heap. What was cancelled stays in it until it comes to the top. */
class ScheduleQueue {
  readonly #heap: Scheduled[] = [];
  #live = 0;

  /** What is not cancelled. */
  get size(): number {
    return this.#live;
  }

  get first(): Scheduled | undefined {
    while (this.#heap[0]?.state === 'cancelled') this.#removeTop();
    return this.#heap[0];
  }

  add(item: Scheduled): void {
    this.#live += 1;
    let index = this.#heap.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      const above = this.#heap[parent];
      if (above === undefined || !isBefore(item, above)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = item;
  }

  take(): Scheduled | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    first.state = 'done';
    this.#live -= 1;
    this.#removeTop();
    return first;
  }

  cancel(item: Scheduled): void {
    if (item.state !== 'waiting') return;
    item.state = 'cancelled';
    this.#live -= 1;
  }

  #removeTop(): void {
    const last = this.#heap.pop();
    const { length } = this.#heap;
    if (last === undefined || length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = this.#heap[child];
      const right = this.#heap[child + 1];
      if (below !== undefined && right !== undefined && isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (below === undefined || !isBefore(below, last)) break;
      this.#heap[index] = below;
      index = child;
    }
    this.#heap[index] = last;
  }
}

/** A turn of the real event loop: everything that can go on without time passing has gone on. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Turns without anything scheduled after which a body is taken to wait for what will never come. */
const IDLE_TURNS_MAX = 2_000_000;

/**
 * Virtual time: it stands still but for `advance` and `run`, and what is due at the same moment happens in the order in which
 * it was scheduled. Deterministic as long as everything inside waits for this time and for nothing real.
 */
export class SimTime {
  #nowMs = 0;
  #count = 0;
  readonly #queue = new ScheduleQueue();

  /** Since the start of the simulation. */
  get nowMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, task: () => void): { cancel(): void } {
    const scheduled: Scheduled = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#count, task, state: 'waiting' };
    this.#count += 1;
    this.#queue.add(scheduled);
    return {
      cancel: () => this.#queue.cancel(scheduled),
    };
  }

  /** Lets so much time pass, with all that becomes due in it. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await turn();
    while ((this.#queue.first?.atMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      this.#step();
      await turn();
    }
    this.#nowMs = endMs;
  }

  /** Lets as much time pass as the body needs. */
  async run<Value>(body: () => Promise<Value>): Promise<Value> {
    let settled = false;
    const running = body().finally(() => {
      settled = true;
    });
    // Reported by the await at the end; until then it is no unhandled rejection.
    running.catch(() => undefined);
    for (let idleTurns = 0; idleTurns < IDLE_TURNS_MAX; ) {
      await turn();
      if (settled) return running;
      if (this.#queue.size === 0) {
        idleTurns += 1;
      } else {
        idleTurns = 0;
        this.#step();
      }
    }
    throw new Error('the simulation stands still: the body waits, and nothing is scheduled');
  }

  #step(): void {
    const next = this.#queue.take();
    if (next === undefined) return;
    this.#nowMs = next.atMs;
    next.task();
  }
}

/** One machine's clock. Its wall clock may be set wrong and may jump. */
export class SimClock implements Clock {
  readonly #time: SimTime;
  #startMs: number;

  constructor(time: SimTime, startMs = Date.UTC(2030, 0, 1)) {
    this.#time = time;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return Math.floor(this.#startMs + this.#time.nowMs);
  }

  monotonicMs(): number {
    return this.#time.nowMs;
  }

  /** Moves the wall clock; negative goes back. */
  jump(byMs: number): void {
    this.#startMs += byMs;
  }
}

export class SimTimers implements Timers {
  readonly #time: SimTime;

  constructor(time: SimTime) {
    this.#time = time;
  }

  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        scheduled.cancel();
        reject(new CollectiveError('CANCELLED', 'The wait was cancelled.'));
      };
      const scheduled = this.#time.schedule(durationMs, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      if (signal?.aborted === true) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }

  after(delayMs: number, task: () => void): { cancel(): void } {
    return this.#time.schedule(delayMs, task);
  }
}
