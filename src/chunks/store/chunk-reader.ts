import { type ChunkId, CollectiveError, type MemberId, type UploadId } from '../../base/index.js';
import { type Clock, type Hasher, isFileSystemError } from '../../ports/index.js';
import { leavesCovering, proveRange } from '../range-proof.js';
import { chunkIdOf } from '../tree-hash.js';
import type { ChunkBufferPool } from './buffer-pool.js';
import type { ChunkFiles } from './chunk-files.js';
import type { DamageList } from './damage-list.js';
import { chunkDamaged, chunkUnknown, failureKind, nodeBusy } from './failures.js';
import type { IndexKeeper } from './index-keeper.js';
import { PackReader } from './pack-reader.js';
import type { ChunkEntry, DamagedChunk, StoredChunk } from './types.js';

/** Bytes read from the store, in a lent buffer: call `release` when they were used. */
export interface ChunkBytes {
  readonly bytes: Uint8Array;
  readonly release: () => void;
}

/** Whole leaves of a chunk, and what ties them to its id. */
export interface ChunkRange extends ChunkBytes {
  readonly chunkLengthBytes: number;
  readonly firstLeaf: number;
  readonly proof: Uint8Array;
}

export interface ChunkReaderParts {
  readonly files: ChunkFiles;
  readonly packs: PackReader;
  readonly index: IndexKeeper;
  readonly damage: DamageList;
  readonly buffers: ChunkBufferPool;
  readonly hasher: Hasher;
  readonly clock: Clock;
}

type Reading = 'whole' | DamagedChunk['reason'];

/** Reads chunks, for those who hold them, and remembers what it finds damaged. Hashes only in `verify`. */
export class ChunkReader {
  readonly #parts: ChunkReaderParts;

  constructor(parts: ChunkReaderParts) {
    this.#parts = parts;
  }

