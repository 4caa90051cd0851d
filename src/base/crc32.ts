/** Eight tables, so that eight bytes are folded in one step (Kounavis and Berry, "slicing by 8", 2005). */
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): readonly Uint32Array[] {
  const first = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    first[byte] = value;
  }
  const tables = [first];
  for (let index = 1; index < 8; index += 1) {
    const before = tables[index - 1] ?? first;
    tables.push(before.map((value) => (value >>> 8) ^ (first[value & 255] ?? 0)));
  }
  return tables;
}

const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as readonly [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** CRC-32 as zlib and IEEE 802.3 have it: an unsigned 32-bit number. `previous` continues from the bytes before these. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  let index = 0;
  for (const end = bytes.length - 7; index < end; index += 8) {
    crc ^= at(bytes, index) | (at(bytes, index + 1) << 8) | (at(bytes, index + 2) << 16) | (at(bytes, index + 3) << 24);
    crc =
      at(T7, crc & 255) ^
      at(T6, (crc >>> 8) & 255) ^
      at(T5, (crc >>> 16) & 255) ^
      at(T4, crc >>> 24) ^
      at(T3, at(bytes, index + 4)) ^
      at(T2, at(bytes, index + 5)) ^
      at(T1, at(bytes, index + 6)) ^
      at(T0, at(bytes, index + 7));
  }
  for (; index < bytes.length; index += 1) crc = (crc >>> 8) ^ at(T0, (crc ^ at(bytes, index)) & 255);
  return ~crc >>> 0;
}

const at = (values: Uint8Array | Uint32Array, index: number): number => values[index] as number;
