import { constants } from 'node:fs';
import {
  chmod,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex } from '../../base/index.js';
import type {
  FileTime,
  LocalAttributes,
  LocalEntry,
  LocalFiles,
  LocalName,
  LocalReader,
  LocalWriter,
} from '../../client/index.js';
import { FileSystemError, type FileSystem, type Random } from '../../ports/index.js';
import { DIRECT_FROM_BYTES, LargeFileWriter } from './large-file-writer.js';
import { entryOf, errnoOf, failure, on, secondsOf } from './stats.js';
import { isPartialName, PartialFiles } from './partial-files.js';
import { NodeLocalReader } from './node-local-reader.js';
import { SmallFileWriter } from './small-file-writer.js';

/** The user's own files, by the operating system's rules. */
export class NodeLocalFiles implements LocalFiles {
  readonly #fileSystem: FileSystem;
  readonly #random: Random;
  readonly #partial: PartialFiles;

  constructor(ports: { readonly fileSystem: FileSystem; readonly random: Random }) {
    this.#fileSystem = ports.fileSystem;
    this.#random = ports.random;
    this.#partial = new PartialFiles(ports.random);
  }

  async describe(path: string, links: 'follow' | 'keep'): Promise<LocalEntry | undefined> {
    try {
      return entryOf(await (links === 'follow' ? stat : lstat)(path, { bigint: true }));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
      throw failure('stat', path, error);
    }
  }

  async *list(directory: string): AsyncGenerator<LocalName, void> {
    // As bytes: a name that is not UTF-8 would come back as another name.
    for (const bytes of await on('list', directory, () => readdir(directory, { encoding: 'buffer' }))) {
      const name = bytes.toString('utf8');
      if (isPartialName(name)) continue;
      if (Buffer.from(name, 'utf8').equals(bytes)) yield { name };
      else yield { shown: name, problem: 'has a name that is not valid UTF-8' };
    }
  }

  readLink(path: string): Promise<string> {
    return on('readlink', path, () => readlink(path));
  }

  async openForReading(path: string): Promise<LocalReader> {
    // Not to hang on a pipe that took the file's place.
    const handle = await on('open', path, () => open(path, constants.O_RDONLY | constants.O_NONBLOCK));
    try {
      const found = await on('stat', path, () => handle.stat({ bigint: true }));
      if (!found.isFile()) throw new FileSystemError(found.isDirectory() ? 'EISDIR' : 'EINVAL', 'open', path);
      return await NodeLocalReader.of(path, handle, found);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async create(path: string, bytes: number): Promise<LocalWriter> {
    const there = await this.describe(path, 'keep');
    if (there?.kind === 'directory') throw new FileSystemError('EISDIR', 'create', path);
    if (there?.kind === 'other') throw new FileSystemError('EEXIST', 'create', path);
    const temporary = this.#partial.nameFor(path);
    const file = { path, temporary, bytes };
    if (bytes < DIRECT_FROM_BYTES) {
      await this.#partial.removeFor(path);
      return SmallFileWriter.create(file);
    }
    const left = await this.#partial.take(path, temporary);
    return left === undefined ? LargeFileWriter.create(file, this.#fileSystem) : LargeFileWriter.resume(file, this.#fileSystem);
  }

  async makeDirectory(path: string): Promise<void> {
    await on('mkdir', path, () => mkdir(path, { recursive: true }));
  }

  async makeSymlink(path: string, target: string, modified: FileTime): Promise<void> {
    const temporary = join(dirname(path), `.collective-${toHex(this.#random.bytes(8))}.link`);
    await on('symlink', path, async () => {
      await symlink(target, temporary);
      try {
        await lutimes(temporary, secondsOf(modified), secondsOf(modified));
        await rename(temporary, path);
      } catch (error) {
        await unlink(temporary);
        throw error;
      }
    });
  }

  async setAttributes(path: string, { mode, modified }: LocalAttributes): Promise<void> {
    await on('utimes', path, () => utimes(path, secondsOf(modified), secondsOf(modified)));
    await on('chmod', path, () => chmod(path, mode));
  }

  async remove(path: string): Promise<void> {
    await on('remove', path, () => rm(path, { recursive: true, force: true }));
  }

  alignedBuffer(bytes: number): Uint8Array {
    return this.#fileSystem.alignedBuffer(bytes);
  }
}
