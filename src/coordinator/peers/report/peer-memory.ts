import type { CollectiveError, MemberId } from '../../../base/index.js';
import type { Clock } from '../../../ports/index.js';
import type { PeerLink } from '../session/peer-link.js';
import type { Refusal } from '../fetching/source-faults.js';

/** What a coordinator remembers of a peer from its start on, beyond the session that is open. */
export interface PeerMemory {
  /** When its last session ended; before the first one, the start of this coordinator or when it was first heard of. */
  awaySinceMs: number;
  heardMs: number;
  address: string;
  softwareVersion: string;
  refusedBlocks: number;
  sentBytes: number;
  receivedBytes: number;
  /** How far it had the own log by its own word. */
  ourLogThere: number;
}

const REFUSALS_KEPT = 64;

/** The memories of all peers, and what was wrong with what they gave. */
export class PeerMemories {
  readonly #clock: Clock;
  readonly #own: MemberId;
  readonly #startedMs: number;
  readonly #memories = new Map<MemberId, PeerMemory>();
  readonly #refusals = new Map<string, Refusal>();
  /** Peers that have shown another block of the own log than is held here. */
  readonly contradicting = new Set<MemberId>();
  /** Whose views were found damaged here, and when that was last. */
  readonly doubted = new Map<MemberId, number>();

  constructor(own: MemberId, clock: Clock) {
    this.#own = own;
    this.#clock = clock;
    this.#startedMs = clock.nowMs();
  }

  of(memberId: MemberId): PeerMemory {
    const known = this.#memories.get(memberId);
    if (known !== undefined) return known;
    const fresh: PeerMemory = {
      awaySinceMs: this.#startedMs,
      heardMs: 0,
      address: '',
      softwareVersion: '',
      refusedBlocks: 0,
      sentBytes: 0,
      receivedBytes: 0,
      ourLogThere: 0,
    };
    this.#memories.set(memberId, fresh);
    return fresh;
  }

  /** The newest of each pair of peer and log. */
  get refusals(): readonly Refusal[] {
    return [...this.#refusals.values()];
  }

  closed(link: PeerLink): void {
    const known = this.of(link.memberId);
    known.awaySinceMs = this.#clock.nowMs();
    known.heardMs = link.heardMs;
    known.address = link.address;
    known.softwareVersion = link.hello?.softwareVersion ?? known.softwareVersion;
    known.sentBytes += link.sentBytes;
    known.receivedBytes += link.receivedBytes;
    known.ourLogThere = link.heads.get(this.#own)?.sequence ?? known.ourLogThere;
  }

  refused(memberId: MemberId, origin: MemberId, error: CollectiveError): void {
    this.of(memberId).refusedBlocks += 1;
    const key = `${memberId} ${origin}`;
    this.#refusals.delete(key);
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size >= REFUSALS_KEPT && oldest !== undefined) this.#refusals.delete(oldest);
    this.#refusals.set(key, { memberId, origin, error, timeMs: this.#clock.nowMs() });
  }
}
