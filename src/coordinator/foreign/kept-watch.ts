import { type ChunkId, LIMITS, type MemberId, toCollectiveError } from '../../base/index.js';
import { claimOf, newCopies } from '../../domain/index.js';
import type { Clock, Logger, Timers } from '../../ports/index.js';
import type { ViewHost } from '../../projections/index.js';
import type { CommandLoop } from '../commands/command-loop.js';
import type { OtherLogs } from '../members/other-logs.js';
import type { CopyProofs } from './copy-proofs.js';
import type { MemberCalls } from './member-calls.js';
import type { MemberDamage } from './member-damage.js';
import type { ListedChunk } from './member-sources.js';
import { Pauses } from './pauses.js';
import type { Releases } from './releases.js';

export interface KeptWatchOptions {
  readonly own: MemberId;
  readonly views: ViewHost;
  readonly commands: CommandLoop;
  readonly logs: OtherLogs;
  readonly damage: MemberDamage;
  readonly calls: MemberCalls;
  readonly proofs: CopyProofs;
  readonly releases: Releases;
  /** Whether its coordinator can be asked now, as far as is known. */
  readonly isHere: (memberId: MemberId) => boolean;
  /** Whether the own log is whole for sure: after a new epoch, what it does not name may be all that is left of a file. */
  readonly isWhole: () => boolean;
  /** What lies with it is being given up: nothing there is taken up again. */
  readonly isLeaving: (memberId: MemberId) => boolean;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

const PAUSE_MS = 1_000;
const NOBODY = new Uint8Array(32);

/** What both logs say of what one member keeps for this one, and since when they say so. */
interface Sums {
  readonly theirs: number;
  readonly theirLost: number;
  readonly ours: number;
  readonly ourLost: number;
  readonly sinceMs: number;
}

/**
 * waiting: an upload that is open may yet name some of it; contradicted: the copy of its log is older than its word; unproven: it has
 * not shown all that it says to have.
 */
type Found = 'done' | 'waiting' | 'contradicted' | 'unproven';
const AGAIN: ReadonlySet<string> = new Set<Found>(['waiting', 'contradicted', 'unproven']);

/** What was looked through at these sums, so that it need not be again. */
interface Compared {
  readonly missing: string;
  readonly unclaimed: string;
}

/**
 * Compares what the own log counts on with what the holders' logs say they keep: a copy that a holder has lost, or given up, is
 * lost here too; one that it keeps and this log does not name (it was mended there, or this coordinator ended between the holder's
 * word and its own) is put on record again, where it must once the holder has shown it, or released where nobody here knows of it.
 * Looks only when the sums of a holder have changed, and then at all of its copies, page by page.
 */
export class KeptWatch {
  readonly #options: KeptWatchOptions;
  readonly #moved = new Set<MemberId>();
  readonly #compared = new Map<MemberId, Compared>();
  readonly #sums = new Map<MemberId, Sums>();
  readonly #looking = new Map<MemberId, Promise<void>>();
  readonly #pauses: Pauses;

