import { assert, uint32Bytes, utf8, type ChunkId } from '../base/index.js';
import type { Hasher } from '../ports/index.js';

export interface ListedChunk {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
}

const DOMAIN = utf8('collective/chunk-list/v1\0');
const CHUNK_ID_BYTES = 33;
const ENTRY_BYTES = CHUNK_ID_BYTES + 4;

/**
 * SHA-256 over a list of chunks in this order, as read tickets and receipts name it: domain string, count (u32), then for each
 * its id (33 bytes) and length (u32).
 */
export function chunkListDigest(chunks: readonly ListedChunk[], hasher: Hasher): Uint8Array {
  const entries = new Uint8Array(chunks.length * ENTRY_BYTES);
  const view = new DataView(entries.buffer);
  chunks.forEach(({ chunkId, lengthBytes }, index) => {
    assert(chunkId.length === CHUNK_ID_BYTES * 2, 'a chunk id has 66 digits');
    assert(Number.isInteger(lengthBytes) && lengthBytes >= 0 && lengthBytes <= 0xffff_ffff, 'a chunk length is a u32');
    const start = index * ENTRY_BYTES;
    for (let byte = 0; byte < CHUNK_ID_BYTES; byte += 1) {
      entries[start + byte] = (digit(chunkId.charCodeAt(byte * 2)) << 4) | digit(chunkId.charCodeAt(byte * 2 + 1));
    }
    view.setUint32(start + CHUNK_ID_BYTES, lengthBytes);
  });
  return hasher.sha256(DOMAIN, uint32Bytes(chunks.length), entries);
}

// '0' to '9' are 48 to 57, 'a' to 'f' are 97 to 102.
const digit = (code: number): number => (code >= 97 ? code - 87 : code - 48);
