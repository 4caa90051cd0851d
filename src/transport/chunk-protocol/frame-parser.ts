import { CollectiveError } from '../../base/index.js';
import { bodyBytesMax, FRAME, FRAME_HEADER_BYTES, type FrameType, isFrameType } from './frames.js';

/** Takes what the parser finds. Views are valid only during the call. */
export interface FrameSink {
  /** A whole frame that is not data. */
  onFrame(type: Exclude<FrameType, typeof FRAME.data>, request: number, body: Uint8Array): void;
  /** A piece of a data frame's body, in order. */
  onData(request: number, bytes: Uint8Array): void;
}

/**
 * Cuts a stream of bytes into frames, however it is sliced. Data passes through without a copy; other frames are collected
 * when they come in several slices. A frame's length is checked before anything is allocated for it. While `blocked`, bytes
 * are kept: only as many as were in the slice that was being parsed (the stream behind is to be paused).
 */
export class FrameParser {
  readonly #sink: FrameSink;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  readonly #headerView = new DataView(this.#header.buffer);
  #headerBytes = 0;
  #type: FrameType | undefined;
  #request = 0;
  #bodyMissing = 0;
  #body: Uint8Array | undefined;
  #bodyBytes = 0;
  #blocked = false;
  #kept: Uint8Array | undefined;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** From within a sink's method: nothing more is handed over until `unblock`. */
  block(): void {
    this.#blocked = true;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  /** Goes on with what was kept. Error: PROTOCOL_ERROR. */
  unblock(): void {
    this.#blocked = false;
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept === undefined) return;
    const taken = this.#parse(kept);
    if (taken < kept.length) this.#kept = kept.subarray(taken);
  }

  /** Error: PROTOCOL_ERROR, after which the parser is not to be used again. */
  push(bytes: Uint8Array): void {
    const taken = this.#kept === undefined ? this.#parse(bytes) : 0;
    if (taken < bytes.length) this.#keep(bytes.subarray(taken));
  }

  /** Answers how many bytes it used: all, unless it is blocked. */
  #parse(bytes: Uint8Array): number {
    let offset = 0;
    while (offset < bytes.length && !this.#blocked) {
      offset += this.#type === undefined ? this.#takeHeader(bytes, offset) : this.#takeBody(this.#type, bytes, offset);
    }
    return offset;
  }

  #keep(rest: Uint8Array): void {
    const kept = this.#kept;
    const joined = new Uint8Array((kept?.length ?? 0) + rest.length);
    if (kept !== undefined) joined.set(kept);
    joined.set(rest, kept?.length ?? 0);
    this.#kept = joined;
  }

  #takeHeader(bytes: Uint8Array, offset: number): number {
    const taken = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, bytes.length - offset);
    for (let index = 0; index < taken; index += 1) this.#header[this.#headerBytes + index] = bytes[offset + index] ?? 0;
    this.#headerBytes += taken;
    if (this.#headerBytes < FRAME_HEADER_BYTES) return taken;
    this.#headerBytes = 0;
    const length = this.#headerView.getUint32(0);
    const type = this.#headerView.getUint8(4);
    if (!isFrameType(type)) throw new CollectiveError('PROTOCOL_ERROR', `A frame of unknown type ${type} arrived.`);
    if (length > bodyBytesMax(type)) {
      throw new CollectiveError(
        'PROTOCOL_ERROR',
        `A frame of type ${type} announces ${length} bytes, more than ${bodyBytesMax(type)}.`,
      );
    }
    this.#request = this.#headerView.getUint32(5);
    if (length === 0) this.#emptyFrame(type);
    else {
      this.#type = type;
      this.#bodyMissing = length;
    }
    return taken;
  }

  #emptyFrame(type: FrameType): void {
    if (type === FRAME.data) throw new CollectiveError('PROTOCOL_ERROR', 'An empty data frame arrived.');
    this.#sink.onFrame(type, this.#request, new Uint8Array(0));
  }

  #takeBody(type: FrameType, bytes: Uint8Array, offset: number): number {
    const taken = Math.min(this.#bodyMissing, bytes.length - offset);
    const piece = bytes.subarray(offset, offset + taken);
    this.#bodyMissing -= taken;
    const whole = this.#bodyMissing === 0;
    if (whole) this.#type = undefined;
    if (type === FRAME.data) this.#sink.onData(this.#request, piece);
    else if (whole && this.#body === undefined) this.#sink.onFrame(type, this.#request, piece);
    else this.#collect(type, piece, whole);
    return taken;
  }

  #collect(type: Exclude<FrameType, typeof FRAME.data>, piece: Uint8Array, whole: boolean): void {
    this.#body ??= new Uint8Array(piece.length + this.#bodyMissing);
    this.#body.set(piece, this.#bodyBytes);
    this.#bodyBytes += piece.length;
    if (!whole) return;
    const body = this.#body;
    this.#body = undefined;
    this.#bodyBytes = 0;
    this.#sink.onFrame(type, this.#request, body);
  }
}
