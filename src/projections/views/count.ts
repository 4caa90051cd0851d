import { record, unsigned } from '../rows/fields.js';
import { only } from '../rows/keys.js';
import type { Bind, ViewInfo } from '../rows/table.js';

interface CountRow {
  readonly count: number;
}

/** How many rows a table has: to ask it would be to look at all of them. */
export interface Count {
  get(): number;
  change(by: 1 | -1): void;
}

const ROW = record<CountRow>({ count: unsigned });

/** A table of its own in the view, with one row. */
export function countTable(bind: Bind, view: ViewInfo, id: number): Count {
  const table = bind<'only', CountRow>({ view, name: 'count', id, key: only, resident: true, row: ROW });
  const get = (): number => table.get('only')?.count ?? 0;
  return { get, change: (by) => table.put('only', { count: get() + by }) };
}
