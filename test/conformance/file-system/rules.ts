import { expect } from 'vitest';
import { concatBytes, equalBytes } from '../../../src/base/index.js';
import type { FileSystem } from '../../../src/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';

export interface FileSystemSubject {
  readonly fileSystem: FileSystem;
  /** An empty folder to work in. */
  readonly root: string;
}

const bytes = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 7 + seed) & 255);

export async function writeNew({ fileSystem, root }: FileSystemSubject, name: string, content: Uint8Array): Promise<string> {
  const path = `${root}/${name}`;
  const handle = await fileSystem.open(path, 'create-new');
  await handle.write(content, 0);
  await handle.sync();
  await handle.close();
  return path;
}

export async function readAll(fileSystem: FileSystem, path: string): Promise<Uint8Array> {
  const handle = await fileSystem.open(path, 'read');
  const content = new Uint8Array(await handle.size());
  await handle.read(content, 0);
  await handle.close();
  return content;
}

const fileRules: readonly Rule<FileSystemSubject>[] = [
  [
    'what is written is read, at any position',
    async ({ fileSystem, root }) => {
      const handle = await fileSystem.open(`${root}/file`, 'create-new');
      await handle.write(bytes(5000), 0);
      await handle.write(bytes(100, 9), 4000);
      const part = new Uint8Array(200);
      expect(await handle.read(part, 3950)).toBe(200);
      expect(part.subarray(0, 50)).toEqual(bytes(5000).subarray(3950, 4000));
      expect(part.subarray(50, 150)).toEqual(bytes(100, 9));
      await handle.close();
    },
  ],
  [
    'a read past the end gives what there is',
    async (subject) => {
      const path = await writeNew(subject, 'file', bytes(10));
      const handle = await subject.fileSystem.open(path, 'read');
      const buffer = new Uint8Array(8);
      expect(await handle.read(buffer, 6)).toBe(4);
      expect(buffer).toEqual(Uint8Array.of(...bytes(10).subarray(6), 0, 0, 0, 0));
      expect(await handle.read(buffer, 10)).toBe(0);
      expect(await handle.read(buffer, 1000)).toBe(0);
      expect(await handle.read(new Uint8Array(), 0)).toBe(0);
      await handle.close();
    },
  ],
  [
    'a gap reads as zeros',
    async ({ fileSystem, root }) => {
      const handle = await fileSystem.open(`${root}/file`, 'create-new');
      await handle.write(bytes(4, 200), 9000);
      expect(await handle.size()).toBe(9004);
      const start = new Uint8Array(9000).fill(1);
      expect(await handle.read(start, 0)).toBe(9000);
      expect(start.every((byte) => byte === 0)).toBe(true);
      await handle.close();
    },
  ],
  [
    'truncate cuts, and what it adds reads as zeros',
    async ({ fileSystem, root }) => {
      const handle = await fileSystem.open(`${root}/file`, 'create-new');
      await handle.write(bytes(100), 0);
      await handle.truncate(10);
      await handle.truncate(20);
      await handle.sync();
      await handle.close();
      expect(await readAll(fileSystem, `${root}/file`)).toEqual(Uint8Array.of(...bytes(10), ...new Uint8Array(10)));
    },
  ],
  [
    'create-new makes a private file and refuses one that is there',
    async ({ fileSystem, root }) => {
      await (await fileSystem.open(`${root}/file`, 'create-new')).close();
      expect(await fileSystem.stat(`${root}/file`)).toMatchObject({ kind: 'file', bytes: 0, mode: 0o600 });
      expect(told(await failureOf(fileSystem.open(`${root}/file`, 'create-new')))).toMatch(/^EEXIST:/);
    },
  ],
  [
    'read and read-write refuse what is not there',
    async ({ fileSystem, root }) => {
      expect(told(await failureOf(fileSystem.open(`${root}/none`, 'read')))).toMatch(/^ENOENT:/);
      expect(told(await failureOf(fileSystem.open(`${root}/none`, 'read-write')))).toMatch(/^ENOENT:/);
      expect(told(await failureOf(fileSystem.open(`${root}/none/file`, 'create-new')))).toMatch(/^ENOENT:/);
    },
  ],
  [
    'a file opened for reading is not written',
    async (subject) => {
      const path = await writeNew(subject, 'file', bytes(10));
      const handle = await subject.fileSystem.open(path, 'read');
      expect(told(await failureOf(handle.write(bytes(1), 0)))).toMatch(/^EBADF:/);
      await handle.close();
      expect(await readAll(subject.fileSystem, path)).toEqual(bytes(10));
    },
  ],
  [
    'a closed handle refuses everything, and closing it again is nothing',
    async (subject) => {
      const path = await writeNew(subject, 'file', bytes(10));
      const handle = await subject.fileSystem.open(path, 'read-write');
      await handle.close();
      await handle.close();
      const attempts = [
        () => handle.read(new Uint8Array(1), 0),
        () => handle.write(bytes(1), 0),
        () => handle.sync(),
        () => handle.truncate(0),
        () => handle.size(),
      ];
      for (const attempt of attempts) expect(told(await failureOf(attempt()))).toMatch(/^EBADF:/);
    },
  ],
  [
    'direct writes of whole blocks from aligned buffers are read back, and the tail is cut before the sync',
    async ({ fileSystem, root }) => {
      const handle = await fileSystem.open(`${root}/file`, 'create-new', { direct: true });
      const first = fileSystem.alignedBuffer(65_536);
      const second = fileSystem.alignedBuffer(4096);
      first.set(bytes(65_536));
      second.set(bytes(4096, 77));
      await Promise.all([handle.write(first, 0), handle.write(second, 65_536)]);
      await handle.write(first.subarray(8192, 12_288), 69_632);
      await handle.truncate(70_000);
      await handle.sync();
      await handle.close();
      const content = await readAll(fileSystem, `${root}/file`);
      const expected = concatBytes([bytes(65_536), bytes(4096, 77), bytes(65_536).subarray(8192, 8560)]);
      expect(equalBytes(content, expected)).toBe(true);
    },
  ],
  [
    'aligned buffers are zeroed and apart from each other',
    async ({ fileSystem }) => {
      const buffers = Array.from({ length: 40 }, () => fileSystem.alignedBuffer(1_048_576));
      for (const [index, buffer] of buffers.entries()) {
        expect(buffer.length).toBe(1_048_576);
        expect(buffer[0]).toBe(0);
        buffer.fill(index + 1);
      }
      for (const [index, buffer] of buffers.entries()) expect([buffer[0], buffer.at(-1)]).toEqual([index + 1, index + 1]);
      expect(() => fileSystem.alignedBuffer(100)).toThrow(/multiple/);
    },
  ],
];

