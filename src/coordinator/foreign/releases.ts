import type { MemberId } from '../../base/index.js';
import { Doorbell } from '../doorbell.js';

/**
 * Releases that are under way at members. Whoever asks one for a place waits for them: else it could be told of a copy that is
 * about to go, and count on it.
 */
export class Releases {
  readonly #underWay = new Map<MemberId, Set<Doorbell>>();

  /** From before it is decided what is released until the member has answered. One at a time for each member. Errors: those of `release`. */
  async during(memberId: MemberId, signal: AbortSignal, release: () => Promise<void>): Promise<void> {
    while (this.#underWay.has(memberId)) {
      await this.isOver(memberId, signal);
      signal.throwIfAborted();
    }
    const waiting = new Set<Doorbell>();
    this.#underWay.set(memberId, waiting);
    try {
      await release();
    } finally {
      this.#underWay.delete(memberId);
      for (const bell of waiting) bell.ring();
    }
  }

  /** Waits for the one that is under way, if there is one. False: the signal has aborted, or the time is up, before its end. */
  async isOver(memberId: MemberId, signal: AbortSignal, limit?: Parameters<Doorbell['wait']>[1]): Promise<boolean> {
    const waiting = this.#underWay.get(memberId);
    if (waiting === undefined) return true;
    const bell = new Doorbell();
    waiting.add(bell);
    await bell.wait(signal, limit);
    waiting.delete(bell);
    return !this.#underWay.has(memberId);
  }
}
