import { cpus, totalmem } from 'node:os';
import Table from 'cli-table3';
import type { Figure } from './measure/statistics.js';

export function describeMachine(): string {
  const [cpu] = cpus();
  return (
    `${cpus().length} x ${cpu?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
    `Linux, Node ${process.version}`
  );
}

const digits = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2));

export function tableOf(figures: readonly Figure[]): string {
  const table = new Table({
    head: ['what', 'median', 'lowest', 'highest', 'unit', 'runs', 'bar'],
    style: { head: [], border: [] },
  });
  for (const each of figures) {
    table.push([each.name, digits(each.median), digits(each.lowest), digits(each.highest), each.unit, each.runs, each.bar]);
  }
  return table.toString();
}

export function markdownOf(figures: readonly Figure[]): string {
  const rows = figures.map(
    (each) =>
      `| ${[each.name, digits(each.median), digits(each.lowest), digits(each.highest), each.unit, each.runs, each.bar].join(' | ')} |`,
  );
  return ['| what | median | lowest | highest | unit | runs | bar |', '|---|---:|---:|---:|---|---:|---|', ...rows].join('\n');
}