const nameRules: readonly Rule<FileSystemSubject>[] = [
  [
    'rename moves, replaces, and leaves one name',
    async (subject) => {
      const { fileSystem, root } = subject;
      const from = await writeNew(subject, 'from', bytes(10, 1));
      const to = await writeNew(subject, 'to', bytes(10, 2));
      await fileSystem.rename(from, to);
      expect(await fileSystem.readDirectory(root)).toEqual(['to']);
      expect(await readAll(fileSystem, to)).toEqual(bytes(10, 1));
      await fileSystem.makeDirectory(`${root}/folder`);
      await fileSystem.rename(to, `${root}/folder/moved`);
      expect(await fileSystem.readDirectory(root)).toEqual(['folder']);
      expect(await readAll(fileSystem, `${root}/folder/moved`)).toEqual(bytes(10, 1));
      expect(told(await failureOf(fileSystem.rename(from, to)))).toMatch(/^ENOENT:/);
    },
  ],
  [
    'an open file outlives its name',
    async (subject) => {
      const path = await writeNew(subject, 'file', bytes(10));
      const handle = await subject.fileSystem.open(path, 'read-write');
      await subject.fileSystem.unlink(path);
      expect(told(await failureOf(subject.fileSystem.stat(path)))).toMatch(/^ENOENT:/);
      await handle.write(bytes(10, 3), 10);
      expect(await handle.size()).toBe(20);
      await handle.close();
    },
  ],
  [
    'unlink takes files and nothing else',
    async ({ fileSystem, root }) => {
      await fileSystem.makeDirectory(`${root}/folder`);
      expect(told(await failureOf(fileSystem.unlink(`${root}/folder`)))).toMatch(/^(EISDIR|EPERM):/);
      expect(told(await failureOf(fileSystem.unlink(`${root}/none`)))).toMatch(/^ENOENT:/);
    },
  ],
  [
    'makeDirectory makes one private folder and refuses one that is there',
    async ({ fileSystem, root }) => {
      await fileSystem.makeDirectory(`${root}/folder`);
      expect(await fileSystem.stat(`${root}/folder`)).toMatchObject({ kind: 'directory', mode: 0o700 });
      expect(told(await failureOf(fileSystem.makeDirectory(`${root}/folder`)))).toMatch(/^EEXIST:/);
      expect(told(await failureOf(fileSystem.makeDirectory(`${root}/none/folder`)))).toMatch(/^ENOENT:/);
    },
  ],
  [
    'removeDirectory removes an empty folder only',
    async ({ fileSystem, root }) => {
      await fileSystem.makeDirectory(`${root}/folder`);
      await fileSystem.makeDirectory(`${root}/folder/inner`);
      expect(told(await failureOf(fileSystem.removeDirectory(`${root}/folder`)))).toMatch(/^ENOTEMPTY:/);
      await fileSystem.removeDirectory(`${root}/folder/inner`);
      await fileSystem.removeDirectory(`${root}/folder`);
      expect(await fileSystem.readDirectory(root)).toEqual([]);
      expect(told(await failureOf(fileSystem.removeDirectory(`${root}/folder`)))).toMatch(/^ENOENT:/);
    },
  ],
  [
    'readDirectory names what is there, in any Unicode',
    async (subject) => {
      const names = ['a', 'ä', '\u00e4\u0308', '日本', '🦊', 'with space', '.hidden'];
      for (const name of names) await writeNew(subject, name, bytes(1));
      await subject.fileSystem.syncDirectory(subject.root);
      expect([...(await subject.fileSystem.readDirectory(subject.root))].sort()).toEqual([...names].sort());
      expect(told(await failureOf(subject.fileSystem.readDirectory(`${subject.root}/none`)))).toMatch(/^ENOENT:/);
      expect(told(await failureOf(subject.fileSystem.readDirectory(`${subject.root}/a`)))).toMatch(/^ENOTDIR:/);
      expect(told(await failureOf(subject.fileSystem.syncDirectory(`${subject.root}/none`)))).toMatch(/^ENOENT:/);
    },
  ],
  [
    'relative paths and NUL characters are refused',
    async ({ fileSystem, root }) => {
      expect(told(await failureOf(fileSystem.stat('file')))).toMatch(/^EINVAL:/);
      expect(told(await failureOf(fileSystem.open('file', 'create-new')))).toMatch(/^EINVAL:/);
      expect(told(await failureOf(fileSystem.rename(`${root}/file`, 'file')))).toMatch(/^EINVAL:/);
      expect(told(await failureOf(fileSystem.open(`${root}/a\0b`, 'create-new')))).toMatch(/^EINVAL:/);
    },
  ],
  [
    'space tells what is free of how much',
    async ({ fileSystem, root }) => {
      const { freeBytes, totalBytes } = await fileSystem.space(root);
      expect(freeBytes).toBeGreaterThan(0);
      expect(freeBytes).toBeLessThanOrEqual(totalBytes);
    },
  ],
];

/** What every FileSystem promises of running programs. Of crashes: see crash-rules.ts. */
export const fileSystemRules: readonly Rule<FileSystemSubject>[] = [...fileRules, ...nameRules];
