import { assert, fromUtf8, toHex, utf8, type FileId, type GrantId } from '../../base/index.js';
import { hexByte } from './hex.js';

const CHARACTERS_AT_ONCE = 1024;

/**
 * Keys in memory are binary strings: one character of 0 to 255 a byte. They are cheap to join, to hash and to keep, and
 * their order is the order of the bytes.
 */
export function toBinary(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += CHARACTERS_AT_ONCE) {
    const codes: number[] = [];
    const end = Math.min(bytes.length, start + CHARACTERS_AT_ONCE);
    for (let index = start; index < end; index += 1) codes.push(bytes[index] ?? 0);
    text += String.fromCharCode(...codes);
  }
  return text;
}

export function fromBinary(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/** The least key that is greater than every key with this prefix, which must not be all 0xff. */
export function afterPrefix(prefix: string): string {
  let end = prefix.length - 1;
  while (end >= 0 && prefix.charCodeAt(end) === 0xff) end -= 1;
  assert(end >= 0, 'there is no key after this prefix');
  return prefix.slice(0, end) + String.fromCharCode(prefix.charCodeAt(end) + 1);
}

/** One component of a key. Its encodings sort as its values do, and none is a prefix of another unless it comes last. */
export interface KeyPart<Value> {
  encode(value: Value): string;
  /** The value that begins at `offset`, and where it ends. */
  decode(key: string, offset: number): readonly [value: Value, end: number];
  show(value: Value): string;
}

const NUMBER_CHARACTERS = 7;

function numberKey(value: number): string {
  const high = Math.floor(value / 0x100_0000);
  const low = value % 0x100_0000;
  return String.fromCharCode(
    (high >>> 24) & 0xff,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    (low >>> 16) & 0xff,
    (low >>> 8) & 0xff,
    low & 0xff,
  );
}

function numberAt(key: string, offset: number): number {
  let value = 0;
  for (let index = offset; index < offset + NUMBER_CHARACTERS; index += 1) value = value * 0x100 + key.charCodeAt(index);
  return value;
}

/** A whole number of 0 to 2^53 - 1, big-endian. */
export const numberPart: KeyPart<number> = {
  encode: numberKey,
  decode: (key, offset) => [numberAt(key, offset), offset + NUMBER_CHARACTERS],
  show: String,
};

/** `<epoch>-<sequence>`, as both numbers. */
const positionPart = <Id extends string>(): KeyPart<Id> => ({
  encode(id) {
    const dash = id.indexOf('-');
    return numberKey(Number(id.slice(0, dash))) + numberKey(Number(id.slice(dash + 1)));
  },
  decode: (key, offset) => [
    `${numberAt(key, offset)}-${numberAt(key, offset + NUMBER_CHARACTERS)}` as Id,
    offset + 2 * NUMBER_CHARACTERS,
  ],
  show: String,
});

export const fileIdPart: KeyPart<FileId> = positionPart<FileId>();
export const grantIdPart: KeyPart<GrantId> = positionPart<GrantId>();

/** A whole number of 0 to 2^53 - 1, the greatest first. */
export const descendingPart: KeyPart<number> = {
  encode: (value) => numberKey(Number.MAX_SAFE_INTEGER - value),
  decode: (key, offset) => [Number.MAX_SAFE_INTEGER - numberAt(key, offset), offset + NUMBER_CHARACTERS],
  show: String,
};

/** An id in hex, as its raw bytes. */
export const hexPart = <Id extends string>(byteLength: number): KeyPart<Id> => ({
  encode(id) {
    assert(id.length === 2 * byteLength, 'an id is not hex, or of another length');
    const codes: number[] = [];
    for (let index = 0; index < id.length; index += 2) codes.push(hexByte(id, index));
    return String.fromCharCode(...codes);
  },
  decode: (key, offset) => [toHex(fromBinary(key.slice(offset, offset + byteLength))) as Id, offset + byteLength],
  show: String,
});

/** Raw bytes of one length. */
export const bytesPart = (byteLength: number): KeyPart<Uint8Array> => ({
  encode(value) {
    assert(value.length === byteLength, 'a key has another length');
    return toBinary(value);
  },
  decode: (key, offset) => [fromBinary(key.slice(offset, offset + byteLength)), offset + byteLength],
  show: toHex,
});

/** Text of at most 255 bytes, its length before it: by length first, then bytewise. */
export const shortTextPart = <Text extends string>(): KeyPart<Text> => ({
  encode(value) {
    const binary = textKey(value);
    assert(binary.length <= 0xff, 'a text in a key is too long');
    return String.fromCharCode(binary.length) + binary;
  },
  decode(key, offset) {
    const end = offset + 1 + key.charCodeAt(offset);
    return [textOf(key.slice(offset + 1, end)) as Text, end];
  },
  show: String,
});

/** A name in a directory, which has no NUL: one ends it. In the order of the names' bytes. */
export const namePart: KeyPart<string> = {
  encode: (name) => `${textKey(name)}\0`,
  decode(key, offset) {
    const end = key.indexOf('\0', offset);
    return [textOf(key.slice(offset, end)), end + 1];
  },
  show: (name) => JSON.stringify(name),
};

/** Text up to the end of the key, in the order of its UTF-8 bytes. */
export const lastTextPart: KeyPart<string> = {
  encode: textKey,
  decode: (key, offset) => [textOf(key.slice(offset)), key.length],
  show: (value) => JSON.stringify(value),
};

function textKey(value: string): string {
  for (let index = 0; index < value.length; index += 1) {
    if (value.charCodeAt(index) >= 0x80) return toBinary(utf8(value));
  }
  return value;
}

function textOf(binary: string): string {
  const value = fromUtf8(fromBinary(binary));
  assert(value !== undefined, 'a text in a key is not UTF-8');
  return value;
}

/** How the key of a table stands in bytes. */
export interface KeyCodec<Key> {
  encode(key: Key): string;
  decode(encoded: string): Key;
  /** For people. */
  show(key: Key): string;
}

export const single = <Value>(part: KeyPart<Value>): KeyCodec<Value> => ({
  encode: (key) => part.encode(key),
  decode: (encoded) => part.decode(encoded, 0)[0],
  show: (key) => part.show(key),
});

export const pair = <First, Second>(first: KeyPart<First>, second: KeyPart<Second>): KeyCodec<readonly [First, Second]> => ({
  encode: ([one, two]) => first.encode(one) + second.encode(two),
  decode(encoded) {
    const [one, end] = first.decode(encoded, 0);
    return [one, second.decode(encoded, end)[0]];
  },
  show: ([one, two]) => `${first.show(one)}/${second.show(two)}`,
});

export const triple = <First, Second, Third>(
  first: KeyPart<First>,
  second: KeyPart<Second>,
  third: KeyPart<Third>,
): KeyCodec<readonly [First, Second, Third]> => ({
  encode: ([one, two, three]) => first.encode(one) + second.encode(two) + third.encode(three),
  decode(encoded) {
    const [one, afterOne] = first.decode(encoded, 0);
    const [two, afterTwo] = second.decode(encoded, afterOne);
    return [one, two, third.decode(encoded, afterTwo)[0]];
  },
  show: ([one, two, three]) => `${first.show(one)}/${second.show(two)}/${third.show(three)}`,
});

/** The key of a table with one row. */
export const only: KeyCodec<'only'> = { encode: () => '', decode: () => 'only', show: () => 'the only row' };
