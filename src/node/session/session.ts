import { CollectiveError, isCollectiveError, LIMITS, toCollectiveError, unreachable } from '../../base/index.js';
import type { ChunkStore } from '../../chunks/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type {
  NodeSessionServiceDefinition,
  RpcClient,
  SessionHello,
  SessionRequest,
  SessionResponse,
  SessionTrust,
} from '../../transport/index.js';
import type { CoordinatorKnowledge } from '../coordinator-knowledge.js';
import type { StoreReport, StoreReporter } from '../store-reporter.js';
import type { FetchOptions } from './fetch-chunks.js';
import type { DamageNews } from './damage-news.js';
import { OrderDesk } from './order-desk.js';
import { Outbox } from './outbox.js';

export interface SessionOptions {
  readonly client: RpcClient<typeof NodeSessionServiceDefinition>;
  readonly hello: Omit<SessionHello, 'state'>;
  readonly store: ChunkStore;
  readonly fetching: FetchOptions;
  readonly reporter: StoreReporter;
  readonly damageNews: DamageNews;
  readonly knowledge: CoordinatorKnowledge;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly onWelcome: () => void;
  /** What callers are judged by has changed; it has been learnt by then. */
  readonly onTrust: (trust: SessionTrust) => void;
}

const HEARTBEAT_MIN_MS = 100;
const HEARTBEAT_MAX_MS = 60_000;

/** One session with the coordinator, from hello to its end. */
export class Session {
  readonly #options: SessionOptions;
  readonly #outbox = new Outbox();
  readonly #ending = new AbortController();
  readonly #desk: OrderDesk;
  #heartbeatMs: number | undefined;
  #timer: { cancel(): void } | undefined;
  #beating = false;
  #beatAgain = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#desk = new OrderDesk({
      memberId: options.knowledge.memberId,
      store: options.store,
      fetching: options.fetching,
      reply: (message) => {
        this.#say(message);
      },
      onStoreChecked: () => {
        this.beatNow();
      },
      logger: options.logger,
      signal: this.#ending.signal,
    });
  }

  /** Resolves when the coordinator ended it in order. Errors: those of the call, or why this end gave it up. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.#end(new CollectiveError('CANCELLED', 'The node is stopping.'));
    };
    signal.addEventListener('abort', stop, { once: true });
    const impatience = this.#options.timers.after(LIMITS.rpcDeadlineMs, () => {
      if (this.#heartbeatMs === undefined)
        this.#end(new CollectiveError('DEADLINE_EXCEEDED', 'The coordinator did not welcome this node.'));
    });
    try {
      if (signal.aborted) stop();
      const report = await this.#options.reporter.report();
      this.#say({ message: { $case: 'hello', value: { ...this.#options.hello, state: report.heartbeat } } });
      await this.#converse(report);
    } catch (error) {
      throw this.#reason(error);
    } finally {
      impatience.cancel();
      signal.removeEventListener('abort', stop);
      this.#end(new CollectiveError('CANCELLED', 'The session is over.'));
      await this.#desk.idle;
    }
  }

  /** Tells the state of the store without waiting for the next heartbeat. */
  beatNow(): void {
    if (this.#heartbeatMs === undefined || this.#ending.signal.aborted) return;
    if (this.#beating) {
      this.#beatAgain = true;
      return;
    }
    this.#timer?.cancel();
    this.#beating = true;
    this.#options.reporter
      .report()
      .then((report) => {
        this.#tell(report);
      })
      .catch((error: unknown) => {
        this.#end(toCollectiveError(error));
      })
      .finally(() => {
        this.#beating = false;
        this.#scheduleBeat();
      });
  }

  #scheduleBeat(): void {
    if (this.#heartbeatMs === undefined || this.#ending.signal.aborted) return;
    const again = this.#beatAgain;
    this.#beatAgain = false;
    this.#timer = this.#options.timers.after(again ? 0 : this.#heartbeatMs, () => {
      this.beatNow();
    });
  }

  async #converse(first: StoreReport): Promise<void> {
    const responses = this.#options.client.session(this.#outbox, { signal: this.#ending.signal });
    for await (const { message } of responses) {
      if (this.#heartbeatMs === undefined) await this.#welcome(message, first);
      else await this.#take(message);
    }
  }

  async #welcome(message: SessionResponse['message'], first: StoreReport): Promise<void> {
    if (message?.$case !== 'welcome')
      throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator did not begin with a welcome.');
    await this.#options.knowledge.learn(message.value);
    this.#options.damageNews.begin();
    this.#heartbeatMs = Math.min(HEARTBEAT_MAX_MS, Math.max(HEARTBEAT_MIN_MS, message.value.heartbeatMs));
    this.#options.onWelcome();
    this.#tell(first);
    this.#scheduleBeat();
  }

  async #take(message: SessionResponse['message']): Promise<void> {
    switch (message?.$case) {
      case 'trust':
        await this.#options.knowledge.learnTrust(message.value);
        this.#options.onTrust(message.value);
        return;
      case 'order':
        this.#desk.take(message.value);
        return;
      case 'welcome':
        throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator welcomed this node twice.');
      case undefined:
        this.#options.logger.warn('the coordinator said something that this version does not know');
        return;
      default:
        unreachable(message);
    }
  }

  #tell({ heartbeat, damaged }: StoreReport): void {
    this.#outbox.heartbeat(heartbeat);
    for (const value of this.#options.damageNews.take(damaged)) this.#say({ message: { $case: 'damage', value } });
  }

  #say(message: SessionRequest): void {
    if (this.#ending.signal.aborted) return;
    try {
      this.#outbox.push(message);
    } catch (error) {
      this.#end(toCollectiveError(error));
    }
  }

  #end(reason: CollectiveError): void {
    if (this.#ending.signal.aborted) return;
    this.#timer?.cancel();
    this.#ending.abort(reason);
    this.#outbox.end();
  }

  /** What ended it, where this end did: the call itself then only says that it was cancelled. */
  #reason(error: unknown): CollectiveError {
    const reason: unknown = this.#ending.signal.reason;
    return isCollectiveError(reason) ? reason : toCollectiveError(error);
  }
}
