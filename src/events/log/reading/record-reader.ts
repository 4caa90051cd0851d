import { assert, crc32, LIMITS } from '../../../base/index.js';
import type { FileHandle } from '../../../ports/index.js';
import { BLOCK_MAGIC, BODY_OFFSET } from '../../chain/index.js';
import { RECORD_BYTES_MAX, RECORD_PREFIX_BYTES } from '../files/file-names.js';

export type StoredRecord =
  | { readonly kind: 'record'; readonly block: Uint8Array; readonly endOffset: number }
  /** Zeros, or the end of what may be read. */
  | { readonly kind: 'end' }
  | { readonly kind: 'broken'; readonly problem: string };

const END = { kind: 'end' } as const;

/** Reads records of one segment up to a limit, through a window of LIMITS.logReadBytes. */
export class RecordReader {
  readonly #handle: FileHandle;
  readonly #limit: number;
  #window: Uint8Array = new Uint8Array();
  #windowOffset = 0;

  /** `limit`: bytes from there on do not exist for this reader. */
  constructor(handle: FileHandle, limit: number) {
    this.#handle = handle;
    this.#limit = limit;
  }

  /** The record at `offset`, its CRC checked; the block is a copy. */
  async record(offset: number): Promise<StoredRecord> {
    const frame = await this.#frame(offset);
    if (frame.kind !== 'frame') return frame;
    const bytes = await this.#bytes(offset + RECORD_PREFIX_BYTES, frame.blockBytes);
    if (bytes.length < frame.blockBytes) return { kind: 'broken', problem: 'the file ends within a block' };
    if (crc32(bytes) !== frame.crc) return { kind: 'broken', problem: 'a block does not match its checksum' };
    return { kind: 'record', block: new Uint8Array(bytes), endOffset: frame.endOffset };
  }

  /** Where the next whole record starts, from `offset` up to `end`; undefined if none does. */
  async find(offset: number, end: number): Promise<number | undefined> {
    for (let start = offset; start < Math.min(end, this.#limit); ) {
      const bytes = await this.#bytes(start, Math.min(RECORD_BYTES_MAX, end - start));
      if (bytes.length < RECORD_PREFIX_BYTES + BLOCK_MAGIC.length) return undefined;
      const magic = indexOfMagic(bytes, RECORD_PREFIX_BYTES);
      if (magic === undefined) {
        start += bytes.length - RECORD_PREFIX_BYTES - BLOCK_MAGIC.length + 1;
        continue;
      }
      const candidate = start + magic - RECORD_PREFIX_BYTES;
      if ((await this.record(candidate)).kind === 'record') return candidate;
      start = candidate + 1;
    }
    return undefined;
  }

  async #frame(
    offset: number,
  ): Promise<
    | { readonly kind: 'frame'; readonly blockBytes: number; readonly crc: number; readonly endOffset: number }
    | Exclude<StoredRecord, { readonly kind: 'record' }>
  > {
    const prefix = await this.#bytes(offset, RECORD_PREFIX_BYTES);
    if (prefix.every((byte) => byte === 0)) return END;
    if (prefix.length < RECORD_PREFIX_BYTES) return { kind: 'broken', problem: 'the file ends before a block' };
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
    const blockBytes = view.getUint32(0);
    if (blockBytes <= BODY_OFFSET || blockBytes > LIMITS.blockBytes) {
      return { kind: 'broken', problem: `a block calls itself ${blockBytes} bytes long` };
    }
    return { kind: 'frame', blockBytes, crc: view.getUint32(4), endOffset: offset + RECORD_PREFIX_BYTES + blockBytes };
  }

  /** A view of at most `length` bytes at `offset`, fewer at the limit or the end of the file. Valid until the next call. */
  async #bytes(offset: number, length: number): Promise<Uint8Array> {
    assert(length <= LIMITS.logReadBytes, 'a read fits into the window');
    const wanted = Math.max(0, Math.min(length, this.#limit - offset));
    const start = offset - this.#windowOffset;
    if (start < 0 || start + wanted > this.#window.length) {
      const buffer = new Uint8Array(Math.max(0, Math.min(LIMITS.logReadBytes, this.#limit - offset)));
      const count = await this.#handle.read(buffer, offset);
      this.#window = buffer.subarray(0, count);
      this.#windowOffset = offset;
    }
    const from = offset - this.#windowOffset;
    return this.#window.subarray(from, from + wanted);
  }
}

function indexOfMagic(bytes: Uint8Array, from: number): number | undefined {
  const [first = 0, ...rest] = BLOCK_MAGIC;
  for (let index = bytes.indexOf(first, from); index >= 0; index = bytes.indexOf(first, index + 1)) {
    if (rest.every((byte, place) => bytes[index + 1 + place] === byte)) return index;
  }
  return undefined;
}
