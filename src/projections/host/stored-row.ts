import { assert, CollectiveError, isCollectiveError, utf8, type MemberId } from '../../base/index.js';
import type { KeyRange } from '../../ports/index.js';
import { afterPrefix, fromBinary, toBinary } from '../rows/keys.js';
import { Slab } from '../rows/slab.js';
import { crc32 } from './crc32.js';

/** Format of the store: origin (its length, its characters), byte of the view, byte of the table, key of the row. */
const FORMAT = 1;
const CRC_BYTES = 4;
/** No view has this byte: the origin's state comes before all its rows. */
const STATE_VIEW = 0;

const prefixOf = (origin: MemberId): string => {
  const text = toBinary(utf8(origin));
  assert(text.length > 0 && text.length <= 0xff, 'an origin is not a member id');
  return String.fromCharCode(FORMAT, text.length) + text;
};

/** Where an origin's rows stand in the store. Keys inside the program begin at the byte of the view. */
export class StoredKeys {
  readonly state: Uint8Array;
  readonly range: KeyRange;
  readonly #prefix: Uint8Array;

  constructor(origin: MemberId) {
    const prefix = prefixOf(origin);
    this.#prefix = fromBinary(prefix);
    this.state = this.of(String.fromCharCode(STATE_VIEW));
    this.range = { from: this.#prefix, to: fromBinary(afterPrefix(prefix)) };
  }

  of(key: string): Uint8Array {
    const stored = keys.take(this.#prefix.length + key.length);
    stored.set(this.#prefix);
    for (let index = 0; index < key.length; index += 1) stored[this.#prefix.length + index] = key.charCodeAt(index);
    return stored;
  }

  /** What of a stored key a state hash is made of: from the byte of the table on. Shares the key's memory. */
  hashed(stored: Uint8Array): Uint8Array {
    return stored.subarray(this.#prefix.length + 1);
  }

  /** All keys inside the program that begin so. */
  rangeOf(prefix: string): KeyRange {
    return { from: this.of(prefix), to: this.of(afterPrefix(prefix)) };
  }

  keyOf(stored: Uint8Array): string {
    return toBinary(stored.subarray(this.#prefix.length));
  }

  isState(stored: Uint8Array): boolean {
    return stored.length === this.state.length && stored[this.#prefix.length] === STATE_VIEW;
  }
}

/** CRC-32 over key and row, then the row: so that a row under another's key is found out too. */
export function sealRow(storedKey: Uint8Array, row: Uint8Array): Uint8Array {
  const sealed = values.take(CRC_BYTES + row.length);
  new DataView(sealed.buffer, sealed.byteOffset, CRC_BYTES).setUint32(0, crc32(row, crc32(storedKey)));
  sealed.set(row, CRC_BYTES);
  return sealed;
}

const values = new Slab();
const keys = new Slab();

/** Undefined for a value that is not what was written. */
export function unsealRow(storedKey: Uint8Array, value: Uint8Array): Uint8Array | undefined {
  if (value.length < CRC_BYTES) return undefined;
  const row = value.subarray(CRC_BYTES);
  const expected = new DataView(value.buffer, value.byteOffset, CRC_BYTES).getUint32(0);
  return crc32(row, crc32(storedKey)) === expected ? row : undefined;
}

export const viewDamaged = (origin: MemberId, view: string, row: string, cause?: unknown): CollectiveError =>
  new CollectiveError('VIEW_DAMAGED', `A row of the view ${view} is damaged: ${row}.`, {
    next: 'The coordinator rebuilds its views from the log by itself; check the disk if this happens again.',
    details: { origin, view, row },
    cause,
  });

export const isViewDamaged = (error: unknown): error is CollectiveError =>
  isCollectiveError(error) && error.code === 'VIEW_DAMAGED';
