import { CollectiveError, type MemberId } from '../../base/index.js';
import type { LogReader } from '../../events/index.js';
import type { ViewHost } from '../../projections/index.js';

/**
 * Applies the log to views from where they stand up to a position, flushing as they fill. Yields how many events it has applied,
 * after each block. Errors: LOG_DAMAGED; VIEW_DAMAGED; for an event that contradicts those before it LOG_DAMAGED, or VIEW_DAMAGED
 * where those before it were not replayed now: then their rows may be what is wrong.
 */
export async function* replay(
  log: Pick<LogReader, 'read'>,
  views: ViewHost,
  range: { readonly toSequence: number; readonly signal: AbortSignal; readonly origin?: MemberId },
): AsyncGenerator<number> {
  const start = views.position(range.origin).sequence;
  if (start >= range.toSequence) return;
  let applied = 0;
  for await (const block of log.read({ fromSequence: start + 1, toSequence: range.toSequence, signal: range.signal })) {
    const events = block.events.filter(
      ({ envelope: { position } }) => position.sequence > start && position.sequence <= range.toSequence,
    );
    const result = await views.apply(events, range.origin);
    if (!result.ok) {
      const { position, reason } = result.error;
      const code = start > 0 ? 'VIEW_DAMAGED' : 'LOG_DAMAGED';
      throw new CollectiveError(code, `Event ${position.sequence} contradicts those before it: ${reason}.`, {
        details: { sequence: position.sequence },
      });
    }
    applied += events.length;
    if (views.flushDue) await views.flush();
    yield applied;
  }
}
