import { assert } from '../../base/index.js';
import type { Table } from '../rows/table.js';

type Counts<Row> = { readonly [Name in keyof Row]: number };
type Mutable<Row> = { -readonly [Name in keyof Row]: Row[Name] };

/** What one event changes in rows of counts: collected, and written once. */
export class Tally<Key, Row extends Counts<Row>> {
  readonly #table: Table<Key, Row>;
  readonly #zero: Row;
  readonly #deltas = new Map<Key, Mutable<Row>>();

  /** `zero`: what a row is before it is there. Keys are told apart as a Map does. */
  constructor(table: Table<Key, Row>, zero: Row) {
    this.#table = table;
    this.#zero = zero;
  }

  /** To count on; starts at zeros. */
  at(key: Key): Mutable<Row> {
    const known = this.#deltas.get(key);
    if (known !== undefined) return known;
    const fresh: Mutable<Row> = { ...this.#zero };
    this.#deltas.set(key, fresh);
    return fresh;
  }

  write(): void {
    for (const [key, delta] of this.#deltas) {
      if (namesOf(delta).some((name) => delta[name] !== 0))
        this.#table.put(key, sumOf(this.#table.get(key) ?? this.#zero, delta));
    }
  }
}

function sumOf<Row extends Counts<Row>>(row: Row, delta: Row): Row {
  const sum: { -readonly [Name in keyof Row]: Row[Name] | number } = { ...row };
  for (const name of namesOf(row)) {
    const count = row[name] + delta[name];
    assert(count >= 0, 'a count fell below zero');
    sum[name] = count;
  }
  return sum as Row;
}

const namesOf = <Row extends object>(row: Row): (keyof Row)[] => Object.keys(row) as (keyof Row)[];
