import { Flags } from '@oclif/core';
import { CollectiveError, parseDuration } from '../../base/index.js';

/** A moment: `2026-11-22`, `2026-11-22T15:04`, `2026-11-22T15:04:05Z` (without a zone, that of this machine), or `7d` for so long ago. */
export const momentFlag = Flags.custom<number>({
  parse: (text) => Promise.resolve(momentOf(text, Date.now())),
  helpValue: 'TIME',
});

/** In milliseconds. Error: USAGE. */
export function momentOf(text: string, nowMs: number): number {
  const ago = parseDuration(text);
  if (ago.ok) return nowMs - ago.value;
  // A date alone would be taken as UTC, a date with a time as local: both are meant as local.
  const written = /^\d{4}-\d{2}-\d{2}$/.test(text.trim()) ? `${text.trim()}T00:00:00` : text.trim().replace(' ', 'T');
  const timeMs = /^\d{4}-\d{2}-\d{2}T/.test(written) ? Date.parse(written) : Number.NaN;
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new CollectiveError('USAGE', `${JSON.stringify(text)} is not a time.`, {
    next: 'Write such as 2026-11-22, 2026-11-22T15:04, or 7d for seven days ago.',
  });
}
