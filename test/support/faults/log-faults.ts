import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { SeededRandom } from '../../simulation/ports/index.js';
import { FILE_FAULTS } from './file-faults.js';

const SEGMENT_HEADER_BYTES = 64;

/** Damages a closed log in its folder. What it did, in words for people. */
export type LogFault = (folder: string, random: SeededRandom) => Promise<string>;

interface StoredRecord {
  readonly offset: number;
  readonly bytes: Buffer;
}

interface Segment {
  readonly path: string;
  readonly name: string;
  readonly bytes: Buffer;
  readonly records: readonly StoredRecord[];
}

const pickOf = <Item>(random: SeededRandom, items: readonly Item[]): Item => {
  const item = items[random.integer(items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};

async function segmentNames(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.segment')).sort();
}

async function segmentOf(folder: string, random: SeededRandom): Promise<Segment> {
  const name = pickOf(random, await segmentNames(folder));
  const bytes = await readFile(join(folder, name));
  const records: StoredRecord[] = [];
  for (let offset = SEGMENT_HEADER_BYTES; offset + 8 <= bytes.length && bytes.readUInt32BE(offset) > 0; ) {
    const end = offset + 8 + bytes.readUInt32BE(offset);
    records.push({ offset, bytes: bytes.subarray(offset, end) });
    offset = end;
  }
  return { path: join(folder, name), name, bytes, records };
}

const fileFault =
  (kind: string): LogFault =>
  async (folder, random) => {
    const names = await readdir(folder);
    const name = pickOf(random, names);
    const others = names.map((other) => join(folder, other));
    return `${name}: ${await FILE_FAULTS[kind]?.(join(folder, name), random, others)}`;
  };

/** Puts the records of a segment together anew. */
const rearranged =
  (what: string, change: (records: StoredRecord[], random: SeededRandom) => void): LogFault =>
  async (folder, random) => {
    const segment = await segmentOf(folder, random);
    const records = [...segment.records];
    change(records, random);
    const head = segment.bytes.subarray(0, SEGMENT_HEADER_BYTES);
    await writeFile(segment.path, Buffer.concat([head, ...records.map(({ bytes }) => bytes), Buffer.alloc(100)]));
    return `${segment.name}: ${what}`;
  };

/** The length and checksum of the changed block are made right: only hashes and signatures can tell. */
const recast =
  (what: string, change: (block: Buffer, random: SeededRandom) => Buffer): LogFault =>
  async (folder, random) => {
    const segment = await segmentOf(folder, random);
    const chosen = pickOf(random, segment.records);
    const block = change(Buffer.from(chosen.bytes.subarray(8)), random);
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32BE(block.length, 0);
    prefix.writeUInt32BE(crc32(block), 4);
    const end = chosen.offset + chosen.bytes.length;
    const parts = [segment.bytes.subarray(0, chosen.offset), prefix, block, segment.bytes.subarray(end)];
    await writeFile(segment.path, Buffer.concat(parts));
    return `${segment.name}: ${what} in the block at byte ${chosen.offset}`;
  };

/** Changes bytes of a small file below its checksum, and makes that right again. */
async function reissue(path: string, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(path);
  change(bytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  await writeFile(path, bytes);
}

const addTo64 = (bytes: Buffer, offset: number, amount: number): void => {
  bytes.writeBigUInt64BE(bytes.readBigUInt64BE(offset) + BigInt(amount), offset);
};

const flipAt = (bytes: Buffer, offset: number): void => {
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
};

export const LOG_FAULTS: Readonly<Record<string, LogFault>> = {
  'flipped bit': fileFault('flip'),
  'zeroed page': fileFault('zeros'),
  'cut file': fileFault('truncate'),
  'missing file': fileFault('delete'),
  'appended garbage': fileFault('append'),
  'exchanged files': fileFault('swap'),
  'exchanged blocks': rearranged('two blocks exchanged', (records, random) => {
    const [left, right] = [random.integer(records.length), random.integer(records.length)];
    const [one, other] = [records[left], records[right]];
    if (one !== undefined && other !== undefined) [records[left], records[right]] = [other, one];
  }),
  'missing block': rearranged('a block left out', (records, random) => {
    records.splice(random.integer(records.length), 1);
  }),
  'repeated block': rearranged('a block repeated', (records, random) => {
    const index = random.integer(records.length);
    records.splice(index, 0, ...records.slice(index, index + 1));
  }),
  'bit with a checksum made right': recast('a bit', (block, random) => {
    flipAt(block, random.integer(block.length));
    return block;
  }),
  'cut block with a checksum made right': recast('a cut', (block, random) =>
    block.subarray(0, 257 + random.integer(block.length - 257)),
  ),
  async 'duplicated segment'(folder, random) {
    const name = pickOf(random, await segmentNames(folder));
    const other = String(Number(name.slice(0, 16)) + 1 + random.integer(60)).padStart(16, '0');
    await copyFile(join(folder, name), join(folder, `${other}.segment`));
    return `${name} also as ${other}.segment`;
  },
  async 'missing segment'(folder, random) {
    const name = pickOf(random, await segmentNames(folder));
    await rm(join(folder, name));
    return `${name} deleted`;
  },
  async 'changed HEAD'(folder, random) {
    const name = pickOf(random, ['HEAD.0', 'HEAD.1']);
    const offset = pickOf(random, [7, 8, 40, 48, 56, 70, 96, 104, 122]);
    await reissue(join(folder, name), (bytes) =>
      offset % 8 === 0 && offset > 8 ? addTo64(bytes, offset, 1) : flipAt(bytes, offset),
    );
    return `${name}: byte ${offset} changed, its checksum made right`;
  },
  async 'HEADs that are missing'(folder) {
    await Promise.all(['HEAD.0', 'HEAD.1'].map((name) => rm(join(folder, name))));
    return 'both HEAD files deleted';
  },
  async 'changed IDENTITY'(folder, random) {
    const offset = pickOf(random, [6, 8, 20, 60, 70, 83, 84, 91]);
    await reissue(join(folder, 'IDENTITY'), (bytes) => flipAt(bytes, offset));
    return `IDENTITY: byte ${offset} changed, its checksum made right`;
  },
  /** Only a log whose keys have changed has one. */
  async 'changed KEYS'(folder, random) {
    const names = await readdir(folder);
    if (!names.includes('KEYS')) return 'nothing';
    if (random.chance(0.3)) {
      await rm(join(folder, 'KEYS'));
      return 'KEYS deleted';
    }
    const offset = pickOf(random, [8, 43, 47, 55, 63, 70, 115, 120, 200]);
    await reissue(join(folder, 'KEYS'), (bytes) => flipAt(bytes, Math.min(offset, bytes.length - 5)));
    return `KEYS: byte ${offset} changed, its checksum made right`;
  },
};
