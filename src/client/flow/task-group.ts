import { setMaxListeners } from 'node:events';
import { cancelled } from './permits.js';

/**
 * Tasks that belong together: the first failure aborts `signal` for all of them, and `join` ends only once every one has
 * ended, so that nothing of the operation goes on behind its caller's back.
 */
export class TaskGroup {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #onOuterAbort: () => void;
  #running = 0;
  #whenIdle: (() => void)[] = [];
  #failure: { readonly error: unknown } | undefined;
  /** Ends the group with this error, unless it failed before. */
  readonly fail = (error: unknown): void => {
    this.#failure ??= { error };
    this.#controller.abort();
  };

  /** `outer` aborts the group too. */
  constructor(outer: AbortSignal) {
    this.#outer = outer;
    // Every wait of every task listens, and goes away when it is over.
    setMaxListeners(0, this.#controller.signal);
    this.#onOuterAbort = () => this.fail(cancelled());
    if (outer.aborted) this.#onOuterAbort();
    else outer.addEventListener('abort', this.#onOuterAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  spawn(task: () => Promise<void>): void {
    this.#running += 1;
    Promise.resolve()
      .then(task)
      .then(
        () => this.#ended(),
        (error: unknown) => {
          this.fail(error);
          this.#ended();
        },
      );
  }

  /** Waits for all tasks, also those spawned meanwhile, then throws the first failure if there was one. */
  async join(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    this.#outer.removeEventListener('abort', this.#onOuterAbort);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #ended(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}
