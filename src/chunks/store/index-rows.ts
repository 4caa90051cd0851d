import { crc32 } from 'node:zlib';
import type { ChunkId, MemberId } from '../../base/index.js';
import { chunkIdBytes, chunkIdFromBytes } from '../tree-hash.js';
import {
  CHUNK_ID_BYTES,
  LayoutReader,
  LayoutWriter,
  MEMBER_ID_BYTES,
  memberIdBytes,
  UPLOAD_ID_BYTES,
  uploadIdBytes,
  uploadIdFromBytes,
} from './binary.js';
import type { JournalPosition } from './journal-writer.js';
import type { DamagedChunk, Hold, StoredChunk } from './types.js';

/** First byte of every key. */
export const TABLE = { chunks: 0x63, damage: 0x64, holds: 0x68, state: 0x73 } as const;

export const chunkKey = (chunkId: ChunkId): Uint8Array => key(TABLE.chunks, chunkIdBytes(chunkId));
export const damageKey = (chunkId: ChunkId): Uint8Array => key(TABLE.damage, chunkIdBytes(chunkId));
export const holdKey = (origin: MemberId, chunkId: ChunkId): Uint8Array =>
  key(TABLE.holds, memberIdBytes(origin), chunkIdBytes(chunkId));
export const STATE_KEY = Uint8Array.of(TABLE.state);

/** The chunk id at the end of a key. */
export const chunkIdOfKey = (bytes: Uint8Array): ChunkId | undefined =>
  chunkIdFromBytes(bytes.subarray(bytes.length - CHUNK_ID_BYTES));

/** The first key behind all holds of an origin. */
export function holdsEnd(origin: MemberId): Uint8Array {
  const end = key(TABLE.holds, memberIdBytes(origin));
  for (let at = end.length - 1; at > 0; at -= 1) {
    const byte = end[at] ?? 0;
    end[at] = (byte + 1) & 0xff;
    if (byte !== 0xff) return end;
  }
  return Uint8Array.of(TABLE.holds + 1);
}

export const HOLDS_PREFIX_BYTES = 1 + MEMBER_ID_BYTES;

function key(table: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  new LayoutWriter(bytes).uint8(table);
  let offset = 1;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

const CHUNK_BYTES = 12;
const HOLD_BYTES = UPLOAD_ID_BYTES + 8;
const STATE_BYTES = 56;

/** Every value ends in a CRC-32 over its key and the bytes before: a value under a wrong key is as wrong as a flipped bit. */
function sealed(rowKey: Uint8Array, bytes: number, fill: (writer: LayoutWriter) => void): Uint8Array {
  const value = new Uint8Array(bytes + 4);
  fill(new LayoutWriter(value));
  new LayoutWriter(value, bytes).uint32(checksum(rowKey, value));
  return value;
}

const checksum = (rowKey: Uint8Array, value: Uint8Array): number => crc32(value.subarray(0, value.length - 4), crc32(rowKey));

function unsealed(rowKey: Uint8Array, value: Uint8Array, bytes: number): LayoutReader | undefined {
  if (value.length !== bytes + 4 || rowChecksum(value) !== checksum(rowKey, value)) return undefined;
  return new LayoutReader(value);
}

/** The checksum that a row carries. */
export const rowChecksum = (value: Uint8Array): number =>
  value.length < 4 ? 0 : new LayoutReader(value, value.length - 4).uint32();

/** Whether a row of chunks or holds carries the right checksum. */
export const isIntact = (rowKey: Uint8Array, value: Uint8Array): boolean =>
  value.length >= 4 && rowChecksum(value) === checksum(rowKey, value);

/** Length (u32), pack (u32; 0: own file), offset (u32). */
export function encodeChunk(rowKey: Uint8Array, chunk: StoredChunk): Uint8Array {
  const { location } = chunk;
  return sealed(rowKey, CHUNK_BYTES, (writer) =>
    writer
      .uint32(chunk.lengthBytes)
      .uint32(location.kind === 'file' ? 0 : location.pack)
      .uint32(location.kind === 'file' ? 0 : location.offset),
  );
}

export function decodeChunk(rowKey: Uint8Array, value: Uint8Array): StoredChunk | undefined {
  const reader = unsealed(rowKey, value, CHUNK_BYTES);
  if (reader === undefined) return undefined;
  const lengthBytes = reader.uint32();
  const pack = reader.uint32();
  return { lengthBytes, location: pack === 0 ? { kind: 'file' } : { kind: 'pack', pack, offset: reader.uint32() } };
}

/** Upload (16), expiry (u64). */
export function encodeHold(rowKey: Uint8Array, hold: Hold): Uint8Array {
  return sealed(rowKey, HOLD_BYTES, (writer) => writer.bytes(uploadIdBytes(hold.uploadId)).uint64(hold.expiresAtMs));
}

export function decodeHold(rowKey: Uint8Array, value: Uint8Array): Hold | undefined {
  const reader = unsealed(rowKey, value, HOLD_BYTES);
  return reader === undefined
    ? undefined
    : { uploadId: uploadIdFromBytes(reader.bytes(UPLOAD_ID_BYTES)), expiresAtMs: reader.uint64() };
}

/** What the index stands at, and what it must then hold. */
export interface IndexState {
  readonly journal: JournalPosition;
  readonly chunks: number;
  readonly chunkBytes: number;
  readonly holds: number;
  /** Sum, modulo 2^32, of the checksums of all rows of chunks and holds. */
  readonly rowSum: number;
  /** Holds may have been lost from the journal: bytes that no row names are taken back in, not swept away. */
  readonly unsettled: boolean;
}

export function encodeState(state: IndexState): Uint8Array {
  return sealed(STATE_KEY, STATE_BYTES, (writer) =>
    writer
      .uint32(1)
      .uint32(state.journal.segment)
      .uint64(state.journal.offset)
      .uint64(state.journal.group)
      .uint64(state.chunks)
      .uint64(state.chunkBytes)
      .uint64(state.holds)
      .uint32(state.rowSum)
      .uint32(state.unsettled ? 1 : 0),
  );
}

export function decodeState(value: Uint8Array): IndexState | undefined {
  const reader = unsealed(STATE_KEY, value, STATE_BYTES);
  if (reader?.uint32() !== 1) return undefined;
  const journal = { segment: reader.uint32(), offset: reader.uint64(), group: reader.uint64() };
  const sums = { chunks: reader.uint64(), chunkBytes: reader.uint64(), holds: reader.uint64(), rowSum: reader.uint32() };
  return { journal, ...sums, unsettled: reader.uint32() !== 0 };
}

const REASONS: readonly DamagedChunk['reason'][] = ['missing', 'truncated', 'altered', 'unreadable'];

/** Reason (u8), when it was found (u64). */
export function encodeDamage(rowKey: Uint8Array, damage: DamagedChunk): Uint8Array {
  return sealed(rowKey, 9, (writer) => writer.uint8(REASONS.indexOf(damage.reason)).uint64(damage.foundAtMs));
}

export function decodeDamage(rowKey: Uint8Array, value: Uint8Array): DamagedChunk | undefined {
  const reader = unsealed(rowKey, value, 9);
  const chunkId = chunkIdOfKey(rowKey);
  const reason = reader === undefined ? undefined : REASONS[reader.uint8()];
  return reader === undefined || chunkId === undefined || reason === undefined
    ? undefined
    : { chunkId, reason, foundAtMs: reader.uint64() };
}
