import { CollectiveError } from './errors.js';
import { fail, ok, type Result } from './result.js';

const DECIMAL = ['', 'k', 'M', 'G', 'T', 'P'] as const;
const UNIT_BYTES: ReadonlyMap<string, number> = new Map(
  DECIMAL.flatMap(
    (prefix, power) =>
      [
        [prefix.toLowerCase(), 1000 ** power],
        [`${prefix.toLowerCase()}b`, 1000 ** power],
        ...(power === 0
          ? []
          : ([
              [`${prefix.toLowerCase()}i`, 1024 ** power],
              [`${prefix.toLowerCase()}ib`, 1024 ** power],
            ] as [string, number][])),
      ] as [string, number][],
  ),
);

/** Bytes as people write them: `100G` is 100 * 10^9, `100Gi` is 100 * 2^30; `B` at the end is allowed. Error: USAGE. */
export function parseSize(text: string): Result<number, CollectiveError> {
  const match = /^([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]*)$/.exec(text.trim());
  const unit = UNIT_BYTES.get((match?.[2] ?? '').toLowerCase());
  const bytes = Math.round(Number(match?.[1]) * (unit ?? Number.NaN));
  if (!Number.isSafeInteger(bytes)) {
    return fail(
      new CollectiveError('USAGE', `${JSON.stringify(text)} is not a size.`, {
        next: 'Write a number and a unit, such as 500M, 100G (10^9) or 100Gi (2^30).',
      }),
    );
  }
  return ok(bytes);
}

/** `1.5 GB` style, 10^9-based, at most three digits. */
export function formatSize(bytes: number): string {
  let power = 0;
  let value = bytes;
  while (value >= 999.5 && power < DECIMAL.length - 1) {
    value /= 1000;
    power += 1;
  }
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${DECIMAL[power]}B`;
}
