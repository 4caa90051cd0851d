import { CollectiveError, isErrorCode } from '../base/index.js';
import type { Failure } from './generated/collective/v1/common.js';
import { clip } from './rpc/error-status.js';

/** An error as part of an answer, where one of many commands was refused. Clipped: all of them have to fit into one message. */
export const failureOf = (error: CollectiveError): Failure => ({
  code: error.code,
  message: clip(error.message),
  next: clip(error.next ?? ''),
});

/** The error that a failure of an answer tells of; a code that this version does not know becomes UNSUPPORTED. */
export function errorOfFailure(failure: Failure): CollectiveError {
  const options = failure.next === '' ? {} : { next: failure.next };
  if (isErrorCode(failure.code)) return new CollectiveError(failure.code, failure.message, options);
  return new CollectiveError('UNSUPPORTED', `${failure.message} (${failure.code.slice(0, 64)})`, options);
}
