import { LIMITS } from '../../base/index.js';

export const IDENTITY_FILE = 'IDENTITY';
/** IDENTITY before the log's other files are durable: a folder that has only this one is no log yet. */
export const IDENTITY_DRAFT_FILE = 'IDENTITY.new';
export const HEAD_FILES = ['HEAD.0', 'HEAD.1'] as const;

const SEGMENT_NAME = /^([0-9]{16})\.segment$/;

/** A segment is named by the sequence of its first event, so that names sort as their events do. */
export const segmentFile = (firstSequence: number): string => `${firstSequence.toString().padStart(16, '0')}.segment`;

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
