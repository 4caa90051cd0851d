import { type ChunkId, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import type { Logger, Timers } from '../../ports/index.js';
import type { PlacementRow, ViewHost } from '../../projections/index.js';
import type { OtherLogs } from '../members/other-logs.js';
import type { MemberCalls } from './member-calls.js';
import type { MemberDamage } from './member-damage.js';

export interface KeptWatchOptions {
  readonly own: MemberId;
  readonly views: ViewHost;
  readonly logs: OtherLogs;
  readonly damage: MemberDamage;
  readonly calls: MemberCalls;
  readonly timers: Timers;
  readonly logger: Logger;
}

const PAUSE_MS = 1_000;
const NOBODY = new Uint8Array(32);

/** What a holder's log said when it was compared last: chunks and lost chunks that it keeps for us, and how many we count on. */
type Sums = string;

/**
 * Compares what the own log counts on with what the holders' logs say they keep: a copy that a holder has lost, or given up, is
 * lost here too. Looks only when the sums of a holder have changed, and then at all of its copies, page by page.
 */
export class KeptWatch {
  readonly #options: KeptWatchOptions;
  readonly #moved = new Set<MemberId>();
  readonly #compared = new Map<MemberId, Sums>();

  constructor(options: KeptWatchOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { logs, timers, logger } = this.#options;
    const forget = logs.onApplied((origin) => this.#moved.add(origin));
    try {
      while (!signal.aborted) {
        const moved = [...this.#moved];
        for (const memberId of moved) {
          this.#moved.delete(memberId);
          try {
            await this.#compare(memberId, signal);
          } catch (error) {
            if (signal.aborted) return;
            logger.warn('what a member keeps could not be compared', { memberId, error: toCollectiveError(error) });
            this.#moved.add(memberId);
          }
        }
        // It rejects when this is stopped, which the loop sees.
        await timers.sleep(PAUSE_MS, signal).catch(() => undefined);
      }
    } finally {
      forget();
    }
  }

  async #compare(memberId: MemberId, signal: AbortSignal): Promise<void> {
    const { own, views, logs, damage } = this.#options;
    const ours = await views.run(({ usage }) => usage.member(memberId).chunks);
    const theirs = await logs.read(memberId, ({ foreignCopies }) => foreignCopies.totals(own));
    if (theirs === undefined || ours === 0) return;
    const sums = `${theirs.chunks} ${theirs.lostChunks}`;
    // Copies are on its record before they are on ours: where it has as many whole ones as we count on, none is missing.
    if (theirs.lostChunks === 0 && theirs.chunks >= ours) {
      this.#compared.set(memberId, sums);
      return;
    }
    if (this.#compared.get(memberId) === sums) return;
    let after: ChunkId | undefined;
    do {
      signal.throwIfAborted();
      const page = await views.run(({ placement }) => placement.page(after, LIMITS.chunksPerCall));
      const counted = page.rows.filter(([, row]) => row.members.includes(memberId));
      const doubtful = await logs.read(memberId, ({ foreignCopies }) => {
        foreignCopies.need(
          own,
          counted.map(([id]) => id),
        );
        return counted.filter(([id]) => (foreignCopies.get(own, id)?.holders.length ?? 0) === 0);
      });
      if (doubtful === undefined) return;
      await damage.lost(memberId, 'missing', await this.#notKept(memberId, doubtful, signal));
      after = page.more ? page.rows.at(-1)?.[0] : undefined;
    } while (after !== undefined);
    this.#compared.set(memberId, sums);
  }
  /** The copy of its log may be older than what it keeps: so the member itself has the last word. */
  async #notKept(
    memberId: MemberId,
    doubtful: readonly (readonly [ChunkId, PlacementRow])[],
    signal: AbortSignal,
  ): Promise<readonly ChunkId[]> {
    if (doubtful.length === 0) return [];
    const chunks = doubtful.map(([chunkId, { lengthBytes }]) => ({ chunkId, lengthBytes }));
    const { locations } = await this.#options.calls.call(memberId, LIMITS.memberCallMs, signal, (client, options) =>
      client.locateCopies({ clientKeyHash: NOBODY, chunks }, options),
    );
    return chunks.filter((_, at) => locations[at]?.unknown === true).map(({ chunkId }) => chunkId);
  }
}
