import { CollectiveError, isRequestId, utf8 } from '../../base/index.js';
import type { RequestRef } from '../../events/index.js';
import type { Hasher } from '../../ports/index.js';

const HASH_BYTES = 16;
const REQUEST_ID = /^[A-Za-z0-9_-]{1,48}$/;

/**
 * What a command is called, for idempotency: the caller's request id and, of a plural call, which of its commands this is; and
 * a hash of what it asks, so that another command under the same name is noticed. `content` is plain data, decoded from the
 * wire and so always in the same order; receipts are left out, since a retry may bring new ones. Error: REQUEST_INVALID.
 */
export function requestRef(
  call: { readonly requestId: string; readonly method: string; readonly index?: number; readonly content: unknown },
  hasher: Hasher,
): RequestRef {
  checkRequestId(call.requestId);
  const id = call.index === undefined ? call.requestId : `${call.requestId}_${call.index}`;
  if (!isRequestId(id)) throw new CollectiveError('REQUEST_INVALID', 'The request id is malformed.');
  const commandHash = hasher.sha256(utf8(`${call.method}\0${JSON.stringify(call.content)}`)).slice(0, HASH_BYTES);
  return { id, commandHash };
}

/** For whoever does something before it has the content of its command. Error: REQUEST_INVALID. */
export function checkRequestId(requestId: string): void {
  if (REQUEST_ID.test(requestId)) return;
  throw new CollectiveError('REQUEST_INVALID', 'A request id has 1 to 48 of the characters A-Z, a-z, 0-9, - and _.');
}
