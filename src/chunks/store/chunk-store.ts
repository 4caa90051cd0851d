import { type ChunkId, CollectiveError, isChunkId, LIMITS, type MemberId, type UploadId } from '../../base/index.js';
import { memberIdBytes, uploadIdBytes } from './binary.js';
import { ChunkBufferPool } from './buffer-pool.js';
import { ChunkReader, type ChunkBytes, type ChunkRange } from './chunk-reader.js';
import { ChunkWriter } from './chunk-writer.js';
import { Committer, type HoldRequest } from './committer.js';
import { probeDisk, verifyPacks } from './disk-check.js';
import type { InventoryEntry } from './hold-index.js';
import { IncomingChunk, type Arrival } from './incoming-chunk.js';
import { KeyedLock } from './keyed-lock.js';
import { Maintenance } from './maintenance.js';
import type { StoreParts } from './open-store.js';
import { PendingChunks } from './pending-chunks.js';
import { SpaceGuard } from './space-guard.js';
import type { ChunkStoreOptions, ChunkStoreStatus } from './store-options.js';
import type { ChunkEntry, DamagedChunk } from './types.js';

/**
 * The chunks of a node, kept on its disk for the origins that hold them. Made by `openChunkStore`; `close` it at the end.
 * Methods throw CollectiveError; NODE_FULL and NODE_READ_ONLY refuse one request and the service goes on.
 */
export class ChunkStore {
  readonly #options: ChunkStoreOptions;
  readonly #parts: StoreParts;
  readonly #buffers: ChunkBufferPool;
  readonly #pending = new PendingChunks();
  readonly #locks = new KeyedLock();
  readonly #space: SpaceGuard;
  readonly #reader: ChunkReader;
  readonly #writer: ChunkWriter;
  readonly #committer: Committer;
  readonly #closing = new AbortController();
  readonly #maintained: Promise<void>;
  #probes = 0;

