import { seeded } from './attacks.js';

const INTERESTING = [
  0n,
  1n,
  2n,
  127n,
  128n,
  255n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

/** Random protobuf messages that look like ours: field numbers, wire types, and texts that mean something here. */
export function wireFuzz(seed: number, texts: readonly string[]): () => Uint8Array {
  const next = seeded(seed);
  const pick = <Item>(items: readonly Item[], otherwise: Item): Item => items[Math.floor(next() * items.length)] ?? otherwise;
  const field = (depth: number): Buffer => {
    const number = BigInt(1 + Math.floor(next() * 10));
    const kind = next();
    if (kind < 0.35) return Buffer.concat([varint(number << 3n), varint(pick(INTERESTING, 0n))]);
    if (kind < 0.4) return Buffer.concat([varint((number << 3n) | 5n), Buffer.alloc(4, 0xff)]);
    const content = kind < 0.8 || depth > 3 ? text() : message(depth + 1);
    return Buffer.concat([varint((number << 3n) | 2n), varint(BigInt(content.length)), content]);
  };
  const text = (): Buffer => {
    const chosen = Buffer.from(pick(texts, ''));
    return next() < 0.1 ? Buffer.concat([chosen, Buffer.from([0xff, 0xc0, Math.floor(next() * 256)])]) : chosen;
  };
  const message = (depth: number): Buffer => Buffer.concat(Array.from({ length: Math.floor(next() * 7) }, () => field(depth)));
  return () => new Uint8Array(message(0));
}
