import { chmod, lutimes, mkdir, open, readdir, readFile, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  contentOf,
  contentPieces,
  digestOf,
  ENTRY,
  jsonOf,
  LISTING,
  treeDifferences,
  STORED,
  World,
  writeContent,
  WRITTEN,
} from '../support/e2e/index.js';

const KiB = 1024;
const MiB = 1024 * KiB;

let world: World;
/** Where the trees below are made, and where they are after a put of them all and a get. */
let sources: string;
let fetched: string;

beforeAll(async () => {
  world = await World.start({ nodes: 2 });
  [sources, fetched] = [await world.folder(), join(await world.folder(), 'back')];
  for (const [name, make] of Object.entries(trees)) {
    await mkdir(join(sources, name));
    await make(join(sources, name));
  }
  await world.ok('put', sources, '/trees');
  await world.ok('get', '/trees', fetched);
});

afterAll(async () => {
  await world.stop();
});

const trees = {
  sizes: async (folder: string): Promise<void> => {
    const around = [64 * KiB, MiB, 3 * MiB, 8 * MiB].flatMap((bytes) => [bytes - 1, bytes, bytes + 1]);
    for (const bytes of [0, 1, 4096, ...around]) await writeContent(join(folder, `${bytes}`), `size ${bytes}`, bytes);
  },

  large: async (folder: string): Promise<void> => {
    // Their first chunks are the same, so that little is sent.
    for (const bytes of [104 * MiB - 1, 104 * MiB, 104 * MiB + 1, 130_000_000]) {
      await writeContent(join(folder, `${bytes}`), 'large', bytes);
    }
  },

  permissions: async (folder: string): Promise<void> => {
    for (const mode of [0o400, 0o444, 0o600, 0o640, 0o755, 0o777, 0o2755, 0o4711]) {
      const path = join(folder, mode.toString(8));
      await writeFile(path, `mode ${mode}`);
      await chmod(path, mode);
    }
    await mkdir(join(folder, 'closed'), { mode: 0o500 });
    await mkdir(join(folder, 'sticky'));
    await chmod(join(folder, 'sticky'), 0o1777);
  },

  times: async (folder: string): Promise<void> => {
    const times = [
      new Date(-86_400_500),
      new Date(0),
      1_700_000_001.1,
      1_234_567_890.654321,
      1_700_000_000.999999,
      5_000_000_000.5,
    ];
    for (const [index, time] of times.entries()) {
      await writeFile(join(folder, `${index}`), `time ${index}`);
      await utimes(join(folder, `${index}`), time, time);
    }
    await mkdir(join(folder, 'inner'));
    await symlink('nowhere', join(folder, 'inner', 'link'));
    await lutimes(join(folder, 'inner', 'link'), 1_111_111_111.25, 1_111_111_111.25);
    await utimes(join(folder, 'inner'), 999_999_999.5, 999_999_999.5);
  },

  names: async (folder: string): Promise<void> => {
    for (const name of NAMES) await writeFile(join(folder, name), `content of ${name}`);
    await mkdir(join(folder, FOLDER_NAME));
    await writeFile(join(folder, FOLDER_NAME, 'داخل'), 'inside');
  },

  symlinks: async (folder: string): Promise<void> => {
    await mkdir(join(folder, 'folder'));
    await writeFile(join(folder, 'folder', 'file'), 'content');
    await symlink('nowhere/at all', join(folder, 'dangling'));
    await symlink('/etc/hostname', join(folder, 'absolute'));
    await symlink('../folder/file', join(folder, 'folder', 'relative'));
    await symlink('folder', join(folder, 'to a folder'));
    await symlink('.', join(folder, 'to itself'));
    await symlink('ζ'.repeat(2000), join(folder, 'long'));
  },

  folders: async (folder: string): Promise<void> => {
    await mkdir(join(folder, 'empty', 'and in it', 'another'), { recursive: true });
    const deep = join(folder, ...Array.from({ length: 120 }, (_, level) => `level ${level}`));
    await mkdir(deep, { recursive: true });
    await writeFile(join(deep, 'at the bottom'), 'deep');
  },

  many: async (folder: string): Promise<void> => {
    for (let part = 0; part < 60; part += 1) {
      const path = join(folder, `part ${part}`);
      await mkdir(path);
      const files = Array.from({ length: 50 }, (_, file) => ({ name: `file ${file}`, bytes: (part * 50 + file) * 3 }));
      await Promise.all(files.map(({ name, bytes }) => writeFile(join(path, name), contentOf(`${part} ${name}`, bytes))));
    }
  },
} as const;

