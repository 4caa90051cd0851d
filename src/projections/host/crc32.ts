const POLYNOMIAL = 0xedb88320;

const TABLES: readonly Int32Array[] = makeTables();

/** Slicing by four (Kounavis and Berry 2005). */
function makeTables(): readonly Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    return value;
  });
  const after = (table: Int32Array): Int32Array => table.map((value) => (first[value & 255] ?? 0) ^ (value >>> 8));
  const second = after(first);
  const third = after(second);
  return [first, second, third, after(third)];
}

/** CRC-32 (IEEE 802.3, as in zlib) of the bytes; `previous` is the CRC of what stands before them. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  const [one = NONE, two = NONE, three = NONE, four = NONE] = TABLES;
  let crc = ~previous;
  let index = 0;
  for (const whole = bytes.length - 3; index < whole; index += 4) {
    crc ^=
      (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8) | ((bytes[index + 2] ?? 0) << 16) | ((bytes[index + 3] ?? 0) << 24);
    crc = (four[crc & 255] ?? 0) ^ (three[(crc >>> 8) & 255] ?? 0) ^ (two[(crc >>> 16) & 255] ?? 0) ^ (one[crc >>> 24] ?? 0);
  }
  for (; index < bytes.length; index += 1) crc = (one[(crc ^ (bytes[index] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const NONE = new Int32Array(256);
