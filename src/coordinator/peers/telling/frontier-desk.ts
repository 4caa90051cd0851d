import { LIMITS, type MemberId } from '../../../base/index.js';
import type { Head } from '../../../events/index.js';
import type { Random, Timers } from '../../../ports/index.js';
import { changedHeads, isNewer } from '../../../sync/index.js';
import { drawnLinks } from './drawn-links.js';
import type { ForeignLog } from '../copies/foreign-log.js';
import type { Links } from '../session/links.js';
import type { PeerLink } from '../session/peer-link.js';

export interface FrontierDeskOptions {
  readonly foreign: {
    get(origin: MemberId): Pick<ForeignLog, 'origin' | 'head'> | undefined;
    all(): readonly Pick<ForeignLog, 'origin' | 'head'>[];
  };
  readonly links: Links;
  readonly mayHave: (member: MemberId, origin: MemberId) => Promise<boolean>;
  readonly timers: Timers;
  readonly random: Random;
}

const SOON_MS = 1_000;

/**
 * Tells peers how far other members' logs are held here: a log's owner at once, so that it knows who has what; everybody else now
 * and then, and only what they have not said that they hold themselves. Among many, most hear all from the owner itself: so all is
 * told only of logs whose owner is away, and of the others a few in turn, which is enough to find an owner that does not tell
 * everybody the same, and to get a log to who has no session with its owner.
 */
export class FrontierDesk {
  readonly #options: FrontierDeskOptions;
  #turn = 0;
  /** Copies that have grown since the start. */
  readonly #begun = new Set<MemberId>();

  constructor(options: FrontierDeskOptions) {
    this.#options = options;
  }

  /** Everything that a new session's peer may know, also where it has said already that it holds as much: an owner counts on it. */
  greet(link: PeerLink): Promise<void> {
    const all = this.#options.foreign.all().map(({ origin }) => origin);
    return this.#tell(link, all, (origin) => this.#untold(link, origin));
  }

  /** A copy has grown. That there is one is told to others soon: they may know of a fork. */
  stored(origin: MemberId, signal: AbortSignal): void {
    const { foreign, links } = this.#options;
    const head = foreign.get(origin)?.head;
    if (head !== undefined) links.get(origin)?.tell(head);
    if (this.#begun.has(origin)) return;
    this.#begun.add(origin);
    this.#tellSoon(origin, signal);
  }

  /** A peer has said how far it holds a log. Where it is behind, it hears so at once. */
  heard(link: PeerLink, theirs: Head): void {
    const ours = this.#options.foreign.get(theirs.origin)?.head;
    if (ours === undefined || !isNewer(ours, theirs)) return;
    // What a view cannot answer now is told in some later round.
    this.#tell(link, [theirs.origin]).catch(() => undefined);
  }

  /** Nobody can ask the owner now: whoever missed its last words has to learn who heard them. */
  departed(origin: MemberId, signal: AbortSignal): void {
    this.#tellSoon(origin, signal);
  }

  #tellSoon(origin: MemberId, signal: AbortSignal): void {
    const { timers, random } = this.#options;
    timers.after(SOON_MS * random.fraction(), () => {
      // The next round says it again.
      if (!signal.aborted) this.#tellSome([origin]).catch(() => undefined);
    });
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { timers, random } = this.#options;
    while (!signal.aborted) {
      // It rejects when this is stopped, which the loop sees.
      await timers.sleep(LIMITS.peerAnnounceMs * (0.5 + random.fraction()), signal).catch(() => undefined);
      if (signal.aborted) return;
      // What a view cannot answer now is told in some later round.
      await this.#tellSome(this.#toldThisRound()).catch(() => undefined);
    }
  }

  #toldThisRound(): readonly MemberId[] {
    const { foreign, links } = this.#options;
    const all = foreign.all().map(({ origin }) => origin);
    if (links.all().length <= LIMITS.peersPushedToAll) return all;
    const present = all.filter((origin) => links.get(origin) !== undefined);
    const inTurn = Array.from({ length: Math.min(LIMITS.peerLogsToldARound, present.length) }, () => {
      this.#turn += 1;
      return present[this.#turn % present.length];
    });
    return [...all.filter((origin) => links.get(origin) === undefined), ...inTurn.filter((origin) => origin !== undefined)];
  }

  async #tellSome(origins: readonly MemberId[]): Promise<void> {
    const { links, random } = this.#options;
    for (const link of drawnLinks(links, random)) await this.#tell(link, origins);
  }

  async #tell(
    link: PeerLink,
    origins: readonly MemberId[],
    what = (origin: MemberId): Head | undefined => this.#newsFor(link, origin),
  ): Promise<void> {
    const news: MemberId[] = [];
    for (const origin of origins) {
      if (what(origin) !== undefined && (await this.#options.mayHave(link.memberId, origin))) news.push(origin);
    }
    // All at once: so it becomes one message.
    for (const origin of news) {
      const head = what(origin);
      if (head !== undefined) link.tell(head);
    }
  }

  /** What is held of a log, where that is not what the peer was told. */
  #untold(link: PeerLink, origin: MemberId): Head | undefined {
    const head = this.#options.foreign.get(origin)?.head;
    return head === undefined || head.sequence === 0 || changedHeads([head], link.told).length === 0 ? undefined : head;
  }

  /** The same, and more than the peer has said that it holds itself; or said for the first time: it may know of a fork. */
  #newsFor(link: PeerLink, origin: MemberId): Head | undefined {
    const head = this.#untold(link, origin);
    const theirs = link.heads.get(origin);
    const isNews = theirs === undefined || !link.told.has(origin) || (head !== undefined && isNewer(head, theirs));
    return isNews ? head : undefined;
  }
}
