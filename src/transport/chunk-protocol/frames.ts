import { LIMITS } from '../../base/index.js';

/** What a frame is, its first byte after the length. Numbers are never given another meaning. */
export const FRAME = {
  hello: 1,
  ticket: 2,
  put: 3,
  data: 4,
  hold: 5,
  receipt: 6,
  get: 7,
  cancel: 8,
  ping: 9,
  pong: 10,
  goAway: 11,
  error: 12,
  done: 13,
  held: 14,
  receipted: 15,
  chunk: 16,
} as const;

export type FrameType = (typeof FRAME)[keyof typeof FRAME];

const TYPES: ReadonlySet<number> = new Set(Object.values(FRAME));

export const isFrameType = (value: number): value is FrameType => TYPES.has(value);

/** Length of the body (u32), type (u8), request (u32). */
export const FRAME_HEADER_BYTES = 9;

/** The longest body that a frame of that type may have. */
export const bodyBytesMax = (type: FrameType): number => (type === FRAME.data ? LIMITS.frameBytes : LIMITS.controlFrameBytes);

/** The header of a frame whose body follows in buffers of its own. */
export function encodeHeader(type: FrameType, request: number, bodyBytes: number): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER_BYTES);
  writeHeader(header, type, request, bodyBytes);
  return header;
}

/** A whole frame in one buffer. */
export function encodeFrame(type: FrameType, request: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  writeHeader(frame, type, request, body.length);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}

function writeHeader(target: Uint8Array, type: FrameType, request: number, bodyBytes: number): void {
  const view = new DataView(target.buffer, target.byteOffset, FRAME_HEADER_BYTES);
  view.setUint32(0, bodyBytes);
  view.setUint8(4, type);
  view.setUint32(5, request);
}
