import { type ChunkId, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { PeerTrust } from '../members/peer-trust.js';
import type { MemberDamage } from './member-damage.js';

export interface ForfeitsOptions {
  readonly views: ViewHost;
  readonly damage: MemberDamage;
  readonly trust: PeerTrust;
  readonly timers: Timers;
  readonly logger: Logger;
}

/**
 * Puts on record, chunk by chunk, that copies at members which were removed do not count any more. Goes on where it was after a
 * restart, since what is left is on record.
 */
export class Forfeits {
  readonly #options: ForfeitsOptions;

  constructor(options: ForfeitsOptions) {
    this.#options = options;
  }

  /** Until the signal; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { trust, timers, logger } = this.#options;
    let changed = new AbortController();
    const forget = trust.onChange(() => changed.abort());
    try {
      while (!signal.aborted) {
        changed = new AbortController();
        const woken = AbortSignal.any([signal, changed.signal]);
        try {
          for (const memberId of await this.#removed()) await this.#forfeit(memberId, signal);
        } catch (error) {
          if (signal.aborted) return;
          logger.error('copies at a removed member could not be put on record as lost', { error: toCollectiveError(error) });
        }
        // It rejects when it is woken or this is stopped: both are looked at.
        await timers.sleep(LIMITS.keptMendMinMs, woken).catch(() => undefined);
      }
    } finally {
      forget();
    }
  }

  #removed(): Promise<readonly MemberId[]> {
    return this.#options.views.run(({ peers, usage }) =>
      peers.all().flatMap(([id, { state }]) => (state === 'removed' && usage.member(id).chunks > 0 ? [id] : [])),
    );
  }

  async #forfeit(memberId: MemberId, signal: AbortSignal): Promise<void> {
    let after: ChunkId | undefined;
    do {
      signal.throwIfAborted();
      const from = after;
      const { rows, more } = await this.#options.views.run(({ placement }) => placement.page(from, LIMITS.chunksPerCall));
      const held = rows.flatMap(([chunkId, { members }]) => (members.includes(memberId) ? [chunkId] : []));
      await this.#options.damage.lost(memberId, 'forfeited', held);
      after = more ? rows.at(-1)?.[0] : undefined;
    } while (after !== undefined);
  }
}
