import { LIMITS, type MemberId } from '../../base/index.js';
import type { MemberReach } from '../../domain/index.js';
import type { Clock } from '../../ports/index.js';
import type { PeerTrust } from '../members/peer-trust.js';
import type { Connection } from '../peers/report/peer-report.js';
import type { MemberCalls } from './member-calls.js';

/** The connection to a member's coordinator, and by the wall clock when the last session with it ended. */
export interface ConnectionSince extends Connection {
  readonly awaySinceMs: number;
}

export interface MemberReachesOptions {
  readonly trust: Pick<PeerTrust, 'of'>;
  readonly calls: Pick<MemberCalls, 'isAway' | 'refuses'>;
  readonly connectionOf: (memberId: MemberId) => ConnectionSince;
  readonly clock: Clock;
}

/**
 * Why copies with a member cannot be had, said the same everywhere: by the connection that `peer list` shows, and by calls that came
 * to nothing a moment ago.
 */
export class MemberReaches {
  readonly #options: MemberReachesOptions;

  constructor(options: MemberReachesOptions) {
    this.#options = options;
  }

  of(memberId: MemberId): MemberReach {
    const { trust, calls, connectionOf } = this.#options;
    const { connection } = connectionOf(memberId);
    if (connection === 'not-admitted' || calls.refuses(memberId)) return 'not-admitted';
    return connection === 'connected' && trust.of(memberId) !== undefined && !calls.isAway(memberId) ? 'here' : 'away';
  }

  /** Not here, and for longer than anybody waits for a chunk. */
  isLongGone(memberId: MemberId): boolean {
    const reach = this.of(memberId);
    if (reach !== 'away') return reach === 'not-admitted';
    const { connection, awaySinceMs } = this.#options.connectionOf(memberId);
    if (connection === 'cut') return true;
    return connection === 'away' && this.#options.clock.nowMs() - awaySinceMs > LIMITS.chunkPatienceMs;
  }
}
