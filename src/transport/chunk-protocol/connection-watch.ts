import { CollectiveError, LIMITS } from '../../base/index.js';
import type { Clock, Timers } from '../../ports/index.js';

/** Who a connection waits for now. */
export interface WatchedState {
  /** Bytes of a chunk are on their way, in or out: they have to move. */
  readonly transferring: boolean;
  /** It is this end's turn: the other one cannot be late. */
  readonly waitsForUs: boolean;
}

const WATCH_MS = 5_000;

/** Notices that the other end of a connection does nothing for too long: no hello, no bytes in a transfer, or nothing at all. */
export class ConnectionWatch {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #state: () => WatchedState;
  readonly #onQuiet: (reason: CollectiveError) => void;
  #timer: { cancel(): void };
  /** When the last frame arrived. */
  #heardAtMs: number;
  /** When the last bytes of a chunk came or went. */
  #movedAtMs: number;

  /** `onQuiet` is called at most once. */
  constructor(clock: Clock, timers: Timers, state: () => WatchedState, onQuiet: (reason: CollectiveError) => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#state = state;
    this.#onQuiet = onQuiet;
    this.#heardAtMs = clock.monotonicMs();
    this.#movedAtMs = this.#heardAtMs;
    this.#timer = timers.after(LIMITS.handshakeTimeoutMs, () => onQuiet(late('No hello arrived in time.')));
  }

  /** The hello arrived. */
  greeted(): void {
    this.#timer.cancel();
    this.#timer = this.#timers.after(WATCH_MS, () => this.#look());
  }

  heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }

  moved(): void {
    this.#movedAtMs = this.#clock.monotonicMs();
    this.#heardAtMs = this.#movedAtMs;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const { transferring, waitsForUs } = this.#state();
    const quietMs = this.#clock.monotonicMs() - (transferring ? this.#movedAtMs : this.#heardAtMs);
    const limitMs = transferring ? LIMITS.transferStallMs : LIMITS.connectionIdleMs;
    if (waitsForUs || quietMs <= limitMs) this.#timer = this.#timers.after(WATCH_MS, () => this.#look());
    else this.#onQuiet(late(`Nothing moved on the connection for ${Math.round(quietMs / 1000)} s.`));
  }
}

const late = (message: string): CollectiveError => new CollectiveError('DEADLINE_EXCEEDED', message);
