import { type ChunkId, LIMITS, type MemberId, type UploadId } from '../../base/index.js';
import type { StoredChunk } from './types.js';

interface Pending extends StoredChunk {
  /** The uploads that sent these bytes, each of its origin. */
  readonly uploads: Set<string>;
  /** The bytes were stored (for somebody else) before. */
  readonly stored: boolean;
}

/**
 * Chunks whose bytes are written and that no hold names yet: what the next receipts may cover. Lost with the process, and
 * forgotten from the oldest on when there are too many; their senders then send again.
 */
export class PendingChunks {
  readonly #chunks = new Map<ChunkId, Pending>();
  readonly #limit: number;
  #newBytes = 0;
  #generation = 0;

  constructor(limit: number = LIMITS.pendingChunks) {
    this.#limit = limit;
  }

  /** Bytes written for chunks that were not stored before. */
  get newBytes(): number {
    return this.#newBytes;
  }

  add(chunkId: ChunkId, chunk: StoredChunk & { readonly stored: boolean }, origin: MemberId, uploadId: UploadId): void {
    const found = this.#chunks.get(chunkId);
    const pending = found ?? { ...chunk, uploads: new Set<string>() };
    pending.uploads.add(`${origin}${uploadId}`);
    if (found !== undefined) return;
    this.#chunks.set(chunkId, pending);
    if (!pending.stored) this.#newBytes += pending.lengthBytes;
    const [oldest] = this.#chunks.keys();
    if (this.#chunks.size > this.#limit && oldest !== undefined) this.#drop(oldest);
  }

  /** The bytes, whoever sent them. */
  find(chunkId: ChunkId): StoredChunk | undefined {
    return this.#chunks.get(chunkId);
  }

  /** The bytes, if this upload sent them. */
  sentBy(chunkId: ChunkId, origin: MemberId, uploadId: UploadId): StoredChunk | undefined {
    const pending = this.#chunks.get(chunkId);
    return pending?.uploads.has(`${origin}${uploadId}`) === true ? pending : undefined;
  }

  /** A durable hold of that upload names the chunk now. */
  settle(chunkId: ChunkId, origin: MemberId, uploadId: UploadId): void {
    const pending = this.#chunks.get(chunkId);
    pending?.uploads.delete(`${origin}${uploadId}`);
    if (pending?.uploads.size === 0) this.#drop(chunkId);
  }

  /** Changes when everything is forgotten: bytes whose writing began before that must not be added after it. */
  get generation(): number {
    return this.#generation;
  }

  /** Forgets everything: after a failed sync none of it may be relied on. */
  clear(): void {
    this.#generation += 1;
    this.#chunks.clear();
    this.#newBytes = 0;
  }

  #drop(chunkId: ChunkId): void {
    const pending = this.#chunks.get(chunkId);
    this.#chunks.delete(chunkId);
    if (pending?.stored === false) this.#newBytes -= pending.lengthBytes;
  }
}
