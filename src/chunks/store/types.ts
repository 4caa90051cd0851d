import type { ChunkId, MemberId, UploadId } from '../../base/index.js';

/** A chunk as lists name it. */
export interface ChunkEntry {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
}

/** Where a chunk's bytes lie: in a file of their own, or in a record of a pack. */
export type ChunkLocation = { readonly kind: 'file' } | { readonly kind: 'pack'; readonly pack: number; readonly offset: number };

/** A stored chunk, whoever holds it. */
export interface StoredChunk {
  readonly lengthBytes: number;
  readonly location: ChunkLocation;
}

/** The promise to keep a chunk for an origin's upload. */
export interface Hold {
  readonly uploadId: UploadId;
  readonly expiresAtMs: number;
}

/** A hold and what it is about, as the journal keeps it. */
export interface HoldRecord extends Hold, StoredChunk {
  readonly origin: MemberId;
  readonly chunkId: ChunkId;
}

/** A damaged chunk, as status reports it. */
export interface DamagedChunk {
  readonly chunkId: ChunkId;
  readonly reason: 'missing' | 'truncated' | 'altered' | 'unreadable';
  readonly foundAtMs: number;
}
