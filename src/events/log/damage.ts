import { CollectiveError } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';

export interface DamagePlace {
  readonly directory: string;
  readonly file: string;
  readonly offset: number;
  /** The first event affected; 0 where no event is. */
  readonly sequence: number;
}

const NEXT = 'Keep a copy of the log folder as it is, then run `collective audit verify` to see every damaged place.';

/** LOG_DAMAGED with the place in words and in details. */
export function damaged(place: DamagePlace, problem: string, cause?: unknown): CollectiveError {
  const { directory, file, offset, sequence } = place;
  const where = sequence === 0 ? '' : `, at or after event ${sequence}`;
  return new CollectiveError('LOG_DAMAGED', `The log is damaged in ${directory}/${file} at byte ${offset}${where}: ${problem}.`, {
    next: NEXT,
    details: { directory, file, offset, sequence, fromSequence: sequence, problem },
    cause,
  });
}

/** What a problem found while checking bytes says, without the sentence around it. */
export function problemOf(error: CollectiveError): string {
  const { problem } = error.details;
  return typeof problem === 'string' ? problem : error.message;
}

/** For reading: a file that is gone is damage, anything else the operating system says is IO_FAILED. */
export function readingFailed(place: DamagePlace, error: unknown): unknown {
  if (!isFileSystemError(error)) return error;
  if (error.errno === 'ENOENT') return damaged(place, 'the file is missing', error);
  return new CollectiveError('IO_FAILED', `The log cannot be read: ${error.message}.`, { cause: error });
}
