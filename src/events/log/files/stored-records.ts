import { concatBytes, crc32, equalBytes, toBase32, uint32Bytes, uint64Bytes, utf8, type MemberId } from '../../../base/index.js';
import { ByteCursor, originBytes } from '../../chain/index.js';
import { WireProblem } from '../../codec/index.js';

const FORMAT_VERSION = 1;
export const VERSION_BYTES = new Uint8Array([0, FORMAT_VERSION, 0, 0]);
const CRC_BYTES = 4;

const IDENTITY_MAGIC = utf8('CLID');
const HEAD_MAGIC = utf8('CLHD');
const SEGMENT_MAGIC = utf8('CLSG');

export const IDENTITY_BYTES = 96;
export const HEAD_BYTES = 128;
export const SEGMENT_HEADER_BYTES = 64;

export interface LogIdentity {
  readonly origin: MemberId;
  /** SPKI DER of the log key, 44 bytes. */
  readonly publicKey: Uint8Array;
}

/** How far a log is written: the last block, and where it lies. */
export interface Tail {
  readonly epoch: number;
  /** Of the last event; 0 for an empty log. */
  readonly sequence: number;
  readonly headerHash: Uint8Array;
  readonly timeMs: number;
  /** First sequence of the segment that holds the last block; 0 for an empty log, as the offsets are. */
  readonly segment: number;
  readonly blockOffset: number;
  readonly endOffset: number;
}

export interface HeadRecord extends Tail {
  readonly origin: MemberId;
  /** Counts HEAD writes: the larger one is the newer. */
  readonly generation: number;
}

export interface SegmentHeader {
  readonly origin: MemberId;
  readonly epoch: number;
  readonly firstSequence: number;
}

export const encodeIdentity = ({ origin, publicKey }: LogIdentity): Uint8Array =>
  withCrc([IDENTITY_MAGIC, VERSION_BYTES, originBytes(origin), publicKey, new Uint8Array(8)]);

/** Throws WireProblem. */
export function decodeIdentity(bytes: Uint8Array): LogIdentity {
  const cursor = checked(bytes, IDENTITY_BYTES, IDENTITY_MAGIC);
  const identity = { origin: originOf(cursor), publicKey: new Uint8Array(cursor.bytes(44)) };
  checkReserved(cursor, 8);
  return identity;
}

export const encodeHead = (head: HeadRecord): Uint8Array =>
  withCrc([
    HEAD_MAGIC,
    VERSION_BYTES,
    originBytes(head.origin),
    uint64Bytes(head.generation),
    uint64Bytes(head.epoch),
    uint64Bytes(head.sequence),
    head.headerHash,
    uint64Bytes(head.timeMs),
    uint64Bytes(head.segment),
    uint32Bytes(head.blockOffset),
    uint32Bytes(head.endOffset),
    new Uint8Array(4),
  ]);

/** Throws WireProblem. */
export function decodeHead(bytes: Uint8Array): HeadRecord {
  const cursor = checked(bytes, HEAD_BYTES, HEAD_MAGIC);
  const head = {
    origin: originOf(cursor),
    generation: cursor.uint64(),
    epoch: cursor.uint64(),
    sequence: cursor.uint64(),
    headerHash: new Uint8Array(cursor.bytes(32)),
    timeMs: cursor.uint64(),
    segment: cursor.uint64(),
    blockOffset: cursor.uint32(),
    endOffset: cursor.uint32(),
  };
  checkReserved(cursor, 4);
  return head;
}

export const encodeSegmentHeader = ({ origin, epoch, firstSequence }: SegmentHeader): Uint8Array =>
  withCrc([SEGMENT_MAGIC, VERSION_BYTES, originBytes(origin), uint64Bytes(epoch), uint64Bytes(firstSequence), new Uint8Array(4)]);

/** Throws WireProblem. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader {
  const cursor = checked(bytes, SEGMENT_HEADER_BYTES, SEGMENT_MAGIC);
  const header = { origin: originOf(cursor), epoch: cursor.uint64(), firstSequence: cursor.uint64() };
  checkReserved(cursor, 4);
  return header;
}

export const originOf = (cursor: ByteCursor): MemberId => toBase32(cursor.bytes(32)) as MemberId;

export function withCrc(parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(parts);
  return concatBytes([content, uint32Bytes(crc32(content))]);
}

/** A cursor behind magic and version. Throws WireProblem. */
function checked(bytes: Uint8Array, length: number, magic: Uint8Array): ByteCursor {
  if (bytes.length !== length) throw new WireProblem(`it has ${bytes.length} bytes, not ${length}`);
  return uncheckedLength(bytes, magic);
}

/** As `checked`, for a file whose length follows from its content. */
export function uncheckedLength(bytes: Uint8Array, magic: Uint8Array): ByteCursor {
  const content = bytes.subarray(0, Math.max(0, bytes.length - CRC_BYTES));
  if (!equalBytes(bytes.subarray(content.length), uint32Bytes(crc32(content)))) {
    throw new WireProblem('it does not match its checksum');
  }
  const cursor = new ByteCursor(content);
  if (!equalBytes(cursor.bytes(4), magic)) throw new WireProblem('it is another kind of file');
  const version = cursor.uint16();
  if (version !== FORMAT_VERSION) throw new WireProblem(`its format version ${version} is not known`);
  checkReserved(cursor, 2);
  return cursor;
}

function checkReserved(cursor: ByteCursor, count: number): void {
  if (cursor.bytes(count).some((byte) => byte !== 0)) throw new WireProblem('reserved bytes are in use');
}
