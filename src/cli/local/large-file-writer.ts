import { chmod, rename, unlink, utimes } from 'node:fs/promises';
import { isAllZero } from '../../chunks/index.js';
import type { LocalAttributes, LocalWriter } from '../../client/index.js';
import type { FileHandle, FileSystem } from '../../ports/index.js';
import type { NewFile } from './small-file-writer.js';
import { on, secondsOf } from './stats.js';

/** From here on writing past the page cache takes less of the processor than through it. */
export const DIRECT_FROM_BYTES = 4 * 1024 * 1024;

const ZERO_STEP_BYTES = 1024 * 1024;

/**
 * A large file, written past the page cache. Holes of the original stay holes. It can go on with what an earlier try left, and
 * be left itself.
 */
export class LargeFileWriter implements LocalWriter {
  readonly leftBytes: number;
  readonly #file: NewFile;
  readonly #handle: FileHandle;
  /** The same file through the page cache, for what was left of it. */
  readonly #buffered: FileHandle | undefined;
  #open = true;
  #wrote = false;

  private constructor(file: NewFile, handle: FileHandle, left?: { readonly handle: FileHandle; readonly bytes: number }) {
    this.#file = file;
    this.#handle = handle;
    this.#buffered = left?.handle;
    this.leftBytes = left?.bytes ?? 0;
  }

  static async create(file: NewFile, fileSystem: FileSystem): Promise<LargeFileWriter> {
    const { path, temporary } = file;
    return new LargeFileWriter(file, await on('create', path, () => fileSystem.open(temporary, 'create-new', { direct: true })));
  }

  /** Goes on with the file that is under the temporary name already. */
  static async resume(file: NewFile, fileSystem: FileSystem): Promise<LargeFileWriter> {
    return on('open', file.path, async () => {
      const handle = await fileSystem.open(file.temporary, 'read-write', { direct: true });
      try {
        const buffered = await fileSystem.open(file.temporary, 'read-write');
        return new LargeFileWriter(file, handle, { handle: buffered, bytes: await handle.size() });
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  async recall(buffer: Uint8Array, position: number): Promise<number> {
    const handle = this.#buffered;
    return handle === undefined ? 0 : on('read', this.#file.path, () => handle.read(buffer, position));
  }

  write(bytes: Uint8Array, padded: Uint8Array, position: number): Promise<void> {
    this.#wrote = true;
    // What is behind the end of the file is cut off at last; in the middle it would be somebody else's place.
    const last = position + bytes.length === this.#file.bytes;
    return on('write', this.#file.path, () => this.#handle.write(last ? padded : bytes, position));
  }

  async clear(length: number, position: number): Promise<void> {
    const handle = this.#buffered;
    const end = Math.min(position + length, this.leftBytes);
    if (handle === undefined || position >= end) return;
    await on('write', this.#file.path, async () => {
      const buffer = new Uint8Array(Math.min(ZERO_STEP_BYTES, end - position));
      for (let at = position; at < end; at += buffer.length) {
        const part = buffer.subarray(0, Math.min(buffer.length, end - at));
        const there = part.subarray(0, await handle.read(part, at));
        if (!isAllZero(there)) await handle.write(there.fill(0), at);
      }
    });
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

  async leave(): Promise<void> {
    if (!this.#wrote && this.leftBytes === 0) await this.discard();
    else await on('close', this.#file.path, () => this.#close());
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
    await this.#buffered?.close();
    await this.#handle.close();
  }
}
