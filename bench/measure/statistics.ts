/** Of an odd or even number of values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly runs: number;
  /** What it is held against, in words; empty: nothing. */
  readonly bar: string;
}

export function figure(name: string, unit: string, values: readonly number[], bar = ''): Figure {
  return {
    name,
    unit,
    bar,
    median: median(values),
    lowest: Math.min(...values),
    highest: Math.max(...values),
    runs: values.length,
  };
}
