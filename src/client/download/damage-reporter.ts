import { LIMITS } from '../../base/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { DamagedCopy } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';

export interface DamageReporterOptions {
  readonly calls: FilesCalls;
  readonly timers: Timers;
  readonly logger: Logger;
}

const CLOSE_PATIENCE_MS = 5000;

/** Tells the coordinator which copies were found bad. Reading goes on whether or not it can be told. */
export class DamageReporter {
  readonly #options: DamageReporterOptions;
  readonly #giveUp = new AbortController();
  readonly #known = new Set<string>();
  #queued: DamagedCopy[] = [];
  #sending: Promise<void> | undefined;

  constructor(options: DamageReporterOptions) {
    this.#options = options;
  }

  report(copy: DamagedCopy): void {
    const key = `${copy.chunkId} ${copy.nodeId}`;
    if (this.#known.has(key) || this.#known.size >= LIMITS.damageReports) return;
    this.#known.add(key);
    this.#options.logger.warn('found a bad copy', { ...copy });
    this.#queued.push(copy);
    this.#sending ??= this.#send();
  }

  /** Waits a little for what is still to be told. */
  async close(): Promise<void> {
    const timer = this.#options.timers.after(CLOSE_PATIENCE_MS, () => this.#giveUp.abort());
    await this.#sending;
    timer.cancel();
  }

  async #send(): Promise<void> {
    // What is found while this call is being prepared goes with it.
    await Promise.resolve();
    try {
      while (this.#queued.length > 0) {
        const copies = this.#queued.splice(0, LIMITS.chunksPerCall);
        await this.#options.calls.reportDamage(copies, this.#giveUp.signal);
      }
    } catch (error) {
      this.#options.logger.warn('could not report bad copies', { copies: this.#known.size, error });
    } finally {
      this.#sending = undefined;
    }
  }
}
