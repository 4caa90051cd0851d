import { type ChunkId, LIMITS } from '../../base/index.js';
import type { FileHandle, FileSystem, Logger } from '../../ports/index.js';
import { isMissing } from './failures.js';
import { PAGE_BYTES, type StoreLayout } from './layout.js';
import { decodeRecordHeader, RECORD_HEADER_BYTES, type PackRecord } from './pack-record.js';

export type PackReading = 'whole' | 'missing' | 'truncated' | 'altered';

interface CachedPack {
  readonly handle: Promise<FileHandle>;
  users: number;
  evicted: boolean;
}

/** Reads chunks out of packs; keeps the packs read last open. */
export class PackReader {
  readonly #fileSystem: FileSystem;
  readonly #layout: StoreLayout;
  readonly #logger: Logger;
  /** In the order of last use. */
  readonly #open = new Map<number, CachedPack>();

  constructor(fileSystem: FileSystem, layout: StoreLayout, logger: Logger) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#logger = logger;
  }

  /**
   * Reads a record into `buffer`, which has room for a page more than the chunk. The chunk's bytes are then at `dataOffset`;
   * they are not hashed: only the header and the length are checked.
   */
  async read(chunkId: ChunkId, lengthBytes: number, pack: number, offset: number, buffer: Uint8Array): Promise<PackReading> {
    const bytes = RECORD_HEADER_BYTES + lengthBytes;
    const read = await this.#withPack(pack, (handle) => handle.read(buffer.subarray(0, bytes), offset));
    if (read === undefined) return 'missing';
    if (read < bytes) return 'truncated';
    const header = decodeRecordHeader(buffer, 0);
    return header?.chunkId === chunkId && header.lengthBytes === lengthBytes ? 'whole' : 'altered';
  }

  /** Where `read` leaves the chunk's first byte. */
  static readonly dataOffset = RECORD_HEADER_BYTES;

  /**
   * Every undamaged record header of a pack, in order, with its place: by walking from record to record, and going on at
   * the next page where there is none. For recovery; reads the whole pack.
   */
  async *records(pack: number): AsyncGenerator<PackRecord & { readonly offset: number }, void> {
    const window = new Uint8Array(2 * LIMITS.packBatchBytes);
    let windowStart = 0;
    let windowBytes = 0;
    for (let offset = PAGE_BYTES; ; ) {
      if (offset < windowStart || offset + RECORD_HEADER_BYTES > windowStart + windowBytes) {
        windowStart = offset;
        windowBytes = (await this.#withPack(pack, (handle) => handle.read(window, offset))) ?? 0;
        if (windowBytes < RECORD_HEADER_BYTES) return;
      }
      const record = decodeRecordHeader(window.subarray(0, windowBytes), offset - windowStart);
      if (record !== undefined) yield { ...record, offset };
      offset = record === undefined ? nextPage(offset) : offset + RECORD_HEADER_BYTES + record.lengthBytes;
    }
  }

  async close(): Promise<void> {
    for (const [pack, cached] of this.#open) {
      this.#open.delete(pack);
      await this.#evict(pack, cached);
    }
  }

  async #withPack(pack: number, read: (handle: FileHandle) => Promise<number>): Promise<number | undefined> {
    const cached = this.#take(pack);
    cached.users += 1;
    try {
      return await read(await cached.handle);
    } catch (error) {
      if (this.#open.get(pack) === cached) this.#open.delete(pack);
      cached.evicted = true;
      if (isMissing(error)) return undefined;
      throw error;
    } finally {
      cached.users -= 1;
      if (cached.evicted && cached.users === 0) await this.#closeHandle(pack, cached);
    }
  }

  #take(pack: number): CachedPack {
    const found = this.#open.get(pack);
    const cached = found ?? { handle: this.#fileSystem.open(this.#layout.packFile(pack), 'read'), users: 0, evicted: false };
    this.#open.delete(pack);
    this.#open.set(pack, cached);
    const [oldest] = this.#open;
    if (this.#open.size > LIMITS.packOpenFiles && oldest !== undefined) {
      this.#open.delete(oldest[0]);
      oldest[1].evicted = true;
      if (oldest[1].users === 0) this.#evictLater(...oldest);
    }
    return cached;
  }

  #evictLater(pack: number, cached: CachedPack): void {
    this.#evict(pack, cached).catch((error: unknown) => this.#logger.warn('a pack could not be closed', { pack, error }));
  }

  async #evict(pack: number, cached: CachedPack): Promise<void> {
    cached.evicted = true;
    if (cached.users === 0) await this.#closeHandle(pack, cached);
  }

  async #closeHandle(pack: number, cached: CachedPack): Promise<void> {
    const [opened] = await Promise.allSettled([cached.handle]);
    if (opened.status === 'rejected') return;
    try {
      await opened.value.close();
    } catch (error) {
      this.#logger.warn('a pack could not be closed', { pack, error });
    }
  }
}

const nextPage = (offset: number): number => (Math.floor(offset / PAGE_BYTES) + 1) * PAGE_BYTES;
