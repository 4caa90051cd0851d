import { type ChunkId, CollectiveError, LIMITS, type MemberId, type UploadId } from '../../base/index.js';
import type { ChunkFiles } from './chunk-files.js';
import type { DamageList } from './damage-list.js';
import { cancelled, chunkDamaged, chunkUnknown, failureKind, throwIfAborted } from './failures.js';
import type { StoreHealth } from './health.js';
import type { IndexKeeper } from './index-keeper.js';
import type { JournalWriter } from './journal-writer.js';
import type { PackWriter } from './pack-writer.js';
import type { PendingChunks } from './pending-chunks.js';
import type { ChunkEntry, HoldRecord } from './types.js';

/** The chunks that one receipt is to cover. */
export interface HoldRequest {
  readonly origin: MemberId;
  readonly uploadId: UploadId;
  readonly expiresAtMs: number;
  readonly chunks: readonly ChunkEntry[];
  /** What the origin holds by other uploads does not count. */
  readonly sentOnly?: boolean;
}

export interface CommitterParts {
  readonly files: ChunkFiles;
  readonly packs: PackWriter;
  readonly journal: JournalWriter;
  readonly index: IndexKeeper;
  readonly pending: PendingChunks;
  readonly damage: DamageList;
  readonly health: StoreHealth;
}

interface Waiting {
  readonly request: HoldRequest;
  readonly resolve: () => void;
  readonly reject: (error: CollectiveError) => void;
}

/**
 * Makes holds durable. Requests that wait while one round of syncs runs share the next round: the bytes and their names
 * first, then the journal that says so, then the index; only then is anybody answered.
 */
export class Committer {
  readonly #parts: CommitterParts;
  readonly #queue: Waiting[] = [];
  #queuedChunks = 0;
  #running: Promise<void> | undefined;

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the holds are durable. Errors: CHUNK_UNKNOWN and CHUNK_DAMAGED for a chunk that the upload neither sent
   * nor its origin holds, NODE_FULL, NODE_READ_ONLY, UNAVAILABLE, CANCELLED (the holds may still be made).
   */
  async commit(request: HoldRequest, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    this.#parts.health.assertWritable();
    if (this.#queuedChunks + request.chunks.length > LIMITS.commitQueueChunks) {
      throw new CollectiveError('UNAVAILABLE', 'The node has too many receipts to write.', { next: 'Try again in a moment.' });
    }
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(cancelled(signal));
      const settled =
        <Outcome extends unknown[]>(done: (...outcome: Outcome) => void) =>
        (...outcome: Outcome): void => {
          signal.removeEventListener('abort', abort);
          done(...outcome);
        };
      signal.addEventListener('abort', abort, { once: true });
      this.#queue.push({ request, resolve: settled(resolve), reject: settled(reject) });
      this.#queuedChunks += request.chunks.length;
      this.#running ??= this.#run();
    });
  }

  /** Makes a hold durable whose bytes were found in the store. Errors: as `commit`. */
  async adopt(record: HoldRecord, signal: AbortSignal): Promise<void> {
    const { pending } = this.#parts;
    pending.add(record.chunkId, { ...placeOf(record), stored: false }, record.origin, record.uploadId);
    await this.commit({ ...record, chunks: [record] }, signal);
  }

  /** Resolves when nothing is waiting. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What is asked in the same turn shares the first round.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const round = this.#queue.splice(0);
      this.#queuedChunks = 0;
      try {
        await this.#round(round);
      } catch (error) {
        const refusal =
          error instanceof CollectiveError ? error : this.#parts.health.refusal('holds could not be written', error);
        for (const { reject } of round) reject(refusal);
      }
    }
    this.#running = undefined;
  }

  async #round(round: readonly Waiting[]): Promise<void> {
    this.#parts.health.assertWritable();
    await this.#syncBytes();
    const covered: Covered[] = [];
    for (const waiting of round) {
      try {
        covered.push({ waiting, ...(await this.#cover(waiting.request)) });
      } catch (error) {
        if (!(error instanceof CollectiveError)) throw error;
        waiting.reject(error);
      }
    }
    await this.#record(covered.flatMap((one) => one.records));
    for (const { waiting, records, repaired } of covered) {
      for (const { chunkId, origin, uploadId } of records) this.#parts.pending.settle(chunkId, origin, uploadId);
      await this.#parts.damage.remove(repaired);
      waiting.resolve();
    }
  }

  async #syncBytes(): Promise<void> {
    const { files, packs, pending, health } = this.#parts;
    const outcomes = await Promise.allSettled([files.syncFolders(), packs.sync()]);
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome): unknown => outcome.reason);
    if (failures.length === 0) return;
    // Which of the bytes are on the disk nobody knows now: all that no hold names is sent again.
    pending.clear();
    await packs.abandonUnsynced();
    throw health.refusal('a sync failed', failures.find((failure) => failureKind(failure) === 'broken') ?? failures[0]);
  }

  async #cover(request: HoldRequest): Promise<Pick<Covered, 'records' | 'repaired'>> {
    const { origin, uploadId, expiresAtMs, sentOnly = false } = request;
    const { pending, index, damage } = this.#parts;
    const records: HoldRecord[] = [];
    const repaired: ChunkId[] = [];
    const others: ChunkEntry[] = [];
    for (const entry of request.chunks) {
      const sent = pending.sentBy(entry.chunkId, origin, uploadId);
      if (sent === undefined) others.push(entry);
      else if (sent.lengthBytes !== entry.lengthBytes) throw chunkUnknown(entry.chunkId);
      else {
        records.push({ origin, uploadId, expiresAtMs, chunkId: entry.chunkId, ...placeOf(sent) });
        repaired.push(entry.chunkId);
      }
    }
    if (others.length === 0) return { records, repaired };
    const held = await index.use((rows) =>
      rows.held(
        origin,
        others.map((entry) => entry.chunkId),
      ),
    );
    for (const [at, { chunkId, lengthBytes }] of others.entries()) {
      const { hold, chunk } = held[at] ?? {};
      if (hold === undefined || chunk?.lengthBytes !== lengthBytes) throw chunkUnknown(chunkId);
      if (sentOnly && hold.uploadId !== uploadId) throw chunkUnknown(chunkId);
      const damaged = damage.get(chunkId);
      if (damaged !== undefined) throw chunkDamaged(chunkId, damaged.reason);
      const promised = hold.uploadId === uploadId && hold.expiresAtMs >= expiresAtMs;
      if (!promised) records.push({ origin, uploadId, expiresAtMs, chunkId, ...placeOf(chunk) });
    }
    return { records, repaired };
  }

  async #record(records: readonly HoldRecord[]): Promise<void> {
    const { journal, index } = this.#parts;
    for (let first = 0; first < records.length; first += LIMITS.journalGroupRecords) {
      const group = records.slice(first, first + LIMITS.journalGroupRecords);
      await journal.append(group);
      await index.apply(group, journal.position);
    }
  }
}

interface Covered {
  readonly waiting: Waiting;
  /** What the journal has to learn. */
  readonly records: readonly HoldRecord[];
  /** Chunks whose bytes were just written. */
  readonly repaired: readonly ChunkId[];
}

const placeOf = ({
  lengthBytes,
  location,
}: Pick<HoldRecord, 'lengthBytes' | 'location'>): Pick<HoldRecord, 'lengthBytes' | 'location'> => ({
  lengthBytes,
  location,
});