  /** The whole chunk. Errors: CHUNK_UNKNOWN, CHUNK_DAMAGED, UNAVAILABLE, CANCELLED. */
  async read(origin: MemberId, chunkId: ChunkId, signal: AbortSignal): Promise<ChunkBytes> {
    const chunk = await this.#held(origin, chunkId);
    const lease = await this.#parts.buffers.acquire(chunk.lengthBytes, signal);
    try {
      const start = await this.#readInto(chunkId, chunk, lease.buffer);
      return { bytes: lease.buffer.subarray(start, start + chunk.lengthBytes), release: lease.release };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** The leaves that cover `bytes` (at least 1) from `offset` on, cut at the chunk's end. Errors: as `read`; REQUEST_INVALID. */
  async readRange(origin: MemberId, chunkId: ChunkId, offset: number, bytes: number, signal: AbortSignal): Promise<ChunkRange> {
    const { buffers, files, hasher } = this.#parts;
    const chunk = await this.#held(origin, chunkId);
    const within =
      Number.isSafeInteger(offset) && Number.isSafeInteger(bytes) && offset >= 0 && offset < chunk.lengthBytes && bytes > 0;
    if (!within)
      throw new CollectiveError(
        'REQUEST_INVALID',
        `Chunk ${chunkId} has ${chunk.lengthBytes} bytes: no range begins at ${offset}.`,
      );
    const covered = leavesCovering(chunk.lengthBytes, offset, Math.min(bytes, chunk.lengthBytes - offset));
    if (chunk.location.kind === 'pack') {
      const whole = await this.read(origin, chunkId, signal);
      return { ...whole, chunkLengthBytes: chunk.lengthBytes, firstLeaf: 0, proof: new Uint8Array(0) };
    }
    const lease = await buffers.acquire(covered.bytes, signal);
    try {
      const run = lease.buffer.subarray(0, covered.bytes);
      const reading = await orUnreadable(() => files.readRun(chunkId, chunk.lengthBytes, covered.offset, run));
      if (reading === 'unreadable' || reading.kind !== 'whole') {
        throw await this.#damaged(chunkId, reading === 'unreadable' ? reading : reading.kind);
      }
      const proof = proveRange(hasher, reading.footer.leafHashes, covered.firstLeaf, covered.leaves);
      return { bytes: run, release: lease.release, chunkLengthBytes: chunk.lengthBytes, firstLeaf: covered.firstLeaf, proof };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** Which of these the origin holds (`by`: by this upload), with bytes that are not known to be damaged. */
  async held(origin: MemberId, entries: readonly ChunkEntry[], by?: UploadId): Promise<readonly boolean[]> {
    const { index, damage } = this.#parts;
    const found = await index.use((rows) =>
      rows.held(
        origin,
        entries.map((entry) => entry.chunkId),
      ),
    );
    const answers: boolean[] = [];
    for (const [at, { chunkId, lengthBytes }] of entries.entries()) {
      const { hold, chunk } = found[at] ?? {};
      const held = hold !== undefined && chunk?.lengthBytes === lengthBytes && (by === undefined || hold.uploadId === by);
      answers.push(held && (await this.#looksWhole(chunkId, chunk)) && damage.get(chunkId) === undefined);
    }
    return answers;
  }

  /** Re-reads and re-hashes a chunk, whoever holds it; remembers damage, or forgets it. Undefined if it is not stored. */
  async verify(chunkId: ChunkId, signal: AbortSignal): Promise<Reading | undefined> {
    const [chunk] = await this.#parts.index.use((rows) => rows.chunks([chunkId]));
    if (chunk === undefined) return undefined;
    const reading = await this.#rehash(chunkId, chunk, signal);
    if (reading === 'whole') await this.#parts.damage.remove([chunkId]);
    else await this.#damaged(chunkId, reading);
    return reading;
  }

  /** Whether the bytes at that place are the chunk's. */
  async isWhole(chunkId: ChunkId, chunk: StoredChunk, signal: AbortSignal): Promise<boolean> {
    return (await this.#rehash(chunkId, chunk, signal)) === 'whole';
  }

  async #rehash(chunkId: ChunkId, chunk: StoredChunk, signal: AbortSignal): Promise<Reading> {
    const { buffers, hasher } = this.#parts;
    const lease = await buffers.acquire(chunk.lengthBytes, signal);
    try {
      const reading = await this.#readRaw(chunkId, chunk, lease.buffer);
      if (reading !== 'whole') return reading;
      const start = startOf(chunk);
      return chunkIdOf(hasher, lease.buffer.subarray(start, start + chunk.lengthBytes)) === chunkId ? 'whole' : 'altered';
    } finally {
      lease.release();
    }
  }

  /** Whether exactly these bytes are stored. */
  async holdsBytes(chunkId: ChunkId, chunk: StoredChunk, bytes: Uint8Array): Promise<boolean> {
    const copy = new Uint8Array(chunk.lengthBytes + 2 * 4096);
    const reading = await this.#readRaw(chunkId, chunk, copy);
    const start = startOf(chunk);
    return reading === 'whole' && Buffer.compare(copy.subarray(start, start + chunk.lengthBytes), bytes) === 0;
  }

  async #held(origin: MemberId, chunkId: ChunkId): Promise<StoredChunk> {
    const [found] = await this.#parts.index.use((rows) => rows.held(origin, [chunkId]));
    if (found?.hold === undefined || found.chunk === undefined) throw chunkUnknown(chunkId);
    const damaged = this.#parts.damage.get(chunkId);
    if (damaged !== undefined) throw chunkDamaged(chunkId, damaged.reason);
    return found.chunk;
  }

  async #readInto(chunkId: ChunkId, chunk: StoredChunk, buffer: Uint8Array): Promise<number> {
    const reading = await this.#readRaw(chunkId, chunk, buffer);
    if (reading !== 'whole') throw await this.#damaged(chunkId, reading);
    return startOf(chunk);
  }

  async #readRaw(chunkId: ChunkId, chunk: StoredChunk, buffer: Uint8Array): Promise<Reading> {
    const { files, packs } = this.#parts;
    const { location, lengthBytes } = chunk;
    return orUnreadable(async () => {
      if (location.kind === 'pack') return packs.read(chunkId, lengthBytes, location.pack, location.offset, buffer);
      return (await files.readWhole(chunkId, lengthBytes, buffer)).kind;
    });
  }

  async #damaged(chunkId: ChunkId, reason: DamagedChunk['reason']): Promise<Error> {
    await this.#parts.damage.add({ chunkId, reason, foundAtMs: this.#parts.clock.nowMs() });
    return chunkDamaged(chunkId, reason);
  }

  async #looksWhole(chunkId: ChunkId, chunk: StoredChunk): Promise<boolean> {
    if (chunk.location.kind === 'pack') return true;
    const whole = await orUnreadable(() => this.#parts.files.looksWhole(chunkId, chunk.lengthBytes));
    if (whole !== true) await this.#damaged(chunkId, whole === false ? 'missing' : whole);
    return whole === true;
  }
}

const startOf = (chunk: StoredChunk): number => (chunk.location.kind === 'pack' ? PackReader.dataOffset : 0);

async function orUnreadable<Value>(read: () => Promise<Value>): Promise<Value | 'unreadable'> {
  try {
    return await read();
  } catch (error) {
    if (failureKind(error) === 'busy') throw nodeBusy(error);
    if (!isFileSystemError(error)) throw error;
    return 'unreadable';
  }
}
