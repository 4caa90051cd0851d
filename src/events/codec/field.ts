import { problemAt, UnknownShape, WireProblem, type WireValue } from './wire-value.js';

/** How one value stands in the log. Both directions check it and throw WireProblem; reading may throw UnknownShape. */
export interface Field<Value> {
  toWire(value: Value): WireValue;
  fromWire(wire: WireValue): Value;
}

export type FieldsOf<Value extends object> = { readonly [Name in keyof Value]-?: Field<Value[Name]> };

export interface RecordOptions<Value extends object> {
  /** Names of places kept after the last field for what may come; nil until then. */
  readonly reserved?: readonly string[];
  /** What else has to hold: the sentence that says what is wrong, or undefined. */
  readonly check?: (value: Value) => string | undefined;
}

/** Named fields as an array, in the order of the lines that list them. That order is the format: append, never reorder. */
export function record<Value extends object>(fields: FieldsOf<Value>, options: RecordOptions<Value> = {}): Field<Value> {
  const names = Object.keys(fields) as (keyof Value & string)[];
  const reserved = options.reserved ?? [];
  const length = names.length + reserved.length;
  const checked = (value: Value): Value => {
    const problem = options.check?.(value);
    if (problem !== undefined) throw new WireProblem(problem);
    return value;
  };
  return {
    toWire: (value) => {
      const sound = checked(value);
      const places: WireValue[] = [];
      for (const name of names) places.push(placed(fields[name], name, sound[name]));
      for (let count = reserved.length; count > 0; count -= 1) places.push(null);
      return places;
    },
    fromWire: (wire) => {
      const places = arrayOf(wire);
      if (places.length !== length) throw new WireProblem(`${places.length} places where ${length} belong`);
      const value: { -readonly [Name in keyof Value]?: Value[Name] } = {};
      for (let index = 0; index < names.length; index += 1) {
        const name = names[index];
        if (name !== undefined) value[name] = read(fields[name], name, places[index] ?? null);
      }
      for (let index = names.length; index < length; index += 1) {
        if (places[index] !== null) throw new UnknownShape(reserved[index - names.length]);
      }
      return checked(value as Value);
    },
  };
}

/** Nil for undefined. */
export function optional<Value>(field: Field<Value>): Field<Value | undefined> {
  return {
    toWire: (value) => (value === undefined ? null : field.toWire(value)),
    fromWire: (wire) => (wire === null ? undefined : field.fromWire(wire)),
  };
}

export function list<Value>(field: Field<Value>, min: number, max: number): Field<readonly Value[]> {
  const checkLength = (length: number): void => {
    if (length < min || length > max) throw new WireProblem(`${length} items where ${min} to ${max} belong`);
  };
  return {
    toWire: (values) => {
      if (!Array.isArray(values)) throw new WireProblem('not an array');
      checkLength(values.length);
      return values.map((value, index) => placed(field, index, value));
    },
    fromWire: (wire) => {
      const items = arrayOf(wire);
      checkLength(items.length);
      return items.map((item, index) => read(field, index, item));
    },
  };
}

/** A field whose value stands in the log as another field's, such as an id as its raw bytes. */
export function mapped<Value, Inner>(
  inner: Field<Inner>,
  toInner: (value: Value) => Inner,
  fromInner: (value: Inner) => Value,
): Field<Value> {
  return { toWire: (value) => inner.toWire(toInner(value)), fromWire: (wire) => fromInner(inner.fromWire(wire)) };
}

function placed<Value>(field: Field<Value>, place: string | number, value: Value): WireValue {
  try {
    return field.toWire(value);
  } catch (error) {
    throw problemAt(place, error);
  }
}

function read<Value>(field: Field<Value>, place: string | number, wire: WireValue): Value {
  try {
    return field.fromWire(wire);
  } catch (error) {
    throw problemAt(place, error);
  }
}

function arrayOf(wire: WireValue): readonly WireValue[] {
  if (!isArray(wire)) throw new WireProblem('not an array');
  return wire;
}

const isArray = (wire: WireValue): wire is readonly WireValue[] => Array.isArray(wire);
