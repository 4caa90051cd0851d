import { OUTCOMES, type Outcome } from './trial.js';
import type { Fault } from './plan.js';

export interface Counted {
  readonly outcome: Outcome;
  readonly faults: readonly Fault[];
}

/** How often each outcome followed, by a key of each fault. A trial of several faults counts for each of them. */
function counts(trials: readonly Counted[], keyOf: (fault: Fault) => string): readonly (readonly string[])[] {
  const rows = new Map<string, number[]>();
  for (const { outcome, faults } of trials) {
    for (const key of new Set(faults.map(keyOf))) {
      const row = rows.get(key) ?? OUTCOMES.map(() => 0);
      row[OUTCOMES.indexOf(outcome)] = (row[OUTCOMES.indexOf(outcome)] ?? 0) + 1;
      rows.set(key, row);
    }
  }
  return [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).map(([key, row]) => [key, ...row.map(String)]);
}

const asTable = (title: string, rows: readonly (readonly string[])[]): string =>
  [
    `| ${[title, ...OUTCOMES].join(' | ')} |`,
    `|---|${OUTCOMES.map(() => '---:|').join('')}`,
    ...rows.map((row) => `| ${row.map((cell) => (cell === '0' ? '' : cell)).join(' | ')} |`),
  ].join('\n');

/** The outcomes by kind of file, by kind of fault, and all together, as Markdown. */
export function tables(trials: readonly Counted[]): string {
  const all = counts(
    trials.map((trial) => ({ ...trial, faults: trial.faults.slice(0, 1) })),
    () => 'all trials',
  );
  return [
    asTable('file', [...counts(trials, ({ kind }) => kind), ...all]),
    asTable(
      'fault',
      counts(trials, ({ fault }) => fault),
    ),
  ].join('\n\n');
}
