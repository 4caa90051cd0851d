import {
  assert,
  concatBytes,
  equalBytes,
  fromBase32,
  LIMITS,
  toBase32,
  uint32Bytes,
  uint64Bytes,
  utf8,
  type MemberId,
} from '../../base/index.js';
import { WireProblem } from '../codec/index.js';
import { ByteCursor } from './byte-cursor.js';
import type { BlockHeader } from './types.js';

/** What is signed is this and then the header: nothing else that a log key signs begins so. */
export const BLOCK_DOMAIN = utf8('collective/block/v1\0');
export const BLOCK_MAGIC = utf8('CLBK');
const FORMAT_VERSION = 1;
const RESERVED_BYTES = 32;

export const HEADER_BYTES = 192;
export const SIGNATURE_BYTES = 64;
/** Where the body starts. */
export const BODY_OFFSET = HEADER_BYTES + SIGNATURE_BYTES;
/** The header hash that a log's first block names as its previous one. */
export const NO_HASH: Uint8Array = new Uint8Array(32);

export function originBytes(origin: MemberId): Uint8Array {
  const raw = fromBase32(origin);
  assert(raw !== undefined && raw.length === 32, 'a member id is 32 bytes in base32');
  return raw;
}

/** The layout is in docs/log-format.md. */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const bytes = concatBytes([
    BLOCK_MAGIC,
    new Uint8Array([0, FORMAT_VERSION, 0, 0]),
    originBytes(header.origin),
    uint64Bytes(header.epoch),
    uint64Bytes(header.firstSequence),
    uint32Bytes(header.count),
    uint32Bytes(header.bodyBytes),
    uint64Bytes(header.firstTimeMs),
    uint64Bytes(header.lastTimeMs),
    header.previousHeaderHash,
    header.bodyHash,
    header.keyId,
    new Uint8Array(RESERVED_BYTES),
  ]);
  assert(bytes.length === HEADER_BYTES, 'a block header has its fixed length');
  return bytes;
}

/** Byte fields are copies. Throws WireProblem. */
export function decodeHeader(bytes: Uint8Array): BlockHeader {
  const cursor = new ByteCursor(bytes.subarray(0, HEADER_BYTES));
  if (!equalBytes(cursor.bytes(4), BLOCK_MAGIC)) throw new WireProblem('it does not start as a block');
  const version = cursor.uint16();
  if (version !== FORMAT_VERSION) throw new WireProblem(`block format ${version} is not known`);
  if (cursor.uint16() !== 0) throw new WireProblem('reserved bytes are in use');
  const header: BlockHeader = {
    origin: toBase32(cursor.bytes(32)) as MemberId,
    epoch: cursor.uint64(),
    firstSequence: cursor.uint64(),
    count: cursor.uint32(),
    bodyBytes: cursor.uint32(),
    firstTimeMs: cursor.uint64(),
    lastTimeMs: cursor.uint64(),
    previousHeaderHash: new Uint8Array(cursor.bytes(32)),
    bodyHash: new Uint8Array(cursor.bytes(32)),
    keyId: new Uint8Array(cursor.bytes(16)),
  };
  if (cursor.bytes(RESERVED_BYTES).some((byte) => byte !== 0)) throw new WireProblem('reserved bytes are in use');
  checkRanges(header);
  return header;
}

function checkRanges({ epoch, firstSequence, count, bodyBytes }: BlockHeader): void {
  if (epoch < 1) throw new WireProblem('the epoch is 0');
  if (firstSequence < 1 || firstSequence > Number.MAX_SAFE_INTEGER - LIMITS.blockEvents) {
    throw new WireProblem('the sequence is out of range');
  }
  if (count < 1 || count > LIMITS.blockEvents) throw new WireProblem(`${count} events in one block`);
  if (bodyBytes > LIMITS.blockBytes - BODY_OFFSET) throw new WireProblem(`a body of ${bodyBytes} bytes`);
}
