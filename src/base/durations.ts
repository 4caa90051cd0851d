import { CollectiveError } from './errors.js';
import { fail, ok, type Result } from './result.js';

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

/** Durations as people write them: `90s`, `2h`, `30d`, `1h30m`. Result in milliseconds. Error: USAGE. */
export function parseDuration(text: string): Result<number, CollectiveError> {
  const trimmed = text.trim();
  const wrong = fail(
    new CollectiveError('USAGE', `${JSON.stringify(text)} is not a duration.`, {
      next: 'Write a number and a unit, such as 90s, 15m, 2h or 30d.',
    }),
  );
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w))+$/.test(trimmed)) return wrong;
  let totalMs = 0;
  for (const [, amount, unit] of trimmed.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)/g)) {
    totalMs += Number(amount) * (UNIT_MS.get(unit ?? '') ?? Number.NaN);
  }
  return Number.isSafeInteger(Math.round(totalMs)) ? ok(Math.round(totalMs)) : wrong;
}

/** `2 h 5 min` style, at most two units. */
export function formatDuration(durationMs: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
    ['ms', 1],
  ];
  let rest = Math.max(0, Math.round(durationMs));
  const parts: string[] = [];
  for (const [unit, sizeMs] of units) {
    if (unit === 'ms' && parts.length > 0) break;
    const count = Math.floor(rest / sizeMs);
    if (count > 0 || (unit === 'ms' && parts.length === 0)) parts.push(`${count} ${unit}`);
    rest -= count * sizeMs;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}
