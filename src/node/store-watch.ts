import { LIMITS, toCollectiveError } from '../base/index.js';
import type { ChunkStore } from '../chunks/index.js';
import type { Logger, Timers } from '../ports/index.js';

export interface StoreWatchOptions {
  readonly store: ChunkStore;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Called when the store takes chunks again. */
  readonly onWritable: () => void;
}

/** Tries the disk of a read-only store again, by itself and ever more rarely, until the store takes chunks again. */
export class StoreWatch {
  readonly #options: StoreWatchOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: StoreWatchOptions) {
    this.#options = options;
  }

  /** To be called when the store may have become read-only. */
  look(): void {
    if (this.#options.store.readOnlyReason === undefined || this.#stopping.signal.aborted) return;
    this.#running ??= this.#untilWritable().finally(() => {
      this.#running = undefined;
      // It may have failed anew while the last copies were read.
      this.look();
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #untilWritable(): Promise<void> {
    const { store, timers, logger, onWritable } = this.#options;
    const { signal } = this.#stopping;
    try {
      let delayMs: number = LIMITS.storeCheckDelayMinMs;
      for (;;) {
        await timers.sleep(delayMs, signal);
        if (await store.check(signal)) break;
        delayMs = Math.min(2 * delayMs, LIMITS.storeCheckDelayMaxMs);
        logger.warn('the disk was tried again and still fails', { nextTryMs: delayMs });
      }
      onWritable();
      await store.recheckUnreadable(signal);
    } catch (error) {
      if (!signal.aborted) logger.error('looking after the disk failed', { error: toCollectiveError(error) });
    }
  }
}
