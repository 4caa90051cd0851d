import { LIMITS, type MemberId } from '../../../base/index.js';
import { Allowances } from '../../../domain/index.js';
import type { Logger, Random, Timers } from '../../../ports/index.js';
import type { ViewHost } from '../../../projections/index.js';
import { disagreements, samePosition, type StateMark } from '../../../sync/index.js';
import { drawnLinks } from './drawn-links.js';
import type { Links } from '../session/links.js';
import type { PeerLink } from '../session/peer-link.js';
import { wireMark } from '../session/wire.js';

/** Views of one log that are not the same here and at a peer, although they stand at the same event. */
export interface StateMismatch {
  readonly origin: MemberId;
  readonly memberId: MemberId;
  readonly epoch: number;
  readonly sequence: number;
  readonly views: readonly string[];
  readonly timeMs: number;
}

export interface StateDeskOptions {
  readonly own: MemberId;
  readonly links: Links;
  readonly views: Pick<ViewHost, 'origins' | 'stateMarks' | 'stateNow'>;
  /** Logs whose marks are told: not those that are frozen, which stand where they should not. */
  readonly origins: () => readonly MemberId[];
  readonly mayHave: (member: MemberId, origin: MemberId) => Promise<boolean>;
  readonly nowMs: () => number;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

const MISMATCHES_KEPT = 64;
const LINES_MS = 3600 * 1000;

/** Exchanges how views stand at equal positions: whoever holds a log with its owner, and now and then all with each other. */
export class StateDesk {
  readonly #options: StateDeskOptions;
  readonly #mismatches = new Map<string, StateMismatch>();
  /** The newest position of each log that its owner was told of, by session. */
  readonly #told = new WeakMap<PeerLink, Map<MemberId, number>>();
  /** Whoever says something else each time would fill the disk. */
  readonly #lines = new Allowances({ most: LIMITS.peerMismatchLines, periodMs: LINES_MS });
  #turn = 0;

  constructor(options: StateDeskOptions) {
    this.#options = options;
  }

  get mismatches(): readonly StateMismatch[] {
    return [...this.#mismatches.values()];
  }

  /** The views of a log have moved: its owner is told at each mark. */
  applied(origin: MemberId): void {
    const link = this.#options.links.get(origin);
    const mark = this.#options.views.stateMarks(origin).at(-1);
    if (link === undefined || mark === undefined || !this.#options.origins().includes(origin)) return;
    const told = this.#told.get(link) ?? new Map<MemberId, number>();
    this.#told.set(link, told);
    if (told.get(origin) === mark.position.sequence) return;
    told.set(origin, mark.position.sequence);
    link.outbox.mark(wireMark(mark));
  }

  /** A peer has said how its views of a log stood. Whoever hears of a difference answers, so that both know. Error: as of views. */
  async take(link: PeerLink, theirs: StateMark): Promise<void> {
    const ours = this.#ours(theirs);
    if (ours === undefined) return;
    const found = disagreements(ours, theirs);
    const key = `${theirs.origin} ${link.memberId}`;
    const known = this.#mismatches.get(key);
    if (found.length === 0) {
      if (known !== undefined && known.sequence <= theirs.position.sequence) this.#mismatches.delete(key);
      return;
    }
    if (known?.epoch === theirs.position.epoch && known.sequence === theirs.position.sequence) return;
    // Who may not have the log learns nothing of it, and has no views of it.
    if (!(await this.#options.mayHave(link.memberId, theirs.origin))) return;
    const views = found.map(({ view }) => view);
    const { nowMs, logger } = this.#options;
    if (this.#lines.take(link.memberId, 1, nowMs())) {
      logger.error('views of a log differ from a peer’s at the same event', {
        origin: theirs.origin,
        memberId: link.memberId,
        ...theirs.position,
        views,
      });
    }
    this.#mismatches.delete(key);
    const [oldest] = this.#mismatches.keys();
    if (this.#mismatches.size >= MISMATCHES_KEPT && oldest !== undefined) this.#mismatches.delete(oldest);
    this.#mismatches.set(key, { origin: theirs.origin, memberId: link.memberId, ...theirs.position, views, timeMs: nowMs() });
    link.outbox.mark(wireMark(ours));
  }

  /** Until the signal; never rejects. Each round says how one log's views stand now to others who may know it, of many to a few. */
  async run(signal: AbortSignal): Promise<void> {
    const { timers, random, logger } = this.#options;
    while (!signal.aborted) {
      // It rejects when this is stopped, which the loop sees.
      await timers.sleep(LIMITS.peerStatesMs * (0.5 + random.fraction()), signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#round().catch((error: unknown) => {
        logger.warn('states of views were not told', { error });
      });
    }
  }

  /** How the views stood here at the same event, if that is still known. */
  #ours({ origin, position }: StateMark): StateMark | undefined {
    const { views, origins } = this.#options;
    if (!views.origins().includes(origin) || !origins().includes(origin)) return undefined;
    const marked = views.stateMarks(origin).find((mark) => samePosition(mark.position, position));
    if (marked !== undefined) return marked;
    const now = views.stateNow(origin);
    return now !== undefined && samePosition(now.position, position) ? now : undefined;
  }

  async #round(): Promise<void> {
    const { links, views, mayHave, origins, random } = this.#options;
    const all = origins();
    const origin = all[this.#turn % Math.max(1, all.length)];
    this.#turn += 1;
    const mark = origin === undefined ? undefined : views.stateNow(origin);
    if (mark === undefined) return;
    for (const link of drawnLinks(links, random)) {
      if (await mayHave(link.memberId, mark.origin)) link.outbox.mark(wireMark(mark));
    }
  }
}
