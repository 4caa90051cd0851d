import type { CollectiveError } from '../../../base/index.js';
import { errorOfDetail, statusOfError } from '../error-status.js';

// HTTP/2's own way to say why a connection ends (RFC 9113, 6.8): GOAWAY with debug data. It comes in place of the SETTINGS that a
// server begins with, so that no HTTP/2 stack takes the connection for one that can be used.
const FRAME_HEADER_BYTES = 9;
const GOAWAY = 0x7;
/** The last stream that was looked at, and the error code. */
const GOAWAY_FIXED_BYTES = 8;
const INADEQUATE_SECURITY = 0xc;

/** What a connection that is not accepted is told before it is closed. */
export function partingFrame(error: CollectiveError): Buffer {
  const { detail } = statusOfError(error);
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + GOAWAY_FIXED_BYTES + detail.length);
  frame.writeUIntBE(GOAWAY_FIXED_BYTES + detail.length, 0, 3);
  frame.writeUInt8(GOAWAY, 3);
  frame.writeUInt32BE(INADEQUATE_SECURITY, FRAME_HEADER_BYTES + 4);
  frame.set(detail, FRAME_HEADER_BYTES + GOAWAY_FIXED_BYTES);
  return frame;
}

/** Why a server closes, if these are its first bytes and say so: only that this member is not admitted there. */
export function partingWord(bytes: Uint8Array): CollectiveError | undefined {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (frame.length < FRAME_HEADER_BYTES + GOAWAY_FIXED_BYTES || frame.readUInt8(3) !== GOAWAY) return undefined;
  const end = FRAME_HEADER_BYTES + frame.readUIntBE(0, 3);
  const error = frame.length < end ? undefined : errorOfDetail(frame.subarray(FRAME_HEADER_BYTES + GOAWAY_FIXED_BYTES, end));
  return error?.code === 'NOT_ADMITTED' ? error : undefined;
}
