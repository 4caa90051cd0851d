import { concatBytes, crc32, LIMITS, uint32Bytes } from '../../../base/index.js';

export const IDENTITY_FILE = 'IDENTITY';
/** IDENTITY before the log's other files are durable: a folder that has only this one is no log yet. */
export const IDENTITY_DRAFT_FILE = 'IDENTITY.new';
export const HEAD_FILES = ['HEAD.0', 'HEAD.1'] as const;

/** Which key signs from where on; there once that has changed. */
export const KEYS_FILE = 'KEYS';
/** Two blocks that their owner signed for one place; only beside a copy. */
export const FORK_FILE = 'FORK';
/** Says that blocks above HEAD may have been written several at one sync. */
export const BATCH_FILE = 'BATCH';
/** What a copy holds from beyond a cut. */
export const QUARANTINE_FOLDER = 'quarantine';
export const draftOf = (file: string): string => `${file}.new`;

const SEGMENT_NAME = /^([0-9]{16})\.segment$/;

/** A segment is named by the sequence of its first event, so that names sort as their events do. */
export const segmentFile = (firstSequence: number): string => `${firstSequence.toString().padStart(16, '0')}.segment`;

/** Of what was put aside: the first block's sequence, and the start of its header hash in hex. */
export const quarantineFile = (firstSequence: number, headerHash: string): string =>
  `${firstSequence.toString().padStart(16, '0')}-${headerHash.slice(0, 16)}.segment`;

/** First sequences of the segments among these names, ascending. */
export function segmentsAmong(names: readonly string[]): number[] {
  return names
    .map((name) => Number(SEGMENT_NAME.exec(name)?.[1] ?? 0))
    .filter((firstSequence) => firstSequence >= 1 && Number.isSafeInteger(firstSequence))
    .sort((left, right) => left - right);
}

/** Length and CRC-32 before each block. */
export const RECORD_PREFIX_BYTES = 8;
export const RECORD_BYTES_MAX: number = RECORD_PREFIX_BYTES + LIMITS.blockBytes;

/** A block as it stands in a segment. */
export const framed = (block: Uint8Array): Uint8Array =>
  concatBytes([uint32Bytes(block.length), uint32Bytes(crc32(block)), block]);
