import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

// Made from docs/log-format.md alone. It must not import anything of the program: what it accepts is what the page says.

const sha256 = (...parts: readonly Buffer[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

function check(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new Error(problem);
}

const zero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);
const u64 = (bytes: Buffer, offset: number): number => Number(bytes.readBigUInt64BE(offset));

type Value = null | number | string | Buffer | readonly Value[];

/** One msgpack value, of the kinds that the page lists. */
function decode(bytes: Buffer): readonly Value[] {
  let at = 0;
  const take = (count: number): Buffer => {
    check(at + count <= bytes.length, 'a value ends too early');
    at += count;
    return bytes.subarray(at - count, at);
  };
  const value = (): Value => {
    const [tag = 0] = take(1);
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 256;
    if (tag >= 0x90 && tag <= 0x9f) return Array.from({ length: tag - 0x90 }, value);
    if (tag >= 0xa0 && tag <= 0xbf) return take(tag - 0xa0).toString();
    if (tag === 0xc0) return null;
    if (tag === 0xc4) return take(take(1).readUInt8());
    if (tag === 0xc5) return take(take(2).readUInt16BE());
    if (tag === 0xcc) return take(1).readUInt8();
    if (tag === 0xcd) return take(2).readUInt16BE();
    if (tag === 0xce) return take(4).readUInt32BE();
    if (tag === 0xd3) return Number(take(8).readBigInt64BE());
    if (tag === 0xd9) return take(take(1).readUInt8()).toString();
    check(tag === 0xdc, `the type byte ${tag}`);
    return Array.from({ length: take(2).readUInt16BE() }, value);
  };
  const read = value();
  check(at === bytes.length && Array.isArray(read), 'not one array');
  return read as readonly Value[];
}

export interface Link {
  readonly origin: Buffer;
  readonly key: KeyObject;
  readonly keyId: Buffer;
  readonly epoch: number;
  sequence: number;
  headerHash: Buffer;
  timeMs: number;
}

/** Before the first block of a log. `publicKey`: 44 bytes of SPKI DER. */
export const firstLink = (origin: Buffer, publicKey: Buffer): Link => ({
  origin,
  key: createPublicKey({ key: publicKey, format: 'der', type: 'spki' }),
  keyId: sha256(publicKey).subarray(0, 16),
  epoch: 1,
  sequence: 0,
  headerHash: Buffer.alloc(32),
  timeMs: 0,
});

/** Checks the block that follows `link`, and moves `link` over it. Throws. */
export function checkBlock(block: Buffer, link: Link): void {
  check(block.length > 256 && block.length <= 262_144, 'the length of a block');
  const header = block.subarray(0, 192);
  check(header.toString('latin1', 0, 4) === 'CLBK' && header.readUInt16BE(4) === 1, 'magic or version');
  check(zero(header.subarray(6, 8)) && zero(header.subarray(160, 192)), 'reserved bytes');
  check(header.subarray(8, 40).equals(link.origin) && u64(header, 40) === link.epoch, 'origin or epoch');
  check(u64(header, 48) === link.sequence + 1, 'the sequence');
  check(header.subarray(80, 112).equals(link.headerHash), 'the chain');
  check(header.subarray(144, 160).equals(link.keyId), 'the key id');
  const signed = Buffer.concat([Buffer.from('collective/block/v1\0'), header]);
  check(verify(null, signed, link.key, block.subarray(192, 256)), 'the signature');
  const count = header.readUInt32BE(56);
  check(count >= 1 && count <= 256, 'the number of events');
  const hashes: Buffer[] = [];
  let timeMs = link.timeMs;
  let at = 256;
  let written = 0;
  for (let index = 0; index < count; index += 1) {
    const pruned = block.readUInt8(at);
    const [envelopeBytes, payloadBytes] = [block.readUInt16BE(at + 1), block.readUInt32BE(at + 3)];
    const envelope = block.subarray(at + 7, at + 7 + envelopeBytes);
    at += 7 + envelopeBytes;
    written += 23 + envelopeBytes + payloadBytes;
    const places = decode(envelope);
    check(places.length === 9 && places[0] === link.sequence + 1 + index, 'an envelope');
    check(typeof places[1] === 'number' && places[1] > timeMs, 'times rise');
    timeMs = places[1];
    if (index === 0) check(timeMs === u64(header, 64), 'the first time');
    if (pruned === 0) {
      const salted = block.subarray(at, at + 16 + payloadBytes);
      check(Buffer.isBuffer(places[7]) && sha256(salted).equals(places[7]), 'a payload');
      decode(salted.subarray(16));
      at += salted.length;
    }
    hashes.push(sha256(envelope));
  }
  check(at === block.length && written === header.readUInt32BE(60), 'the length of the body');
  check(sha256(...hashes).equals(header.subarray(112, 144)) && timeMs === u64(header, 72), 'the body');
  link.sequence += count;
  link.headerHash = sha256(header);
  link.timeMs = timeMs;
}

function checkedFile(bytes: Buffer, magic: string, length: number): Buffer {
  check(bytes.length === length && bytes.toString('latin1', 0, 4) === magic, `${magic}: length or magic`);
  check(bytes.readUInt32BE(4) === 0x1_0000, `${magic}: version`);
  check(crc32(bytes.subarray(0, -4)) === bytes.readUInt32BE(length - 4), `${magic}: checksum`);
  return bytes;
}

/** Checks a log that nobody writes to, and gives its number of events. Throws at the first thing that is wrong. */
export function checkLogFolder(folder: string): number {
  const identity = checkedFile(readFileSync(join(folder, 'IDENTITY')), 'CLID', 96);
  const link = firstLink(identity.subarray(8, 40), identity.subarray(40, 84));
  const heads = ['HEAD.0', 'HEAD.1'].map((name) => checkedFile(readFileSync(join(folder, name)), 'CLHD', 128));
  const head = heads.reduce((left, right) => (u64(left, 40) > u64(right, 40) ? left : right));
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.segment')) continue;
    const segment = readFileSync(join(folder, name));
    const start = checkedFile(segment.subarray(0, 64), 'CLSG', 64);
    check(start.subarray(8, 40).equals(link.origin) && u64(start, 48) === link.sequence + 1, `${name}: its place`);
    check(name === `${String(link.sequence + 1).padStart(16, '0')}.segment`, `${name}: its name`);
    let at = 64;
    while (at + 8 <= segment.length && !zero(segment.subarray(at, at + 8))) {
      const block = segment.subarray(at + 8, at + 8 + segment.readUInt32BE(at));
      check(crc32(block) === segment.readUInt32BE(at + 4), `${name}: a checksum`);
      checkBlock(block, link);
      at += 8 + block.length;
    }
    check(zero(segment.subarray(at)), `${name}: zeros at the end`);
  }
  check(u64(head, 56) === link.sequence && head.subarray(64, 96).equals(link.headerHash), 'HEAD');
  check(u64(head, 96) === link.timeMs, 'the time in HEAD');
  return link.sequence;
}
