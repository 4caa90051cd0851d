export { LeafReceiver } from './leaf-hashing.js';
export {
  leafRange,
  leavesCovering,
  proofHashCount,
  proveRange,
  verifyLeaves,
  verifyRange,
  type LeafRange,
  type RangeClaim,
} from './range-proof.js';
export { chunkBytesAfter, chunkBytesFor, isAllZero, splitFile, type FileRun } from './splitting.js';
export { ChunkBufferPool, type BufferLease } from './store/buffer-pool.js';
export type { ChunkBytes, ChunkRange } from './store/chunk-reader.js';
export { ChunkStore } from './store/chunk-store.js';
export type { HoldRequest } from './store/committer.js';
export { createChunkStore } from './store/create-store.js';
export type { InventoryEntry } from './store/hold-index.js';
export { IncomingChunk, type Arrival } from './store/incoming-chunk.js';
export { openChunkStore } from './store/open-store.js';
export type { ChunkStoreOptions, ChunkStoreStatus } from './store/store-options.js';
export type { ChunkEntry, DamagedChunk, Hold } from './store/types.js';
export {
  chunkIdBytes,
  chunkIdFromBytes,
  chunkIdOf,
  chunkIdOfLeaves,
  chunkIdOfOwned,
  HASH_BYTES,
  leafCount,
  leafHash,
  leafHashes,
} from './tree-hash.js';
