import { CollectiveError, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import { Allowances } from '../../domain/index.js';
import type { Clock, Logger, Random } from '../../ports/index.js';
import type { PlacementOffice } from '../files/placement-office.js';
import type { CopyFetcher } from './copy-fetcher.js';
import type { ListedChunk, MemberSources } from './member-sources.js';

export interface CopyProofsOptions {
  readonly placement: Pick<PlacementOffice, 'usable'>;
  readonly fetcher: Pick<CopyFetcher, 'keyHashesOf' | 'read'>;
  readonly members: Pick<MemberSources, 'locate'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

interface Wait {
  readonly untilMs: number;
  readonly tries: number;
}

const DAY_MS = 24 * 3600 * 1000;

/**
 * Finds out whether another member has the bytes that it says to have: an own node reads them at its nodes, whole, and holds them
 * against their ids. Whoever fails is asked again later, twice as late each time.
 */
export class CopyProofs {
  readonly #options: CopyProofsOptions;
  readonly #allowance = new Allowances({ most: LIMITS.copyProofBytesADay, periodMs: DAY_MS });
  readonly #waits = new Map<MemberId, Wait>();

  constructor(options: CopyProofsOptions) {
    this.#options = options;
  }

  /** From when on it is asked again, by the monotonic clock. */
  dueMs(memberId: MemberId): number {
    return this.#waits.get(memberId)?.untilMs ?? 0;
  }

  /** Those that came whole; it ends at the first ones that did not. Error: CANCELLED. */
  async *of(
    memberId: MemberId,
    chunks: readonly ListedChunk[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly ListedChunk[], void, undefined> {
    const { clock, logger } = this.#options;
    for (let start = 0; start < chunks.length; start += LIMITS.copyProofChunks) {
      if (this.dueMs(memberId) > clock.monotonicMs()) return;
      const asked = chunks.slice(start, start + LIMITS.copyProofChunks);
      const bytes = asked.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
      if (!this.#allowance.take(memberId, bytes, clock.monotonicMs())) {
        this.#later(memberId, this.#allowance.waitMs(memberId, bytes, clock.monotonicMs()), 0);
        return;
      }
      try {
        const read = await this.#read(memberId, asked, signal);
        const proven = asked.filter(({ chunkId }) => read.has(chunkId));
        if (proven.length === asked.length) this.#waits.delete(memberId);
        else {
          logger.warn('a member does not show that it has what it says to keep', {
            memberId,
            chunks: asked.length,
            shown: proven.length,
          });
          this.#failed(memberId);
        }
        if (proven.length > 0) yield proven;
      } catch (error) {
        if (signal.aborted) throw error;
        logger.info('it could not be found out whether a member has what it says to keep', {
          memberId,
          error: toCollectiveError(error),
        });
        this.#later(memberId, LIMITS.keptSettledMs, this.#waits.get(memberId)?.tries ?? 0);
      }
    }
  }

  async #read(memberId: MemberId, chunks: readonly ListedChunk[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { placement, fetcher, members, random } = this.#options;
    const { candidates } = await placement.usable(1, signal);
    const reader = candidates[Math.floor(random.fraction() * candidates.length)];
    if (reader === undefined) throw new CollectiveError('NODE_UNREACHABLE', 'No own node can read just now.');
    const { nodeId } = reader;
    const [keyHash] = await fetcher.keyHashesOf([nodeId]);
    if (keyHash === undefined || keyHash.length === 0) return NOTHING;
    const found = await members.locate(new Map([[memberId, chunks]]), keyHash, signal);
    const sources = found.filter((source) => source.chunks.length > 0).slice(0, LIMITS.fetchSources);
    if (sources.length === 0) return NOTHING;
    const listed = sources.map(({ access, chunks: covered }) => ({ access, chunks: [...covered] }));
    return fetcher.read({ nodeId, chunks, sources: listed }, signal);
  }

  #failed(memberId: MemberId): void {
    const tries = this.#waits.get(memberId)?.tries ?? 0;
    this.#later(memberId, Math.min(LIMITS.keptMendMaxMs, LIMITS.keptSettledMs * 2 ** Math.min(tries, 10)), tries + 1);
  }

  #later(memberId: MemberId, waitMs: number, tries: number): void {
    this.#waits.set(memberId, { untilMs: this.#options.clock.monotonicMs() + waitMs, tries });
  }
}

const NOTHING: ReadonlySet<string> = new Set();