const FOLDER_NAME = 'مجلد 📁';
const NAMES = [
  '日本語のファイル名',
  '👩‍👩‍👧‍👦 family 🏳️‍🌈',
  'e\u0301 combining',
  '\u00e9 composed',
  'مرحبا\u202e rtl',
  'Ω≈ç√∫˜µ',
  '\u{10ffff}\u200b',
  'ß'.repeat(127),
  '𝒳'.repeat(63),
  'x'.repeat(255),
  '-rf',
  '--json',
  '-',
  ' leading and trailing ',
  'line\nbreak\ttab\r\u001b[31m',
  `quotes ' " \` $HOME \\ * ? ; & | < > #`,
  '...',
  '.hidden',
  '~',
  'all:',
  '%2e%2e%2f',
  'CON',
] as const;

describe('a tree comes back byte for byte, with permissions and times', () => {
  test.each([
    ['files of every size around a chunk and its multiples, empty ones too', 'sizes'],
    ['files of exact multiples of the largest chunk, a byte more, a byte less, and 130 MB', 'large'],
    ['any permissions', 'permissions'],
    ['any times: before 1970, after 2038, and to the microsecond', 'times'],
    ['names in any script, of any length, and with any characters', 'names'],
    ['symlinks as symlinks: dangling, absolute, relative, and to folders', 'symlinks'],
    ['empty and deep folders', 'folders'],
    ['thousands of small files', 'many'],
  ] as const)('with %s', async (_what, tree) => {
    expect(await treeDifferences(join(sources, tree), join(fetched, tree))).toEqual([]);
  });

  test('and nothing else comes', async () => {
    expect((await readdir(fetched)).sort()).toEqual(Object.keys(trees).sort());
  });
});

test.concurrent('times are kept to the nanosecond, whatever the disk that they come back to', async () => {
  const { mtimeNs } = await stat(join(sources, 'sizes', '1'), { bigint: true });
  const { modified } = jsonOf(await world.ok('stat', '/trees/sizes/1', '--json'), ENTRY);
  const [, fraction = ''] = /\.(\d+)Z$/.exec(modified) ?? [];
  const seconds = BigInt(Math.floor(Date.parse(modified) / 1000));
  expect(seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))).toBe(mtimeNs);
});

test.concurrent('names are listed in the order of their bytes', async () => {
  const { entries } = jsonOf(await world.ok('ls', '/trees/names', '--json'), LISTING);
  const expected = [...NAMES, FOLDER_NAME].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
  expect(entries.map(({ name }) => name)).toEqual(expected);
});

test.concurrent('a name with dashes in front, or with a line break, can be put and got alone', async () => {
  const folder = await world.folder();
  await writeFile(join(folder, '-n'), 'dash');
  await writeFile(join(folder, 'a\nb'), 'break');
  await world.cluster.ok(['put', '--', '-n', 'a\nb', '/single/'], { cwd: folder });
  await world.cluster.ok(['get', '--', '/single/-n', '-copy'], { cwd: folder });
  expect(await readFile(join(folder, '-copy'), 'utf8')).toBe('dash');
  expect((await world.ok('cat', '/single/a\nb', '/single/-n', '/single/a\nb')).stdout.toString()).toBe('breakdashbreak');
});

describe('holes', () => {
  test('of a sparse file of 10 GB are neither stored nor filled, and its bytes come back', async () => {
    const folder = await world.folder();
    const [source, target] = [join(folder, 'sparse'), join(folder, 'back')];
    const size = 10_000_000_000;
    const islands = [0, 1_000_000_000, 4_999_999_999, 9_999_999_000];
    await writeFile(source, '');
    await truncate(source, size);
    const file = await open(source, 'r+');
    for (const position of islands) await file.write(contentOf(`at ${position}`, 1000), 0, 1000, position);
    await file.close();
    // The chunks that the islands are in, the last of them up to the end of the file.
    const chunks = islands.map((position) => Math.floor(position / (4 * MiB)) * 4 * MiB);
    const chunkBytes = chunks.reduce((sum, start) => sum + Math.min(4 * MiB, size - start), 0);

    const before = await world.status();
    const put = await world.ok('put', source, '/sparse', '--json');
    expect(jsonOf(put, STORED)).toMatchObject({ size, sent: 2 * chunkBytes, holes: size - chunkBytes });
    expect((await world.status()).usage.storedBytes - before.usage.storedBytes).toBe(2 * chunkBytes);

    const get = await world.ok('get', '/sparse', target);
    const found = await stat(target);
    expect(found.size).toBe(size);
    // So little of it is not a hole that the rest must be one, and a hole reads as zeros.
    expect(found.blocks * 512).toBeLessThanOrEqual(chunkBytes + 64 * KiB);
    for (const start of chunks) {
      expect(digestOf(await bytesAt(target, start))).toBe(digestOf(await bytesAt(source, start)));
    }
    console.log(`a sparse file of 10 GB: put ${Math.round(put.wallMs)} ms, get ${Math.round(get.wallMs)} ms`);
  });

  test('written as zeros are not stored either', async () => {
    const path = join(await world.folder(), 'zeros');
    await writeFile(path, Buffer.alloc(5 * MiB));
    expect(jsonOf(await world.ok('put', path, '/zeros', '--json'), STORED)).toMatchObject({ sent: 0, holes: 5 * MiB });
    expect((await world.ok('cat', '/zeros')).stdout.equals(Buffer.alloc(5 * MiB))).toBe(true);
  });
});

