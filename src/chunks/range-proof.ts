import { concatBytes, LIMITS, type ChunkId } from '../base/index.js';
import type { Hasher } from '../ports/index.js';
import { chunkIdOfTop, HASH_BYTES, leafCount, leafHash, nodeHash, splitPoint, topOf } from './tree-hash.js';

/** Leaves that cover a run of bytes of a chunk. */
export interface LeafRange {
  readonly firstLeaf: number;
  readonly leaves: number;
  /** Where the first of these leaves begins in the chunk. */
  readonly offset: number;
  /** Bytes in these leaves: a multiple of 64 KiB unless the chunk's end is among them. */
  readonly bytes: number;
}

/** The leaves covering `offset` and the `bytes` (at least 1) after it; the run lies within the chunk. */
export function leavesCovering(chunkLength: number, offset: number, bytes: number): LeafRange {
  const firstLeaf = Math.floor(offset / LIMITS.leafBytes);
  const leaves = Math.ceil((offset + bytes) / LIMITS.leafBytes) - firstLeaf;
  return leafRange(chunkLength, firstLeaf, leaves);
}

/** The run of bytes that whole leaves take. */
export function leafRange(chunkLength: number, firstLeaf: number, leaves: number): LeafRange {
  const offset = firstLeaf * LIMITS.leafBytes;
  const end = Math.min((firstLeaf + leaves) * LIMITS.leafBytes, chunkLength);
  return { firstLeaf, leaves, offset, bytes: end - offset };
}

/**
 * The hashes that tie a run of leaves to the chunk's id: of every largest subtree outside the run, in the order of a walk
 * from the top, left before right. 32 bytes each, at most 2 * log2(leaves of the chunk). `hashes` are the chunk's leaf hashes.
 */
export function proveRange(hasher: Hasher, hashes: Uint8Array, firstLeaf: number, leaves: number): Uint8Array {
  const proof: Uint8Array[] = [];
  const walk = (low: number, high: number): void => {
    const within = firstLeaf <= low && high <= firstLeaf + leaves;
    if (within) return;
    if (high <= firstLeaf || firstLeaf + leaves <= low) {
      proof.push(topOf(hasher, hashes.subarray(low * HASH_BYTES, high * HASH_BYTES)));
      return;
    }
    const middle = low + splitPoint(high - low);
    walk(low, middle);
    walk(middle, high);
  };
  walk(0, hashes.length / HASH_BYTES);
  return concatBytes(proof);
}

/** Hashes in the proof of that run: what a receiver expects before it accepts one. */
export function proofHashCount(chunkLength: number, firstLeaf: number, leaves: number): number {
  let count = 0;
  const walk = (low: number, high: number): void => {
    if (firstLeaf <= low && high <= firstLeaf + leaves) return;
    if (high <= firstLeaf || firstLeaf + leaves <= low) {
      count += 1;
      return;
    }
    const middle = low + splitPoint(high - low);
    walk(low, middle);
    walk(middle, high);
  };
  walk(0, leafCount(chunkLength));
  return count;
}

export interface RangeClaim {
  readonly id: ChunkId;
  readonly chunkLength: number;
  readonly firstLeaf: number;
  /** The bytes of whole leaves from `firstLeaf` on. */
  readonly bytes: Uint8Array;
  readonly proof: Uint8Array;
}

/** Whether these bytes stand at that place of the chunk so named. False for any malformed claim; never throws. */
export function verifyRange(hasher: Hasher, claim: RangeClaim): boolean {
  const { bytes } = claim;
  const hashes: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += LIMITS.leafBytes) {
    hashes.push(leafHash(hasher, bytes.subarray(offset, offset + LIMITS.leafBytes)));
  }
  return verifyLeaves(hasher, { ...claim, leafHashes: concatBytes(hashes), byteCount: bytes.length });
}

/** As `verifyRange`, for a receiver that hashed the leaves while they arrived: their hashes and their bytes in all. */
export function verifyLeaves(
  hasher: Hasher,
  claim: Omit<RangeClaim, 'bytes'> & { readonly leafHashes: Uint8Array; readonly byteCount: number },
): boolean {
  const { chunkLength, firstLeaf, proof } = claim;
  const leaves = claim.leafHashes.length / HASH_BYTES;
  const total = leafCount(chunkLength);
  if (!Number.isSafeInteger(chunkLength) || chunkLength < 1 || chunkLength > LIMITS.chunkBytesLarge) return false;
  if (!Number.isSafeInteger(firstLeaf) || firstLeaf < 0 || leaves < 1 || firstLeaf + leaves > total) return false;
  if (claim.byteCount !== leafRange(chunkLength, firstLeaf, leaves).bytes) return false;
  if (proof.length !== proofHashCount(chunkLength, firstLeaf, leaves) * HASH_BYTES) return false;
  let used = 0;
  const walk = (low: number, high: number): Uint8Array => {
    if (high <= firstLeaf || firstLeaf + leaves <= low) {
      used += 1;
      return proof.subarray((used - 1) * HASH_BYTES, used * HASH_BYTES);
    }
    if (high - low === 1) return claim.leafHashes.subarray((low - firstLeaf) * HASH_BYTES, (high - firstLeaf) * HASH_BYTES);
    const middle = low + splitPoint(high - low);
    const left = walk(low, middle);
    return nodeHash(hasher, left, walk(middle, high));
  };
  return chunkIdOfTop(hasher, walk(0, total), chunkLength) === claim.id;
}