  constructor(options: ChunkStoreOptions, parts: StoreParts) {
    const { fileSystem, hasher, clock, root, timers, logger } = options;
    this.#options = options;
    this.#parts = parts;
    this.#buffers = new ChunkBufferPool(fileSystem);
    this.#space = new SpaceGuard({
      fileSystem,
      clock,
      root,
      capacityBytes: options.capacityBytes,
      reserveBytes: options.reserveBytes ?? LIMITS.storeReserveBytes,
      usedBytes: () => this.usedBytes,
    });
    const shared = { ...parts, pending: this.#pending, locks: this.#locks };
    this.#reader = new ChunkReader({ ...parts, packs: parts.packReader, buffers: this.#buffers, hasher, clock });
    this.#writer = new ChunkWriter({ ...shared, reader: this.#reader });
    this.#committer = new Committer(shared);
    const maintenance = new Maintenance({
      ...shared,
      fileSystem,
      timers,
      logger,
      packs: parts.packReader,
      reader: this.#reader,
      committer: this.#committer,
    });
    this.#maintained = maintenance.run(this.#closing.signal).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) logger.warn('the store was not tidied up', { error });
    });
  }

  /** Why no chunk is taken; undefined while the store is writable. */
  get readOnlyReason(): string | undefined {
    return this.#parts.health.readOnlyReason;
  }

  /** Bytes of chunks held, and of those received and not held yet. */
  get usedBytes(): number {
    return (this.#parts.index.current?.state.chunkBytes ?? 0) + this.#pending.newBytes;
  }

  /**
   * Admits a chunk and waits for a buffer for it. Errors: REQUEST_INVALID, LIMIT_EXCEEDED, NODE_FULL, NODE_READ_ONLY,
   * CANCELLED.
   */
  async receive(arrival: Arrival, signal: AbortSignal): Promise<IncomingChunk> {
    this.#parts.health.assertWritable();
    memberIdBytes(arrival.origin);
    uploadIdBytes(arrival.uploadId);
    checkEntries([arrival]);
    const room = await this.#admit(arrival.lengthBytes);
    try {
      const lease = await this.#buffers.acquire(arrival.lengthBytes, signal);
      return new IncomingChunk(arrival, this.#options.hasher, lease, room, (...chunk) => this.#writer.write(...chunk));
    } catch (error) {
      room.release();
      throw error;
    }
  }

  async #admit(lengthBytes: number): Promise<{ release(): void }> {
    try {
      return await this.#space.admit(lengthBytes);
    } catch (error) {
      throw error instanceof CollectiveError ? error : this.#parts.health.refusal('the free space is unknown', error);
    }
  }

  /** For each chunk, whether a receipt for this upload could cover it without its bytes being sent. `sentOnly`: as in `commit`. */
  async held(origin: MemberId, uploadId: UploadId, chunks: readonly ChunkEntry[], sentOnly = false): Promise<readonly boolean[]> {
    memberIdBytes(origin);
    checkEntries(chunks);
    const stored = await this.#reader.held(origin, chunks, sentOnly ? uploadId : undefined);
    return chunks.map(({ chunkId, lengthBytes }, at) => {
      return stored[at] === true || this.#pending.sentBy(chunkId, origin, uploadId)?.lengthBytes === lengthBytes;
    });
  }

  /**
   * Makes the holds of all these chunks durable: afterwards, and only then, a receipt may be signed for them. Each was sent
   * by this upload, or is held by its origin already (`sentOnly`: by this upload). Errors: CHUNK_UNKNOWN, CHUNK_DAMAGED, REQUEST_INVALID, LIMIT_EXCEEDED,
   * NODE_FULL, NODE_READ_ONLY, UNAVAILABLE, CANCELLED.
   */
  async commit(request: HoldRequest, signal: AbortSignal): Promise<void> {
    memberIdBytes(request.origin);
    uploadIdBytes(request.uploadId);
    checkEntries(request.chunks);
    if (request.chunks.length > 0) await this.#committer.commit(request, signal);
  }

  /** A whole chunk that the origin holds. Errors: CHUNK_UNKNOWN, CHUNK_DAMAGED, UNAVAILABLE, CANCELLED. */
  read(origin: MemberId, chunkId: ChunkId, signal: AbortSignal): Promise<ChunkBytes> {
    return this.#reader.read(origin, chunkId, signal);
  }

  /** The leaves covering a run of bytes (cut at the chunk's end), with their proof. Errors: as `read`; REQUEST_INVALID. */
  readRange(origin: MemberId, chunkId: ChunkId, offset: number, bytes: number, signal: AbortSignal): Promise<ChunkRange> {
    return this.#reader.readRange(origin, chunkId, offset, bytes, signal);
  }

  /** Re-reads and re-hashes a chunk; damage is remembered, or forgotten. Undefined if it is not stored. */
  verifyChunk(chunkId: ChunkId, signal: AbortSignal): Promise<'whole' | DamagedChunk['reason'] | undefined> {
    return this.#reader.verify(chunkId, signal);
  }

  /** A page of holds (at most `LIMITS.inventoryPageChunks`) in the order of (origin, chunk id), behind `after`. */
  inventory(
    query: {
      readonly origin?: MemberId;
      readonly after?: { readonly origin: MemberId; readonly chunkId: ChunkId };
      readonly limit: number;
    },
    signal: AbortSignal,
  ): Promise<readonly InventoryEntry[]> {
    const limit = Math.min(query.limit, LIMITS.inventoryPageChunks);
    return this.#parts.index.use((index) => index.inventory({ ...query, limit }, signal));
  }

  async status(): Promise<ChunkStoreStatus> {
    const { health, index, damage, journalDamage } = this.#parts;
    const freeBytes = await this.#space.free();
    return {
      readOnlyReason: health.readOnlyReason,
      capacityBytes: this.#options.capacityBytes,
      usedBytes: this.usedBytes,
      chunks: index.current?.state.chunks ?? 0,
      holds: index.current?.state.holds ?? 0,
      freeBytes,
      reserveBytes: this.#space.reserveBytes,
      damaged: damage.list,
      damagedUnlisted: damage.unlisted,
      journalDamage,
      indexRebuilds: index.rebuilds,
    };
  }

  /**
   * Tries the disk (write, sync, read back) and re-verifies what a failed sync left in doubt; then a read-only store takes
   * chunks again. Answers whether it does. Never throws for a failing disk.
   */
  async check(signal: AbortSignal): Promise<boolean> {
    const { health, index, packReader, suspectPacks } = this.#parts;
    this.#probes += 1;
    try {
      await probeDisk(this.#options.fileSystem, this.#parts.layout, -this.#probes);
      const suspects = [...suspectPacks];
      await verifyPacks({ packs: packReader, index, reader: this.#reader }, suspects, signal);
      for (const pack of suspects) suspectPacks.delete(pack);
      health.restore();
      return true;
    } catch (error) {
      if (error instanceof CollectiveError && error.code === 'CANCELLED') throw error;
      health.refusal('the check of the disk failed', error);
      return health.readOnlyReason === undefined;
    }
  }

  /** Verifies again what the disk would not give when it was asked: after its trouble that may all be there. */
  async recheckUnreadable(signal: AbortSignal): Promise<void> {
    for (const { chunkId, reason } of this.#parts.damage.list) {
      if (reason === 'unreadable') await this.#reader.verify(chunkId, signal);
    }
  }

  /** Lets what is under way finish, then closes every file. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#maintained;
    await this.#committer.idle();
    const { packs, packReader, journal, index } = this.#parts;
    await packs.close();
    await packReader.close();
    await journal.close();
    await index.close();
  }
}

function checkEntries(chunks: readonly ChunkEntry[]): void {
  if (chunks.length > LIMITS.chunksPerCall) {
    throw new CollectiveError('LIMIT_EXCEEDED', `A request names at most ${LIMITS.chunksPerCall} chunks, not ${chunks.length}.`);
  }
  for (const { chunkId, lengthBytes } of chunks) {
    if (!isChunkId(chunkId)) throw new CollectiveError('REQUEST_INVALID', 'A chunk id is malformed.');
    if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 1 || lengthBytes > LIMITS.chunkBytesLarge) {
      throw new CollectiveError('REQUEST_INVALID', `A chunk has 1 to ${LIMITS.chunkBytesLarge} bytes, not ${lengthBytes}.`);
    }
  }
}
