import { LIMITS, type MemberId } from '../../base/index.js';
import type { Head } from '../../events/index.js';
import type { Random, Timers } from '../../ports/index.js';
import { changedHeads, isNewer } from '../../sync/index.js';
import type { ForeignLogs } from './foreign-logs.js';
import type { Links } from './links.js';
import type { PeerLink } from './peer-link.js';

export interface FrontierDeskOptions {
  readonly foreign: ForeignLogs;
  readonly links: Links;
  readonly mayHave: (member: MemberId, origin: MemberId) => Promise<boolean>;
  readonly timers: Timers;
  readonly random: Random;
}

const DEPARTED_MS = 1_000;

/**
 * Tells peers how far other members' logs are held here: a log's owner at once, so that it knows who has what; everybody else now
 * and then, for the case that the owner is away, and only what they have not said that they hold themselves.
 */
export class FrontierDesk {
  readonly #options: FrontierDeskOptions;

  constructor(options: FrontierDeskOptions) {
    this.#options = options;
  }

  /** Everything that a new session's peer may know. */
  async greet(link: PeerLink): Promise<void> {
    for (const { head, origin } of this.#options.foreign.all()) {
      if (head.sequence > 0 && (await this.#options.mayHave(link.memberId, origin))) link.tell(head);
    }
  }

  /** A copy has grown. */
  stored(origin: MemberId): void {
    const head = this.#options.foreign.get(origin)?.head;
    if (head !== undefined) this.#options.links.get(origin)?.tell(head);
  }

  /** Nobody can ask the owner now: whoever missed its last words has to learn who heard them. */
  departed(origin: MemberId, signal: AbortSignal): void {
    const { timers, random } = this.#options;
    timers.after(DEPARTED_MS * random.fraction(), () => {
      const head = this.#options.foreign.get(origin)?.head;
      // The next round says it again.
      if (head !== undefined && !signal.aborted) this.#tellSome([head]).catch(() => undefined);
    });
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { timers, random, foreign } = this.#options;
    while (!signal.aborted) {
      // It rejects when this is stopped, which the loop sees.
      await timers.sleep(LIMITS.peerAnnounceMs * (0.5 + random.fraction()), signal).catch(() => undefined);
      if (signal.aborted) return;
      // What a view cannot answer now is told in the next round.
      await this.#tellSome(foreign.all().map(({ head }) => head)).catch(() => undefined);
    }
  }

  /** Of many peers a few, chosen anew each time: as everybody does so, whoever lacks something hears of it from somebody. */
  #listeners(): readonly PeerLink[] {
    const { links, random } = this.#options;
    const all = links.all();
    if (all.length <= LIMITS.peersPushedToAll) return all;
    const drawn = all.map((link) => ({ link, order: random.fraction() }));
    drawn.sort((left, right) => left.order - right.order);
    return drawn.slice(0, LIMITS.peersToldARound).map(({ link }) => link);
  }

  async #tellSome(heads: readonly Head[]): Promise<void> {
    for (const link of this.#listeners()) {
      for (const head of changedHeads(heads, link.told)) {
        const theirs = link.heads.get(head.origin);
        if (head.sequence === 0 || (theirs !== undefined && !isNewer(head, theirs))) continue;
        if (await this.#options.mayHave(link.memberId, head.origin)) link.tell(head);
      }
    }
  }
}
