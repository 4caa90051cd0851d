import { LIMITS, type MemberId } from '../../../base/index.js';
import type { EventLog, Head, StoredBlock } from '../../../events/index.js';
import type { Random } from '../../../ports/index.js';
import { fanOut, isNewer, standingOf } from '../../../sync/index.js';
import { RecentBlocks } from '../../witnesses/recent-blocks.js';
import type { Links } from '../session/links.js';
import type { PeerLink } from '../session/peer-link.js';

/** How far the own log may be told of. */
export interface SettledLog {
  /** The last event that enough witnesses hold; Infinity where none are required. */
  readonly settledSequence: number;
  /** Told whenever it may have moved, and after every new block; must not throw. Returns what ends that. */
  onSettled(listener: () => void): () => void;
  /** Whether that member keeps the log as a witness, or is to: it gets what is not settled yet, since that waits for it. */
  isToKeep(memberId: MemberId): boolean;
}

export interface OwnFeedOptions {
  readonly log: Pick<EventLog, 'origin' | 'head' | 'read' | 'onCommitted'>;
  readonly settled: SettledLog;
  readonly links: Links;
  readonly random: Random;
}

/** Gives new blocks of the own log to peers once they are settled: nothing else of it leaves the process, but to its witnesses. */
export class OwnFeed {
  readonly #options: OwnFeedOptions;
  readonly #recent = new RecentBlocks(LIMITS.peerRecentBytes);
  readonly #forget: (() => void)[];
  /** Of the last block that may be told of. */
  #head: Head;

  constructor(options: OwnFeedOptions) {
    this.#options = options;
    const { log, settled } = options;
    this.#head = { origin: log.origin, epoch: 1, sequence: 0, headerHash: new Uint8Array(32) };
    // Whoever else listens to the log may know of a block before this does: so it looks when all have been told.
    const soon = (): void => void Promise.resolve().then(() => this.#advance());
    this.#forget = [
      log.onCommitted((block) => {
        this.#recent.add(block);
        soon();
      }),
      settled.onSettled(soon),
    ];
    this.#advance();
  }

  /** How far the own log may be given to others; sequence 0: not at all yet. */
  get head(): Head {
    return this.#head;
  }

  /** The same, for one of them: what is settled waits for those who keep the log, so they get all that is on this disk. */
  headFor(memberId: MemberId): Head {
    const { log, settled } = this.#options;
    return settled.isToKeep(memberId) ? log.head : this.#head;
  }

  stop(): void {
    for (const forget of this.#forget) forget();
  }

  /** Looks how far the log is settled, and gives what is new. */
  #advance(): void {
    const { links, settled } = this.#options;
    for (const link of links.all()) if (settled.isToKeep(link.memberId)) this.feed(link);
    const head = this.#settledHead();
    if (head === undefined || !isNewer(head, this.#head)) return;
    this.#head = head;
    this.#spread();
  }

  /** A peer is there, or has said how far it holds the own log: it gets what it lacks, if that is little. */
  feed(link: PeerLink): void {
    if (!this.#push(link) || this.#holdsAnother(link)) this.#announce(link);
  }

  /** A session begins. */
  greet(link: PeerLink): void {
    this.#announce(link);
  }

  /** Draws anew who gets blocks first. */
  shuffle(): void {
    for (const link of this.#options.links.all()) link.order = this.#options.random.fraction();
  }

  #settledHead(): Head | undefined {
    const { log, settled } = this.#options;
    const { settledSequence } = settled;
    if (settledSequence >= log.head.sequence) return log.head;
    const block = this.#recent.lastUpTo(settledSequence);
    return block === undefined ? undefined : headAfter(log.origin, block);
  }

  #spread(): void {
    const { links } = this.#options;
    const all = links.all();
    const bytes = this.#bytesOfNews();
    const { pushed, announced } = fanOut(all, bytes, {
      pushToAllUpTo: LIMITS.peersPushedToAll,
      pushedOfMore: LIMITS.peersPushedOfMore,
      smallBytes: LIMITS.peerSmallPushBytes,
    });
    for (const memberId of pushed) this.#each(memberId, (link) => this.feed(link));
    for (const memberId of announced) this.#each(memberId, (link) => this.#announce(link));
  }

  #each(memberId: MemberId, work: (link: PeerLink) => void): void {
    const link = this.#options.links.get(memberId);
    if (link !== undefined) work(link);
  }

  /** Of the newest block, which is what the others lack in the most cases. */
  #bytesOfNews(): number {
    return this.#recent.lastUpTo(this.#head.sequence)?.bytes.length ?? LIMITS.blockBytes;
  }

  /** Whether it has or gets all that may be told of, without asking. */
  #push(link: PeerLink): boolean {
    const { origin } = this.#options.log;
    const head = this.headFor(link.memberId);
    for (;;) {
      const known = Math.max(link.heads.get(origin)?.sequence ?? 0, link.pushedSequence);
      if (known >= head.sequence) return true;
      if (link.inFlightBytes >= LIMITS.peerPushBytes) return false;
      const blocks = this.#recent
        .from(known + 1, LIMITS.peerPageBytes)
        .filter(({ lastSequence }) => lastSequence <= head.sequence);
      const last = blocks.at(-1);
      if (last === undefined) return false;
      link.push(
        origin,
        blocks.map(({ bytes }) => bytes),
        last.lastSequence,
      );
    }
  }

  /** Whether it has as much of another log that was signed as this one: it cannot know until it is told. */
  #holdsAnother(link: PeerLink): boolean {
    const head = this.headFor(link.memberId);
    const theirs = link.heads.get(head.origin);
    return theirs !== undefined && standingOf(head, theirs).kind === 'forked';
  }

  #announce(link: PeerLink): void {
    const head = this.headFor(link.memberId);
    const told = link.told.get(head.origin);
    if (head.sequence > 0 && (told === undefined || isNewer(head, told))) link.tell(head);
  }
}

const headAfter = (origin: MemberId, { header, lastSequence, headerHash }: StoredBlock): Head => ({
  origin,
  epoch: header.epoch,
  sequence: lastSequence,
  headerHash,
});
