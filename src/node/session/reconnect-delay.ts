import { LIMITS } from '../../base/index.js';
import type { Random } from '../../ports/index.js';

/**
 * How long to wait before dialling again: anything up to a bound that doubles with every failure ("full jitter", so that nodes
 * that lost their coordinator together do not come back together). There is no last attempt.
 */
export class ReconnectDelay {
  readonly #random: Random;
  readonly #maxMs: number;
  #failures = 0;

  constructor(random: Random, maxMs: number = LIMITS.reconnectDelayMaxMs) {
    this.#random = random;
    this.#maxMs = maxMs;
  }

  nextMs(): number {
    const boundMs = Math.min(this.#maxMs, LIMITS.reconnectDelayMinMs * 2 ** this.#failures);
    if (boundMs < this.#maxMs) this.#failures += 1;
    return Math.ceil(this.#random.fraction() * boundMs);
  }

  /** After a session that was really open. */
  reset(): void {
    this.#failures = 0;
  }
}