  constructor(options: KeptWatchOptions) {
    this.#options = options;
    this.#pauses = new Pauses(options.clock);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { logs, views, timers, logger } = this.#options;
    const forget = logs.onApplied((origin) => {
      this.#moved.add(origin);
      const known = this.#compared.get(origin);
      if (known?.unclaimed === 'contradicted') this.#compared.set(origin, { ...known, unclaimed: '' });
    });
    try {
      for (const [memberId] of await views.run(({ peers }) => peers.all())) this.#moved.add(memberId);
      while (!signal.aborted) {
        const moved = [...this.#moved];
        this.#moved.clear();
        for (const memberId of moved) {
          if (this.#looking.has(memberId) || !this.#pauses.isDue(memberId)) this.#moved.add(memberId);
          else this.#look(memberId, signal);
        }
        // It rejects when this is stopped, which the loop sees.
        await timers.sleep(PAUSE_MS, signal).catch(() => undefined);
      }
      await Promise.all(this.#looking.values());
    } catch (error) {
      if (!signal.aborted) logger.error('what members keep is not compared any more', { error: toCollectiveError(error) });
    } finally {
      forget();
    }
  }

  /** Beside the others: it may take its time to answer. */
  #look(memberId: MemberId, signal: AbortSignal): void {
    const looking = this.#compare(memberId, signal)
      .then((again) => {
        if (again) this.#moved.add(memberId);
        this.#pauses.over(memberId);
      })
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const failure = toCollectiveError(error);
        const waitMs = this.#pauses.failed(memberId, failure);
        this.#options.logger.warn('what a member keeps could not be compared', { memberId, waitMs, error: failure });
        this.#moved.add(memberId);
      })
      .finally(() => this.#looking.delete(memberId));
    this.#looking.set(memberId, looking);
  }

  /** True: it is to be looked at again soon, whether or not anything changes. */
  async #compare(memberId: MemberId, signal: AbortSignal): Promise<boolean> {
    const sums = await this.#sumsOf(memberId);
    if (sums === undefined) return false;
    const known = this.#compared.get(memberId) ?? { missing: '', unclaimed: '' };
    const { theirs, theirLost, ours, ourLost, sinceMs } = sums;
    const missing = `${theirs} ${theirLost}`;
    // Copies are on its record before they are on ours: where it has as many whole ones as we count on, none is missing.
    if (ours > 0 && (theirLost > 0 || theirs < ours) && known.missing !== missing) {
      if (!this.#options.isHere(memberId)) return true;
      await this.#findMissing(memberId, signal);
    }
    this.#compared.set(memberId, { ...known, missing });
    if (theirs <= ours) {
      this.#compared.set(memberId, { missing, unclaimed: 'none' });
      return false;
    }
    // While files are put, its record is ahead: that passes, and is not looked through each time.
    const unclaimed = `${theirs} ${ours} ${ourLost}`;
    if (known.unclaimed === unclaimed) return false;
    const { clock, isHere } = this.#options;
    const settled = clock.monotonicMs() - sinceMs >= LIMITS.keptSettledMs;
    const again = AGAIN.has(known.unclaimed);
    const soon = known.unclaimed === '' || (ourLost > 0 && !again);
    if (!isHere(memberId) || (!soon && !settled)) return true;
    const found = await this.#findUnclaimed(memberId, signal);
    this.#compared.set(memberId, { missing, unclaimed: found === 'done' ? unclaimed : found });
    if (found !== 'done') {
      const proofMs = found === 'unproven' ? this.#options.proofs.dueMs(memberId) - LIMITS.keptSettledMs : 0;
      this.#sums.set(memberId, { ...sums, sinceMs: Math.max(clock.monotonicMs(), proofMs) });
    }
    return found !== 'done';
  }

  async #sumsOf(memberId: MemberId): Promise<Sums | undefined> {
    const { own, views, logs, clock } = this.#options;
    const admitted = await views.run(({ peers, usage }) =>
      peers.get(memberId)?.state === 'admitted' ? usage.member(memberId) : undefined,
    );
    const theirs = await logs.read(memberId, ({ foreignCopies }) => foreignCopies.totals(own));
    if (admitted === undefined || theirs === undefined) return undefined;
    const now = { theirs: theirs.chunks, theirLost: theirs.lostChunks, ours: admitted.chunks, ourLost: admitted.lostCopies };
    const before = this.#sums.get(memberId);
    const same = before !== undefined && (Object.keys(now) as (keyof typeof now)[]).every((key) => before[key] === now[key]);
    const sums = same ? before : { ...now, sinceMs: clock.monotonicMs() };
    this.#sums.set(memberId, sums);
    return sums;
  }

  /** Of what we count on. */
  async #findMissing(memberId: MemberId, signal: AbortSignal): Promise<void> {
    const { own, views, logs, damage } = this.#options;
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
      const chunks = doubtful.map(([chunkId, { lengthBytes }]) => ({ chunkId, lengthBytes }));
      await damage.lost(memberId, 'missing', await this.#byItsWord(memberId, chunks, 'not-kept', signal));
      after = page.more ? page.rows.at(-1)?.[0] : undefined;
    } while (after !== undefined);
  }

