import { LIMITS } from '../base/index.js';

/** A run of a file's bytes that becomes one chunk, or one hole. */
export interface FileRun {
  readonly offset: number;
  readonly length: number;
}

/** Bytes of every chunk (but the last) of a file of that known size. */
export function chunkBytesFor(fileBytes: number): number {
  if (fileBytes < LIMITS.mediumFromFileBytes) return LIMITS.chunkBytesSmall;
  return fileBytes <= LIMITS.largeFromFileBytes ? LIMITS.chunkBytesMedium : LIMITS.chunkBytesLarge;
}

/** Bytes of the next chunk of a stream of unknown length, `offset` bytes of which are already split. */
export const chunkBytesAfter = (offset: number): number =>
  offset < LIMITS.largeFromFileBytes ? chunkBytesFor(offset) : LIMITS.chunkBytesLarge;

/** The runs of a file of known size, in order; none for an empty one. */
export function* splitFile(fileBytes: number): Generator<FileRun, void> {
  const size = chunkBytesFor(fileBytes);
  for (let offset = 0; offset < fileBytes; offset += size) {
    yield { offset, length: Math.min(size, fileBytes - offset) };
  }
}

const ZEROS = Buffer.alloc(LIMITS.leafBytes);

/** Whether every byte is zero, so that the run is kept as a hole. Ends at the first byte that is not. */
export function isAllZero(bytes: Uint8Array): boolean {
  for (let offset = 0; offset < bytes.length; offset += ZEROS.length) {
    const run = bytes.subarray(offset, offset + ZEROS.length);
    if (ZEROS.compare(run, 0, run.length, 0, run.length) !== 0) return false;
  }
  return true;
}