describe.concurrent('streams', () => {
  test.each([0, 1, 3 * MiB + 17])('of %i bytes and unknown length are stored by put, and come back by cat', async (bytes) => {
    const content = contentOf(`stream ${bytes}`, bytes);
    await world.cluster.ok(['put', '-', `/streams/put ${bytes}`], { input: content });
    expect((await world.ok('cat', `/streams/put ${bytes}`)).stdout.equals(content)).toBe(true);
  });

  test.each([0, 64 * KiB])('of %i bytes and unknown length are stored by write, and come back by get', async (bytes) => {
    const content = contentOf(`stream ${bytes}`, bytes);
    await world.cluster.ok(['write', `/streams/written ${bytes}`], { input: content });
    expect((await world.ok('get', `/streams/written ${bytes}`, '-')).stdout.equals(content)).toBe(true);
  });

  test('of 200 MB go through', async () => {
    const input = Readable.from(contentPieces('long stream', 200_000_000));
    const written = await world.cluster.ok(['write', '/streams/long', '--json'], { input });
    expect(jsonOf(written, WRITTEN)).toMatchObject({ size: 200_000_000, copies: 2 });
    const { stdout } = await world.ok('cat', '/streams/long');
    expect(stdout.length).toBe(200_000_000);
    expect(digestOf(stdout)).toBe(digestOf(contentOf('long stream', 200_000_000)));
  });
});

describe('versions and copies', () => {
  test('writing to a name again makes a new version of the same file', async () => {
    await world.cluster.ok(['write', '/again'], { input: 'first' });
    const first = jsonOf(await world.ok('stat', '/again', '--json'), ENTRY);
    await world.cluster.ok(['write', '/again'], { input: 'second' });
    const second = jsonOf(await world.ok('stat', '/again', '--json'), ENTRY);
    expect(second).toMatchObject({ id: first.id, version: first.version + 1, size: 6 });
    expect((await world.ok('cat', '/again')).stdout.toString()).toBe('second');
  });

  test('content that is held already is not sent again', async () => {
    const folder = await world.folder();
    await mkdir(join(folder, 'twice'));
    await writeContent(join(folder, 'twice', 'large'), 'twice', 5 * MiB + 3);
    await writeContent(join(folder, 'twice', 'small'), 'twice small', 777);
    const first = jsonOf(await world.ok('put', join(folder, 'twice'), '/once', '--json'), STORED);
    expect(first).toMatchObject({ sent: 2 * (5 * MiB + 3 + 777), known: 0 });
    const before = await world.status();
    const second = jsonOf(await world.ok('put', join(folder, 'twice'), '/twice', '--json'), STORED);
    expect(second).toMatchObject({ sent: 0, known: 5 * MiB + 3 + 777 });
    expect((await world.status()).usage.storedBytes).toBe(before.usage.storedBytes);
    expect((await world.ok('cat', '/twice/small')).stdout.equals(contentOf('twice small', 777))).toBe(true);
  });

  test('of a file that changed in one place only that place is sent', async () => {
    const path = join(await world.folder(), 'changing');
    await writeContent(path, 'changing', 6 * MiB);
    await world.ok('put', path, '/changing');
    const file = await open(path, 'r+');
    await file.write(Buffer.from('changed'), 0, 7, 2 * MiB + 100);
    await file.close();
    expect(jsonOf(await world.ok('put', path, '/changing', '--json'), STORED)).toMatchObject({ sent: 2 * MiB, known: 5 * MiB });
    expect((await world.ok('cat', '/changing')).stdout.equals(await readFile(path))).toBe(true);
  });
});

/** Up to 4 MiB from there on. */
async function bytesAt(path: string, position: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(4 * MiB);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
