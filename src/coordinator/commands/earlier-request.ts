import { CollectiveError, equalBytes } from '../../base/index.js';
import type { RequestRef } from '../../events/index.js';
import type { RequestRow } from '../../projections/index.js';

export type EarlierOutcome =
  | { readonly kind: 'earlier'; readonly firstSequence: number; readonly count: number }
  | { readonly kind: 'refused'; readonly error: CollectiveError };

/** A request id that was used before: the same command gets its first answer, another one is refused. */
export function answerEarlier(earlier: RequestRow, request: RequestRef): EarlierOutcome {
  if (!equalBytes(earlier.commandHash, request.commandHash)) {
    return {
      kind: 'refused',
      error: new CollectiveError('REQUEST_CONFLICT', 'This request id was used for another command before.', {
        next: 'Give each command an id of its own.',
        details: { requestId: request.id },
      }),
    };
  }
  return { kind: 'earlier', firstSequence: earlier.firstSequence, count: earlier.count };
}
