import { assert, CollectiveError, fromBase32, toBase32, type MemberId, type UploadId } from '../../base/index.js';

export const MEMBER_ID_BYTES = 32;
export const UPLOAD_ID_BYTES = 16;
export const CHUNK_ID_BYTES = 33;

/** The bytes an id stands for: shared, never to be changed. REQUEST_INVALID unless it is canonical. */
export function memberIdBytes(id: MemberId): Uint8Array {
  return decodedId(id, MEMBER_ID_BYTES);
}

/** The bytes an id stands for: shared, never to be changed. REQUEST_INVALID unless it is canonical. */
export function uploadIdBytes(id: UploadId): Uint8Array {
  return decodedId(id, UPLOAD_ID_BYTES);
}

export const memberIdFromBytes = (bytes: Uint8Array): MemberId => toBase32(bytes) as MemberId;
export const uploadIdFromBytes = (bytes: Uint8Array): UploadId => toBase32(bytes) as UploadId;

const DECODED_MAX = 1024;
/** Few ids come again and again, with every chunk. */
const decoded = new Map<string, Uint8Array>();

function decodedId(id: string, length: number): Uint8Array {
  const known = decoded.get(id);
  if (known?.length === length) return known;
  const bytes = fromBase32(id);
  if (bytes?.length === length) {
    if (decoded.size >= DECODED_MAX) decoded.clear();
    decoded.set(id, bytes);
    return bytes;
  }
  throw new CollectiveError('REQUEST_INVALID', `${JSON.stringify(id.slice(0, 80))} is not a canonical id.`);
}

/** Writes a fixed layout, numbers big-endian, from `offset` on; the room is the caller's affair. */
export class LayoutWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  uint8(value: number): this {
    this.#view.setUint8(this.#offset, value);
    this.#offset += 1;
    return this;
  }

  uint16(value: number): this {
    this.#view.setUint16(this.#offset, value);
    this.#offset += 2;
    return this;
  }

  uint32(value: number): this {
    this.#view.setUint32(this.#offset, value);
    this.#offset += 4;
    return this;
  }

  uint64(value: number): this {
    this.#view.setUint32(this.#offset, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(this.#offset + 4, value % 0x1_0000_0000);
    this.#offset += 8;
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#bytes.set(value, this.#offset);
    this.#offset += value.length;
    return this;
  }
}

/** Reads what LayoutWriter wrote. The caller has made sure that the bytes are there. */
export class LayoutReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  uint8(): number {
    this.#offset += 1;
    return this.#view.getUint8(this.#offset - 1);
  }

  uint16(): number {
    this.#offset += 2;
    return this.#view.getUint16(this.#offset - 2);
  }

  uint32(): number {
    this.#offset += 4;
    return this.#view.getUint32(this.#offset - 4);
  }

  uint64(): number {
    const high = this.uint32();
    return high * 0x1_0000_0000 + this.uint32();
  }

  /** A copy, owned by the caller. */
  bytes(count: number): Uint8Array {
    assert(this.#offset + count <= this.#bytes.length, 'read past the end of a layout');
    this.#offset += count;
    return this.#bytes.slice(this.#offset - count, this.#offset);
  }
}
