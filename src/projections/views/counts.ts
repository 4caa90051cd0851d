/** A row of numbers only. */
export type Counts<Row> = { readonly [Name in keyof Row]: number };

/** Field by field. */
export function addCounts<Row extends Counts<Row>>(left: Row, right: Row, sign: 1 | -1): Row {
  const sum: { -readonly [Name in keyof Row]: Row[Name] | number } = { ...left };
  for (const name of namesOf(left)) sum[name] = left[name] + sign * right[name];
  return sum as Row;
}

/** The first count below zero: a sign that something was taken away that was never added. */
export const negativeCount = <Row extends Counts<Row>>(row: Row): keyof Row | undefined =>
  namesOf(row).find((name) => row[name] < 0);

const namesOf = <Row extends object>(row: Row): (keyof Row)[] => Object.keys(row) as (keyof Row)[];
