import { crc32 } from 'node:zlib';
import { type ChunkId, LIMITS, utf8 } from '../../base/index.js';
import { chunkIdBytes, chunkIdFromBytes } from '../tree-hash.js';
import {
  CHUNK_ID_BYTES,
  LayoutReader,
  LayoutWriter,
  MEMBER_ID_BYTES,
  memberIdBytes,
  memberIdFromBytes,
  UPLOAD_ID_BYTES,
  uploadIdBytes,
  uploadIdFromBytes,
} from './binary.js';
import { PAGE_BYTES } from './layout.js';
import type { HoldRecord } from './types.js';

const SEGMENT_MAGIC = utf8('CLJOURN1');
const GROUP_MAGIC = 0x434c_4a47;
const TYPE_HOLD = 1;
const IN_OWN_FILE = 0;

export const GROUP_HEADER_BYTES = 32;
/** Type (u8), version (u8), payload length (u16), payload, CRC-32 of all these (u32). */
const RECORD_PREFIX_BYTES = 4;
/** Origin, chunk id, length (u32), upload, expiry (u64), pack (u32; 0: own file), offset (u32). */
const HOLD_PAYLOAD_BYTES = MEMBER_ID_BYTES + CHUNK_ID_BYTES + 4 + UPLOAD_ID_BYTES + 8 + 4 + 4;
export const RECORD_BYTES = RECORD_PREFIX_BYTES + HOLD_PAYLOAD_BYTES + 4;

export interface SegmentHeader {
  readonly segment: number;
  /** Number of its first group; groups so numbered or higher in segments before it were abandoned. */
  readonly firstGroup: number;
}

/** First page of a segment: magic (8), segment number (u32), first group (u64), CRC-32 of these, zeros. */
export function encodeSegmentHeader(page: Uint8Array, header: SegmentHeader): void {
  page.fill(0, 0, PAGE_BYTES);
  const end = new LayoutWriter(page).bytes(SEGMENT_MAGIC).uint32(header.segment).uint64(header.firstGroup).offset;
  new LayoutWriter(page, end).uint32(crc32(page.subarray(0, end)));
}

export function decodeSegmentHeader(page: Uint8Array): SegmentHeader | undefined {
  const end = SEGMENT_MAGIC.length + 12;
  if (page.length < end + 4 || SEGMENT_MAGIC.some((byte, index) => page[index] !== byte)) return undefined;
  const reader = new LayoutReader(page, SEGMENT_MAGIC.length);
  const header = { segment: reader.uint32(), firstGroup: reader.uint64() };
  return reader.uint32() === crc32(page.subarray(0, end)) ? header : undefined;
}

export interface GroupHeader {
  readonly segment: number;
  readonly group: number;
  readonly records: number;
  readonly bytes: number;
  readonly bodyCrc: number;
}

/** Writes a group to the start of `target` and answers its length: a header, then the records. */
export function encodeGroup(target: Uint8Array, segment: number, group: number, records: readonly HoldRecord[]): number {
  let end = GROUP_HEADER_BYTES;
  for (const record of records) end = encodeRecord(target, end, record);
  new LayoutWriter(target)
    .uint32(GROUP_MAGIC)
    .uint32(segment)
    .uint64(group)
    .uint32(records.length)
    .uint32(end - GROUP_HEADER_BYTES)
    .uint32(crc32(target.subarray(GROUP_HEADER_BYTES, end)));
  new LayoutWriter(target, GROUP_HEADER_BYTES - 4).uint32(crc32(target.subarray(0, GROUP_HEADER_BYTES - 4)));
  return end;
}

/** Undefined unless an undamaged group header of that segment stands at the start of `bytes`. */
export function decodeGroupHeader(bytes: Uint8Array, segment: number): GroupHeader | undefined {
  if (bytes.length < GROUP_HEADER_BYTES) return undefined;
  const reader = new LayoutReader(bytes);
  if (reader.uint32() !== GROUP_MAGIC) return undefined;
  const header = {
    segment: reader.uint32(),
    group: reader.uint64(),
    records: reader.uint32(),
    bytes: reader.uint32(),
    bodyCrc: reader.uint32(),
  };
  if (reader.uint32() !== crc32(bytes.subarray(0, GROUP_HEADER_BYTES - 4))) return undefined;
  return header.segment === segment && header.bytes <= LIMITS.journalGroupRecords * RECORD_BYTES ? header : undefined;
}

/** The undamaged records of a group's body, in order, and whether that was all of it. */
export function decodeGroupBody(
  header: GroupHeader,
  body: Uint8Array,
): { readonly records: readonly HoldRecord[]; readonly whole: boolean } {
  const whole = body.length === header.bytes && crc32(body) === header.bodyCrc;
  const records: HoldRecord[] = [];
  let offset = 0;
  while (offset + RECORD_PREFIX_BYTES + 4 <= body.length) {
    const payloadBytes = new LayoutReader(body, offset + 2).uint16();
    const end = offset + RECORD_PREFIX_BYTES + payloadBytes + 4;
    if (end > body.length) break;
    const record = decodeRecord(body.subarray(offset, end));
    if (record !== undefined) records.push(record);
    offset = end;
  }
  return { records, whole: whole && records.length === header.records };
}

function encodeRecord(target: Uint8Array, start: number, record: HoldRecord): number {
  const { location } = record;
  const end = new LayoutWriter(target, start)
    .uint8(TYPE_HOLD)
    .uint8(1)
    .uint16(HOLD_PAYLOAD_BYTES)
    .bytes(memberIdBytes(record.origin))
    .bytes(chunkIdBytes(record.chunkId))
    .uint32(record.lengthBytes)
    .bytes(uploadIdBytes(record.uploadId))
    .uint64(record.expiresAtMs)
    .uint32(location.kind === 'file' ? IN_OWN_FILE : location.pack)
    .uint32(location.kind === 'file' ? 0 : location.offset).offset;
  return new LayoutWriter(target, end).uint32(crc32(target.subarray(start, end))).offset;
}

function decodeRecord(bytes: Uint8Array): HoldRecord | undefined {
  const crcOffset = bytes.length - 4;
  if (new LayoutReader(bytes, crcOffset).uint32() !== crc32(bytes.subarray(0, crcOffset))) return undefined;
  const reader = new LayoutReader(bytes);
  const known = reader.uint8() === TYPE_HOLD && reader.uint8() === 1 && reader.uint16() === HOLD_PAYLOAD_BYTES;
  if (!known) return undefined;
  const origin = memberIdFromBytes(reader.bytes(MEMBER_ID_BYTES));
  const chunkId: ChunkId | undefined = chunkIdFromBytes(reader.bytes(CHUNK_ID_BYTES));
  const lengthBytes = reader.uint32();
  const uploadId = uploadIdFromBytes(reader.bytes(UPLOAD_ID_BYTES));
  const expiresAtMs = reader.uint64();
  const pack = reader.uint32();
  const offset = reader.uint32();
  if (chunkId === undefined || lengthBytes === 0 || lengthBytes > LIMITS.chunkBytesLarge) return undefined;
  const location = pack === IN_OWN_FILE ? ({ kind: 'file' } as const) : ({ kind: 'pack', pack, offset } as const);
  return { origin, chunkId, lengthBytes, uploadId, expiresAtMs, location };
}