  /** Of what it keeps by its log. */
  async #findUnclaimed(memberId: MemberId, signal: AbortSignal): Promise<Found> {
    const { own, views, logs, isLeaving } = this.#options;
    let found: Found = 'done';
    let after: ChunkId | undefined;
    do {
      signal.throwIfAborted();
      if (isLeaving(memberId)) return 'done';
      const from = after;
      const page = await logs.read(memberId, ({ foreignCopies }) => foreignCopies.page(own, from, LIMITS.chunksPerCall));
      if (page === undefined) return 'done';
      const kept = page.rows.flatMap(([[, chunkId], { lengthBytes, holders }]) =>
        holders.length > 0 ? [{ chunkId, lengthBytes }] : [],
      );
      const { believed, toBeShown, unknown } = await views.run(({ placement }) => {
        placement.need(kept.map(({ chunkId }) => chunkId));
        const claimed = (wanted: ReturnType<typeof claimOf>): readonly ListedChunk[] =>
          kept.filter(({ chunkId, lengthBytes }) => {
            const row = placement.chunk(chunkId);
            return row?.lengthBytes === lengthBytes && claimOf(memberId, row) === wanted;
          });
        return {
          believed: claimed('believed'),
          toBeShown: claimed('to-be-shown'),
          unknown: kept.filter(({ chunkId }) => placement.chunk(chunkId) === undefined),
        };
      });
      if (!(await this.#claim(memberId, believed, signal))) found = 'contradicted';
      if (!(await this.#claimShown(memberId, toBeShown, signal)) && found === 'done') found = 'unproven';
      if (!(await this.#release(memberId, unknown, signal))) found = 'waiting';
      after = page.more ? page.rows.at(-1)?.[0][1] : undefined;
    } while (after !== undefined);
    return found;
  }

  /** Chunks that it had before by the own record. False: by its word it does not keep them all. */
  async #claim(memberId: MemberId, chunks: readonly ListedChunk[], signal: AbortSignal): Promise<boolean> {
    const kept = new Set(await this.#byItsWord(memberId, chunks, 'kept', signal));
    const claimed = chunks.filter(({ chunkId }) => kept.has(chunkId));
    await this.#record(memberId, claimed);
    return claimed.length === chunks.length;
  }

  /** False: it has not shown them all. */
  async #claimShown(memberId: MemberId, chunks: readonly ListedChunk[], signal: AbortSignal): Promise<boolean> {
    let shown = 0;
    for await (const proven of this.#options.proofs.of(memberId, chunks, signal)) {
      await this.#record(memberId, proven);
      shown += proven.length;
    }
    return shown === chunks.length;
  }

  async #record(memberId: MemberId, chunks: readonly ListedChunk[]): Promise<void> {
    if (chunks.length === 0 || this.#options.isLeaving(memberId)) return;
    this.#options.logger.info('copies at another member are on record again', { memberId, chunks: chunks.length });
    const memberIds = new Set([memberId]);
    await this.#options.commands.submit({
      actor: `member/${memberId}/coordinator`,
      request: undefined,
      decide: (views) =>
        newCopies(
          new Map(chunks.map(({ chunkId, lengthBytes }) => [chunkId, { lengthBytes, nodeIds: new Set(), memberIds }])),
          views,
        ),
      answer: () => undefined,
    });
  }

  /**
   * What no file here ever had, and no upload that is open can name: it was accepted for one that came to nothing. False: an upload is
   * open. Those that open after that was looked at ask for places only once the release is over.
   */
  async #release(memberId: MemberId, chunks: readonly ListedChunk[], signal: AbortSignal): Promise<boolean> {
    const { views, calls, releases, logger, isWhole } = this.#options;
    if (chunks.length === 0 || !isWhole()) return true;
    let released = false;
    await releases.during(memberId, signal, async () => {
      const chunkIds = await views.run(({ placement, uploads }) => {
        if (uploads.open(1).rows.length > 0) return undefined;
        placement.need(chunks.map(({ chunkId }) => chunkId));
        return chunks.flatMap(({ chunkId }) => (placement.chunk(chunkId) === undefined ? [chunkId] : []));
      });
      released = chunkIds !== undefined;
      if (chunkIds === undefined || chunkIds.length === 0) return;
      logger.info('another member keeps chunks that no file here has; they are released', { memberId, chunks: chunkIds.length });
      await calls.call(memberId, LIMITS.memberAcceptMs, signal, (client, options) => client.releaseCopies({ chunkIds }, options));
    });
    return released;
  }

  /** The copy of its log may be older than what it keeps: so the member itself has the last word. */
  async #byItsWord(
    memberId: MemberId,
    chunks: readonly ListedChunk[],
    wanted: 'kept' | 'not-kept',
    signal: AbortSignal,
  ): Promise<readonly ChunkId[]> {
    if (chunks.length === 0) return [];
    const { locations } = await this.#options.calls.call(memberId, LIMITS.memberCallMs, signal, (client, options) =>
      client.locateCopies({ clientKeyHash: NOBODY, chunks: [...chunks] }, options),
    );
    return chunks.filter((_, at) => locations[at]?.unknown === (wanted === 'not-kept')).map(({ chunkId }) => chunkId);
  }
}
