import { crc32 } from 'node:zlib';
import { type ChunkId, LIMITS, type MemberId, utf8 } from '../../base/index.js';
import { chunkIdBytes, chunkIdFromBytes } from '../tree-hash.js';
import { CHUNK_ID_BYTES, LayoutReader, LayoutWriter, MEMBER_ID_BYTES, memberIdBytes, memberIdFromBytes } from './binary.js';
import { PAGE_BYTES } from './layout.js';

/** Stands before a chunk's bytes in a pack. */
export interface PackRecord {
  readonly chunkId: ChunkId;
  readonly lengthBytes: number;
  /** For whom the bytes were first received. */
  readonly origin: MemberId;
}

/** Magic (u32), chunk id (33), length (u32), origin (32), zeros (3), CRC-32 of these (u32). */
export const RECORD_HEADER_BYTES = 80;
const RECORD_MAGIC = 0x434c_5052;
const RECORD_CRC_OFFSET = RECORD_HEADER_BYTES - 4;
const PACK_MAGIC = utf8('CLPACK01');
const PACK_HEADER_CRC_OFFSET = PACK_MAGIC.length + 4;

export function encodeRecordHeader(target: Uint8Array, offset: number, record: PackRecord): void {
  const header = target.subarray(offset, offset + RECORD_HEADER_BYTES);
  header.fill(0);
  new LayoutWriter(header)
    .uint32(RECORD_MAGIC)
    .bytes(chunkIdBytes(record.chunkId))
    .uint32(record.lengthBytes)
    .bytes(memberIdBytes(record.origin));
  new LayoutWriter(header, RECORD_CRC_OFFSET).uint32(crc32(header.subarray(0, RECORD_CRC_OFFSET)));
}

/** Undefined unless an undamaged header stands at `offset`. */
export function decodeRecordHeader(bytes: Uint8Array, offset: number): PackRecord | undefined {
  if (offset + RECORD_HEADER_BYTES > bytes.length) return undefined;
  const header = bytes.subarray(offset, offset + RECORD_HEADER_BYTES);
  const reader = new LayoutReader(header);
  if (reader.uint32() !== RECORD_MAGIC) return undefined;
  if (new LayoutReader(header, RECORD_CRC_OFFSET).uint32() !== crc32(header.subarray(0, RECORD_CRC_OFFSET))) return undefined;
  const chunkId = chunkIdFromBytes(reader.bytes(CHUNK_ID_BYTES));
  const lengthBytes = reader.uint32();
  if (chunkId === undefined || lengthBytes === 0 || lengthBytes > LIMITS.chunkBytesSmall) return undefined;
  return { chunkId, lengthBytes, origin: memberIdFromBytes(reader.bytes(MEMBER_ID_BYTES)) };
}

/** First page of a pack: magic (8), its number (u32), CRC-32 of these, zeros. */
export function encodePackHeader(page: Uint8Array, pack: number): void {
  page.fill(0, 0, PAGE_BYTES);
  new LayoutWriter(page)
    .bytes(PACK_MAGIC)
    .uint32(pack)
    .uint32(crc32(concatHeader(pack)));
}

export function isPackHeader(page: Uint8Array, pack: number): boolean {
  if (page.length < PACK_HEADER_CRC_OFFSET + 4) return false;
  const reader = new LayoutReader(page, PACK_MAGIC.length);
  return (
    reader.uint32() === pack && reader.uint32() === crc32(concatHeader(pack)) && PACK_MAGIC.every((byte, at) => page[at] === byte)
  );
}

function concatHeader(pack: number): Uint8Array {
  const bytes = new Uint8Array(PACK_HEADER_CRC_OFFSET);
  new LayoutWriter(bytes).bytes(PACK_MAGIC).uint32(pack);
  return bytes;
}
