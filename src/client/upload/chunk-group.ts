import { LIMITS } from '../../base/index.js';
import type { Lease } from '../flow/chunk-arena.js';
import type { ChunkEntry } from '../../chunks/index.js';
import type { Extent } from '../../transport/index.js';
import { HOLE, type FileInUpload } from './file-in-upload.js';

/** A chunk whose bytes are in memory until its group is stored. */
export interface LoadedChunk extends ChunkEntry {
  readonly lease: Lease;
}

/** What belongs to one call for places, one round of receipts, and at most one commit. */
export class ChunkGroup {
  readonly chunks = new Map<string, LoadedChunk>();
  readonly extents: { readonly file: FileInUpload; extent: Extent }[] = [];
  readonly finished: FileInUpload[] = [];
  #bytes = 0;
  #pathBytes = 0;

  get empty(): boolean {
    return this.extents.length === 0 && this.finished.length === 0;
  }

  /** Whether it holds parts of files that later groups go on with: those are committed only then. */
  get unfinished(): boolean {
    const finished = new Set(this.finished);
    return this.extents.some(({ file }) => !finished.has(file));
  }

  get full(): boolean {
    return (
      this.#bytes >= LIMITS.uploadGroupBytes ||
      this.chunks.size >= LIMITS.chunksPerCall ||
      this.extents.length >= 2 * LIMITS.chunksPerCall ||
      this.finished.length >= LIMITS.filesPerCommit ||
      this.#pathBytes >= LIMITS.rpcMessageBytes / 4
    );
  }

  /** False when the group has these bytes already: the lease stays with the caller. */
  addChunk(file: FileInUpload, offsetBytes: number, chunk: LoadedChunk): boolean {
    const { chunkId, lengthBytes } = chunk;
    this.extents.push({ file, extent: { offsetBytes, lengthBytes, chunkId } });
    if (this.chunks.has(chunkId)) return false;
    this.chunks.set(chunkId, chunk);
    this.#bytes += lengthBytes;
    return true;
  }

  addHole(file: FileInUpload, offsetBytes: number, lengthBytes: number): void {
    const last = this.extents.at(-1);
    if (last?.file === file && last.extent.chunkId === HOLE) {
      last.extent = { ...last.extent, lengthBytes: last.extent.lengthBytes + lengthBytes };
      return;
    }
    this.extents.push({ file, extent: { offsetBytes, lengthBytes, chunkId: HOLE } });
  }

  finish(file: FileInUpload): void {
    this.finished.push(file);
    this.#pathBytes += Buffer.byteLength(file.path);
  }

  release(): void {
    for (const { lease } of this.chunks.values()) lease.release();
    this.chunks.clear();
  }
}
