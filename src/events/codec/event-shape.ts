import type { Field } from './field.js';
import { WireProblem, type WireValue } from './wire-value.js';

/** Every version that an event's payload ever had. Reading gives the newest one. */
export interface EventShape<Fields extends object> {
  /** Of the newest version; the first is 1. */
  readonly version: number;
  toWire(fields: Fields): WireValue;
  /** `version` is at most the newest. */
  fromWire(version: number, wire: WireValue): Fields;
  /**
   * Adds a version: its fields, and how one of the version before becomes one of this. Nothing that stands before may
   * change: logs hold it for ever.
   */
  next<Newer extends object>(field: Field<Newer>, upcast: (older: Fields) => Newer): EventShape<Newer>;
}

/** The first version of an event. */
export const firstVersion = <Fields extends object>(field: Field<Fields>): EventShape<Fields> =>
  shapeOf(1, field, (version) => {
    throw new WireProblem(`there is no version ${version}`);
  });

function shapeOf<Fields extends object>(
  version: number,
  field: Field<Fields>,
  readOlder: (version: number, wire: WireValue) => Fields,
): EventShape<Fields> {
  const read = (asked: number, wire: WireValue): Fields => (asked === version ? field.fromWire(wire) : readOlder(asked, wire));
  return {
    version,
    toWire: (fields) => field.toWire(fields),
    fromWire: read,
    next: (newer, upcast) => shapeOf(version + 1, newer, (asked, wire) => upcast(read(asked, wire))),
  };
}
