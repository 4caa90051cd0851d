import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeLocalFiles } from '../../../src/cli/local/node-local-files.js';
import { NodeFileSystem, SystemRandom } from '../../../src/runtime/index.js';

const MiB = 1024 * 1024;
const local = new NodeLocalFiles({ fileSystem: new NodeFileSystem(), random: new SystemRandom() });
const attributes = { mode: 0o640, modified: { seconds: 1_000_000_000, nanoseconds: 500_000_000 } };

let root: string;
let folders = 0;

const folder = async (): Promise<string> => {
  folders += 1;
  const path = join(root, String(folders));
  await mkdir(path);
  return path;
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-local-'));
});

afterAll(async () => {
  await rm(root, { recursive: true });
});

/** Writes the parts with their places into a new file. */
async function write(path: string, bytes: number, parts: readonly (readonly [number, Uint8Array])[]): Promise<void> {
  const writer = await local.create(path, bytes);
  for (const [position, part] of parts) {
    const padded = local.alignedBuffer(Math.ceil(part.length / 4096) * 4096);
    padded.set(part);
    await writer.write(padded.subarray(0, part.length), padded, position);
  }
  await writer.finish(bytes, attributes);
}

describe('a file that is written', () => {
  it.each([0, 1, 5000, MiB, 4 * MiB, 5 * MiB + 17])('of %i bytes appears whole, with mode and time', async (bytes) => {
    const path = join(await folder(), 'file');
    const content = Buffer.alloc(bytes, 'content ');
    const parts: [number, Uint8Array][] = [];
    for (let offset = 0; offset < bytes; offset += MiB) parts.push([offset, content.subarray(offset, offset + MiB)]);
    await write(path, bytes, parts.reverse());
    expect((await readFile(path)).equals(content)).toBe(true);
    const found = await stat(path, { bigint: true });
    expect([found.mode & 0o7777n, found.mtimeNs]).toEqual([0o640n, 1_000_000_000_500_000_000n]);
  });

  it('has holes where nothing was written, at its end too', async () => {
    const path = join(await folder(), 'sparse');
    await write(path, 64 * MiB, [[8 * MiB, Buffer.alloc(MiB, 1)]]);
    const found = await stat(path);
    expect(found.size).toBe(64 * MiB);
    expect(found.blocks * 512).toBeLessThan(4 * MiB);
    const content = await readFile(path);
    expect(content.subarray(8 * MiB, 9 * MiB).every((byte) => byte === 1)).toBe(true);
    expect(content.subarray(9 * MiB).every((byte) => byte === 0)).toBe(true);
  });

  it('keeps pieces of odd length and place, past the page cache too', async () => {
    const path = join(await folder(), 'odd');
    const content = Buffer.alloc(5 * MiB, 'odd pieces ');
    const cuts = [0, 1, 70_000, 4 * MiB + 3, content.length];
    await write(
      path,
      content.length,
      cuts.slice(0, -1).map((start, index) => [start, content.subarray(start, cuts[index + 1])]),
    );
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  it('is not there before it is finished, and leaves nothing when it is discarded', async () => {
    const directory = await folder();
    await writeFile(join(directory, 'file'), 'old');
    for (const bytes of [100, 5 * MiB]) {
      const writer = await local.create(join(directory, 'file'), bytes);
      await writer.write(Buffer.alloc(100, 'x'), Buffer.alloc(4096), 0);
      expect(await readFile(join(directory, 'file'), 'utf8')).toBe('old');
      await writer.discard();
      expect(await readdir(directory)).toEqual(['file']);
    }
  });

  it('takes the place of a symlink, not of what it leads to', async () => {
    const directory = await folder();
    await writeFile(join(directory, 'target'), 'target');
    await symlink('target', join(directory, 'link'));
    await write(join(directory, 'link'), 3, [[0, Buffer.from('new')]]);
    expect(await readFile(join(directory, 'target'), 'utf8')).toBe('target');
    expect((await lstat(join(directory, 'link'))).isFile()).toBe(true);
  });

  it('does not take the place of a folder or of a device', async () => {
    const directory = await folder();
    await expect(local.create(directory, 1)).rejects.toMatchObject({ errno: 'EISDIR' });
    await expect(local.create('/dev/null', 1)).rejects.toMatchObject({ errno: 'EEXIST' });
    await expect(local.create(join(directory, 'none', 'file'), 1)).rejects.toMatchObject({ errno: 'ENOENT' });
  });
});

describe('a file that is read', () => {
  it('gives its bytes, size, mode and time', async () => {
    const path = join(await folder(), 'file');
    await writeFile(path, 'some text');
    await chmod(path, 0o4751);
    await utimes(path, '-3600.25', '-3600.25');
    const reader = await local.openForReading(path);
    expect(reader.bytes).toBe(9);
    expect(reader.attributes).toEqual({ mode: 0o4751, modified: { seconds: -3601, nanoseconds: 750_000_000 } });
    const buffer = new Uint8Array(20);
    expect(await reader.read(buffer, 5)).toBe(4);
    expect(Buffer.from(buffer.subarray(0, 4)).toString()).toBe('text');
    expect(await reader.unchanged()).toBe(true);
    await writeFile(path, 'other text');
    expect(await reader.unchanged()).toBe(false);
    await reader.close();
  });

  it('with holes gives the same as any other', async () => {
    const path = join(await folder(), 'sparse');
    const bytes = 9 * MiB + 5;
    await writeFile(path, '');
    await truncate(path, bytes);
    await write(`${path}2`, bytes, [[4 * MiB, Buffer.alloc(MiB, 7)]]);
    const reader = await local.openForReading(`${path}2`);
    const [aligned, rest] = [local.alignedBuffer(8 * MiB), Buffer.alloc(MiB + 5, 1)];
    expect(await reader.read(aligned, 0)).toBe(8 * MiB);
    expect(aligned[4 * MiB - 1]).toBe(0);
    expect(aligned.subarray(4 * MiB, 5 * MiB).every((byte) => byte === 7)).toBe(true);
    expect(await reader.read(rest, 8 * MiB)).toBe(MiB + 5);
    expect(rest.every((byte) => byte === 0)).toBe(true);
    expect(await reader.read(Buffer.alloc(10), bytes)).toBe(0);
    await reader.close();
  });

  it('is a file: nothing hangs on a pipe, and a folder is refused', async () => {
    const directory = await folder();
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    await expect(local.openForReading(join(directory, 'pipe'))).rejects.toMatchObject({ errno: 'EINVAL' });
    await expect(local.openForReading(directory)).rejects.toMatchObject({ errno: 'EISDIR' });
    await expect(local.openForReading(join(directory, 'none'))).rejects.toMatchObject({ errno: 'ENOENT' });
  });
});

describe('a folder', () => {
  it('lists its names, and says which of them are not valid', async () => {
    const directory = await folder();
    await writeFile(join(directory, 'ünï 🎉'), '');
    await writeFile(Buffer.concat([Buffer.from(`${directory}/bad-`), Buffer.from([0xff, 0xfe])]), '');
    const found = [];
    for await (const name of local.list(directory)) found.push(name);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({ name: 'ünï 🎉' });
    expect(found).toContainEqual({ shown: 'bad-\ufffd\ufffd', problem: 'has a name that is not valid UTF-8' });
  });

  it('describes what is in it, symlinks as such or as what they lead to', async () => {
    const directory = await folder();
    await writeFile(join(directory, 'file'), '12345');
    await symlink('file', join(directory, 'link'));
    await symlink('nowhere', join(directory, 'dangling'));
    const describe = (name: string, links: 'follow' | 'keep') => local.describe(join(directory, name), links);
    expect(await describe('file', 'keep')).toMatchObject({ kind: 'file', bytes: 5 });
    expect(await describe('link', 'keep')).toMatchObject({ kind: 'symlink' });
    expect(await describe('link', 'follow')).toMatchObject({ kind: 'file', bytes: 5 });
    expect(await describe('dangling', 'follow')).toBeUndefined();
    expect(await describe('dangling', 'keep')).toMatchObject({ kind: 'symlink' });
    expect(await describe('none', 'keep')).toBeUndefined();
    expect(await describe('file/below', 'keep')).toBeUndefined();
    expect(await local.describe('/dev/null', 'keep')).toMatchObject({ kind: 'other' });
  });

  it('gets symlinks with their times, in place of others', async () => {
    const path = join(await folder(), 'link');
    await symlink('old', path);
    await local.makeSymlink(path, '../new', { seconds: 5, nanoseconds: 0 });
    expect(await readlink(path)).toBe('../new');
    expect((await lstat(path)).mtimeMs).toBe(5000);
    expect(await local.readLink(path)).toBe('../new');
  });

  it('gets its attributes, also when it is closed by them', async () => {
    const path = join(await folder(), 'a', 'b');
    await local.makeDirectory(path);
    await local.makeDirectory(path);
    await local.setAttributes(path, { mode: 0o500, modified: { seconds: -7, nanoseconds: 0 } });
    const found = await stat(path);
    expect([found.mode & 0o7777, found.mtimeMs]).toEqual([0o500, -7000]);
  });
});
