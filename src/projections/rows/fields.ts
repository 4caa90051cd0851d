import { RowReader } from './reader.js';
import { RowWriter } from './writer.js';

/** How one value stands in a row. One value has one encoding: state hashes are made of these bytes. */
export interface RowField<Value> {
  write(writer: RowWriter, value: Value): void;
  read(reader: RowReader): Value;
}

export type RowFields<Row extends object> = { readonly [Name in keyof Row]-?: RowField<Row[Name]> };

/** Named fields in the order listed. A changed shape needs a new version of its view. */
export function record<Row extends object>(fields: RowFields<Row>): RowField<Row> {
  const names = Object.keys(fields) as (keyof Row)[];
  return {
    write(writer, row) {
      for (const name of names) fields[name].write(writer, row[name]);
    },
    read(reader) {
      const row: { -readonly [Name in keyof Row]?: Row[Name] } = {};
      for (const name of names) row[name] = fields[name].read(reader);
      return row as Row;
    },
  };
}

/** A whole number of 0 to 2^53 - 1. */
export const unsigned: RowField<number> = {
  write: (writer, value) => writer.unsigned(value),
  read: (reader) => reader.unsigned(),
};

/** A whole number of -2^52 to 2^52: zigzag. */
export const signed: RowField<number> = {
  write: (writer, value) => writer.unsigned(value < 0 ? -2 * value - 1 : 2 * value),
  read: (reader) => {
    const value = reader.unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  },
};

export const flag: RowField<boolean> = {
  write: (writer, value) => writer.byte(value ? 1 : 0),
  read: (reader) => reader.byte() === 1,
};

/** Text, also for ids whose form the log's codec has checked. */
export const text = <Text extends string = string>(): RowField<Text> => ({
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.text() as Text,
});

export const bytes: RowField<Uint8Array> = {
  write: (writer, value) => writer.bytes(value),
  read: (reader) => reader.bytes(),
};

/** An id in hex, as its raw bytes. */
export const hex = <Id extends string>(byteLength: number): RowField<Id> => ({
  write: (writer, value) => writer.hex(value),
  read: (reader) => reader.hex(byteLength) as Id,
});

/** One of a few words, as its index. Append, never reorder. */
export const oneOf = <Word extends string | number>(...words: readonly [Word, ...Word[]]): RowField<Word> => ({
  write: (writer, value) => writer.byte(words.indexOf(value)),
  read: (reader) => words[reader.byte()] ?? words[0],
});

export const optional = <Value>(field: RowField<Value>): RowField<Value | undefined> => ({
  write(writer, value) {
    flag.write(writer, value !== undefined);
    if (value !== undefined) field.write(writer, value);
  },
  read: (reader) => (flag.read(reader) ? field.read(reader) : undefined),
});

export const list = <Value>(field: RowField<Value>): RowField<readonly Value[]> => ({
  write(writer, values) {
    writer.unsigned(values.length);
    for (const value of values) field.write(writer, value);
  },
  read(reader) {
    const count = reader.unsigned();
    const values: Value[] = [];
    for (let index = 0; index < count; index += 1) values.push(field.read(reader));
    return values;
  },
});

const writer = new RowWriter();

/** Owned by the caller. */
export function encodeRow<Row>(field: RowField<Row>, row: Row): Uint8Array {
  field.write(writer, row);
  return writer.take();
}

export function decodeRow<Row>(field: RowField<Row>, encoded: Uint8Array): Row {
  const reader = new RowReader(encoded);
  const row = field.read(reader);
  reader.end();
  return row;
}
