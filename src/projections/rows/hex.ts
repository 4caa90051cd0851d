import { assert } from '../../base/index.js';

/** The byte that two lower-case hex digits stand for. */
export function hexByte(text: string, offset: number): number {
  const high = digitAt(text, offset);
  const low = digitAt(text, offset + 1);
  assert(high >= 0 && low >= 0, 'an id is not lower-case hex');
  return (high << 4) | low;
}

function digitAt(text: string, offset: number): number {
  const code = text.charCodeAt(offset);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}
