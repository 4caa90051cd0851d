import { chmod, rename, unlink, utimes } from 'node:fs/promises';
import type { LocalAttributes, LocalWriter } from '../../client/index.js';
import type { FileHandle, FileSystem } from '../../ports/index.js';
import type { NewFile } from './small-file-writer.js';
import { on, secondsOf } from './stats.js';

/** From here on writing past the page cache takes less of the processor than through it. */
export const DIRECT_FROM_BYTES = 4 * 1024 * 1024;

/** A large file, written past the page cache. Holes of the original stay holes. */
export class LargeFileWriter implements LocalWriter {
  readonly #file: NewFile;
  readonly #handle: FileHandle;
  #open = true;

  private constructor(file: NewFile, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  static async create(file: NewFile, fileSystem: FileSystem): Promise<LargeFileWriter> {
    const { path, temporary } = file;
    return new LargeFileWriter(file, await on('create', path, () => fileSystem.open(temporary, 'create-new', { direct: true })));
  }

  write(bytes: Uint8Array, padded: Uint8Array, position: number): Promise<void> {
    // What is behind the end of the file is cut off at last; in the middle it would be somebody else's place.
    const last = position + bytes.length === this.#file.bytes;
    return on('write', this.#file.path, () => this.#handle.write(last ? padded : bytes, position));
  }

  finish(bytes: number, { mode, modified }: LocalAttributes): Promise<void> {
    const { path, temporary } = this.#file;
    return on('write', path, async () => {
      if ((await this.#handle.size()) !== bytes) await this.#handle.truncate(bytes);
      await this.#handle.sync();
      await this.#close();
      await utimes(temporary, secondsOf(modified), secondsOf(modified));
      await chmod(temporary, mode);
      await rename(temporary, path);
    });
  }

  async discard(): Promise<void> {
    await on('discard', this.#file.path, async () => {
      await this.#close();
      await unlink(this.#file.temporary);
    });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}
