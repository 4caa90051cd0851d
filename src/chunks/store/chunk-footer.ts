import { crc32 } from 'node:zlib';
import { type ChunkId, LIMITS, type MemberId, utf8 } from '../../base/index.js';
import { chunkIdBytes, chunkIdFromBytes, HASH_BYTES, leafCount } from '../tree-hash.js';
import { CHUNK_ID_BYTES, LayoutReader, LayoutWriter, MEMBER_ID_BYTES, memberIdBytes, memberIdFromBytes } from './binary.js';
import { PAGE_BYTES } from './layout.js';

/** The last page of a chunk's file: it says what the file is, so that nothing but the file is needed to use it. */
export interface ChunkFooter {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
  /** For whom the bytes were first received. */
  readonly origin: MemberId;
  /** 32 bytes a leaf. */
  readonly leafHashes: Uint8Array;
}

const MAGIC = utf8('CLCHUNK1');
const LEAVES_OFFSET = 128;
const CRC_OFFSET = PAGE_BYTES - 4;

/** Fills a page: magic (8), chunk id (33), length (u32), origin (32), zeros, leaf hashes from 128 on, CRC-32 of all before it. */
export function encodeFooter(page: Uint8Array, footer: ChunkFooter): void {
  page.fill(0);
  new LayoutWriter(page)
    .bytes(MAGIC)
    .bytes(chunkIdBytes(footer.chunkId))
    .uint32(footer.lengthBytes)
    .bytes(memberIdBytes(footer.origin));
  page.set(footer.leafHashes, LEAVES_OFFSET);
  new LayoutWriter(page, CRC_OFFSET).uint32(crc32(page.subarray(0, CRC_OFFSET)));
}

/** Undefined unless the page is an undamaged footer. */
export function decodeFooter(page: Uint8Array): ChunkFooter | undefined {
  if (page.length !== PAGE_BYTES) return undefined;
  if (new LayoutReader(page, CRC_OFFSET).uint32() !== crc32(page.subarray(0, CRC_OFFSET))) return undefined;
  if (MAGIC.some((byte, index) => page[index] !== byte)) return undefined;
  const reader = new LayoutReader(page, MAGIC.length);
  const chunkId = chunkIdFromBytes(reader.bytes(CHUNK_ID_BYTES));
  const lengthBytes = reader.uint32();
  const origin = memberIdFromBytes(reader.bytes(MEMBER_ID_BYTES));
  if (chunkId === undefined || lengthBytes === 0 || lengthBytes > LIMITS.chunkBytesLarge) return undefined;
  const leafHashes = page.slice(LEAVES_OFFSET, LEAVES_OFFSET + leafCount(lengthBytes) * HASH_BYTES);
  return { chunkId, lengthBytes, origin, leafHashes };
}
