/** What differs from run to run and machine to machine: times, durations, rates, sizes, counts of the log, ids. */
const PASSING: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?Z?)?/g, '<time>'],
  [/\d+(\.\d+)? (B|kB|MB|GB|TB)(\/s)?/g, '<size>'],
  [/\d+(\.\d+)? (ms|s|min|h|d)\b( \d+ (ms|s|min|h)\b)?/g, '<duration>'],
  [/ at \d+-\d+/g, ' at <position>'],
  [/\b[a-z2-7]{16}(?:[a-z2-7]{10})?\b/g, '<id>'],
  [/\b[0-9a-f]{12,64}\b/g, '<hash>'],
  [/\b\d+ (events|blocks)\b/g, '<count> $1'],
  [/\bevent \d+\b/g, 'event <number>'],
  [/Node \d+\.\d+\.\d+, [a-z0-9-]+/g, 'Node <version>'],
  [/ {2,}/g, '  '],
];

/** The lines in which two pages differ beyond that, as `- before` and `+ now`. */
export function differences(before: string, now: string): readonly string[] {
  const [old, next] = [plain(before), plain(now)];
  const found: string[] = [];
  for (let index = 0; index < Math.max(old.length, next.length); index += 1) {
    if (old[index] === next[index]) continue;
    if (old[index] !== undefined) found.push(`${index + 1} - ${old[index]}`);
    if (next[index] !== undefined) found.push(`${index + 1} + ${next[index]}`);
  }
  return found;
}

const plain = (page: string): readonly string[] =>
  PASSING.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), page).split('\n');
