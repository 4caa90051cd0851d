import type { Timers } from '../ports/index.js';

/** Lets a loop sleep until there may be something to do. A ring while it works is kept until it next answers. */
export class Doorbell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Before looking what there is to do: what rings from now on is about something newer. */
  answer(): void {
    this.#rung = false;
  }

  /** Until it has been rung since the last answer, the signal aborts, or the time is up. For one waiter; never rejects. */
  async wait(signal: AbortSignal, limit?: { readonly timers: Timers; readonly timeoutMs: number }): Promise<void> {
    if (this.#rung || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = limit?.timers.after(limit.timeoutMs, () => done());
      const done = (): void => {
        timer?.cancel();
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
