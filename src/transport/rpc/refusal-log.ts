import type { CollectiveError } from '../../base/index.js';
import type { Clock, Logger } from '../../ports/index.js';

const LINES_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
/** The other end went away in the midst of its handshake: whoever tries several addresses at once does that with the slower ones. */
const LEFT = 'ECONNRESET';

/** Tells the log who was refused and why, a bounded number of times a minute: strangers can knock as often as they like. */
export class RefusalLog {
  readonly #logger: Logger;
  readonly #clock: Clock;
  #minuteStartedMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #suppressed = 0;

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  add(remote: string, error: CollectiveError): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#minuteStartedMs >= MINUTE_MS) {
      if (this.#suppressed > 0) this.#logger.warn('more connections were refused', { count: this.#suppressed });
      this.#minuteStartedMs = nowMs;
      this.#lines = 0;
      this.#suppressed = 0;
    }
    this.#lines += 1;
    if (this.#lines > LINES_PER_MINUTE) this.#suppressed += 1;
    else if (error.details['reason'] === LEFT) this.#logger.info('a connection was closed before it was made', { remote });
    else this.#logger.warn('connection refused', { remote, code: error.code, reason: error.message });
  }
}
