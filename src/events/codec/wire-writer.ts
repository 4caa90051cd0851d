import { Packr } from 'msgpackr';
import type { WireValue } from './wire-value.js';

const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true });

const UINT32_MAX = 0xffff_ffff;
const INT32_MIN = -0x8000_0000;

/** msgpack in its shortest form; whole numbers beyond 32 bits as int64. The result is owned by the caller. */
export function writeWire(value: WireValue): Uint8Array {
  // A copy: msgpackr cuts its results from a large buffer, which a kept one would hold on to.
  return new Uint8Array(packr.pack(widened(value)));
}

/** msgpackr writes large numbers as floats; a bigint becomes an int64. */
function widened(value: WireValue): unknown {
  if (typeof value === 'number') return value > UINT32_MAX || value < INT32_MIN ? BigInt(value) : value;
  if (isArray(value)) return value.map(widened);
  return value;
}

const isArray = (value: WireValue): value is readonly WireValue[] => Array.isArray(value);
