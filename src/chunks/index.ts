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
export {
  chunkIdBytes,
  chunkIdFromBytes,
  chunkIdOf,
  chunkIdOfLeaves,
  HASH_BYTES,
  leafCount,
  leafHash,
  leafHashes,
} from './tree-hash.js';
