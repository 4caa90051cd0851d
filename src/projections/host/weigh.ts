/** Sizes of V8's objects on 64 bits, rounded up. */
const OBJECT_BYTES = 32;
const FIELD_BYTES = 8;
const NUMBER_BYTES = 16;
const STRING_BYTES = 24;
const SHORT_ARRAY_BYTES = 200;
/** Beyond 64 bytes an array has memory of its own, and objects that manage it. */
const LONG_ARRAY_BYTES = 480;
const SHORT_ARRAY_MAX = 64;

/** What a value costs in memory, roughly and not too little. */
export function weigh(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return STRING_BYTES + value.length;
    case 'number':
      return NUMBER_BYTES;
    case 'object': {
      if (value === null) return 0;
      if (value instanceof Uint8Array) {
        return value.length + (value.length > SHORT_ARRAY_MAX ? LONG_ARRAY_BYTES : SHORT_ARRAY_BYTES);
      }
      let bytes = OBJECT_BYTES;
      for (const part of Object.values(value)) bytes += FIELD_BYTES + weigh(part);
      return bytes;
    }
    default:
      return 0;
  }
}
