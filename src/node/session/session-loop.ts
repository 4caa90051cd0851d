import { isCollectiveError, toBase32, type CollectiveError } from '../../base/index.js';
import type { Clock, Random, Timers } from '../../ports/index.js';
import { ReconnectDelay } from './reconnect-delay.js';
import { Session, type SessionOptions } from './session.js';

export interface SessionLoopOptions extends Omit<SessionOptions, 'onWelcome' | 'hello'> {
  readonly hello: Omit<SessionOptions['hello'], 'bootId'>;
  readonly timers: Timers;
  readonly random: Random;
  readonly clock: Clock;
  /** Why a session ended. Awaited before the next one is tried. */
  readonly onEnded: (reason: CollectiveError | undefined) => Promise<void>;
}

const BOOT_ID_BYTES = 10;

/** Keeps a session with the coordinator, and makes a new one whenever it is lost, until it is stopped. */
export class SessionLoop {
  readonly #options: SessionLoopOptions;
  readonly #stopping = new AbortController();
  #session: Session | undefined;
  #running: Promise<void> = Promise.resolve();
  #connected = false;

  constructor(options: SessionLoopOptions) {
    this.#options = options;
  }

  /** Whether the coordinator has welcomed this node and is still there. */
  get connected(): boolean {
    return this.#connected;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Tells the coordinator at once that the store may have changed its state. */
  storeChanged(): void {
    this.#session?.beatNow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { random, timers, logger } = this.#options;
    const { signal } = this.#stopping;
    const delay = new ReconnectDelay(random);
    const hello = { ...this.#options.hello, bootId: toBase32(random.bytes(BOOT_ID_BYTES)) };
    let lastReason = '';
    while (!signal.aborted) {
      const ended = await this.#runOne(hello, delay);
      if (signal.aborted) return;
      await this.#options.onEnded(ended);
      const delayMs = delay.nextMs();
      // A coordinator that is away for days is told of once, not every few seconds.
      const fields = { code: ended?.code ?? 'OK', reason: ended?.message ?? 'The coordinator ended the session.', delayMs };
      if (ended?.code === 'INTERNAL') logger.error('the session failed unexpectedly', { error: ended });
      if (fields.reason === lastReason) logger.debug('no session with the coordinator', fields);
      else logger.warn('no session with the coordinator; trying again until there is one', fields);
      lastReason = fields.reason;
      try {
        await timers.sleep(delayMs, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  async #runOne(hello: SessionOptions['hello'], delay: ReconnectDelay): Promise<CollectiveError | undefined> {
    const { logger } = this.#options;
    const session = new Session({
      ...this.#options,
      hello,
      onWelcome: () => {
        delay.reset();
        this.#connected = true;
        logger.info('the coordinator has welcomed this node');
      },
    });
    this.#session = session;
    try {
      await session.run(this.#stopping.signal);
      return undefined;
    } catch (error) {
      if (isCollectiveError(error)) return error;
      throw error;
    } finally {
      this.#session = undefined;
      this.#connected = false;
    }
  }
}
