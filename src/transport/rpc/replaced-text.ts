import { isAscii } from 'node:buffer';

const REPLACEMENT = '\uFFFD';

/**
 * Whether text in a message is not what its sender wrote: the generated readers put U+FFFD in place of bytes that are no UTF-8,
 * without a word, and a name would be kept that nobody gave. A U+FFFD that was sent stands in the bytes as well.
 */
export function hasReplacedText(message: unknown, bytes: Uint8Array): boolean {
  if (isAscii(bytes)) return false;
  const sent = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return anyText(message, (text) => text.includes(REPLACEMENT) && !sent.includes(text));
}

function anyText(value: unknown, matches: (text: string) => boolean): boolean {
  if (typeof value === 'string') return matches(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  return Object.values(value).some((part) => anyText(part, matches));
}
