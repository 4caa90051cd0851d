import type { MemberId } from '../../base/index.js';

/**
 * Releases that are under way at members. Whoever asks one for a place waits for them: else it could be told of a copy that is
 * about to go, and count on it.
 */
export class Releases {
  readonly #underWay = new Map<MemberId, Promise<unknown>>();

  /** From before it is decided what is released until the member has answered. One at a time for each member. */
  async during(memberId: MemberId, release: () => Promise<void>): Promise<void> {
    while (this.#underWay.has(memberId)) await this.settled(memberId);
    const done = release();
    // Whoever began it is told below; those who wait want to know only that it is over.
    const over = done.catch(() => undefined).finally(() => this.#underWay.delete(memberId));
    this.#underWay.set(memberId, over);
    await done;
  }

  /** As long as such a call may take. Never rejects. */
  async settled(memberId: MemberId): Promise<void> {
    await this.#underWay.get(memberId);
  }
}
