import { LIMITS, toCollectiveError } from '../../base/index.js';
import type { Logger, Random, Timers } from '../../ports/index.js';
import { ReconnectDelay } from '../session/reconnect-delay.js';
import type { KeptCopies } from './kept-copies.js';
import { WitnessStream, type WitnessStreamOptions } from './witness-stream.js';

export interface WitnessLoopOptions extends Omit<WitnessStreamOptions, 'onOpen'> {
  readonly copies: KeptCopies;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Keeps a stream for copies of the log with the coordinator, and makes a new one whenever it is lost, until it is stopped. */
export class WitnessLoop {
  readonly #options: WitnessLoopOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: WitnessLoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#options.copies.close();
  }

  async #run(): Promise<void> {
    const { timers, random, logger } = this.#options;
    const { signal } = this.#stopping;
    const delay = new ReconnectDelay(random, LIMITS.witnessReconnectMs);
    let lastReason = '';
    while (!signal.aborted) {
      const stream = new WitnessStream({ ...this.#options, onOpen: () => delay.reset() });
      const reason = await stream.run(signal).then(
        () => 'The coordinator ended the stream.',
        (error: unknown) => toCollectiveError(error).message,
      );
      if (signal.aborted) return;
      // A coordinator that is away for days is told of once.
      if (reason === lastReason) logger.debug('no stream for copies of the log', { reason });
      else logger.info('no stream for copies of the log; trying again until there is one', { reason });
      lastReason = reason;
      await timers.sleep(delay.nextMs(), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }
}
