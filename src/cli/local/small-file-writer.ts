import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import type { LocalAttributes, LocalWriter } from '../../client/index.js';
import { on, secondsOf } from './stats.js';

export interface NewFile {
  /** Where the file is to be. */
  readonly path: string;
  /** Where it is until it is whole, in the same folder. */
  readonly temporary: string;
  readonly bytes: number;
}

/** A small file: as few calls to the operating system as there can be, because there may be many such files. */
export class SmallFileWriter implements LocalWriter {
  readonly #file: NewFile;
  readonly #handle: FileHandle;
  #open = true;
  #written = 0;

  private constructor(file: NewFile, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  static async create(file: NewFile): Promise<SmallFileWriter> {
    return new SmallFileWriter(file, await on('create', file.path, () => open(file.temporary, 'wx', 0o600)));
  }

  /** Beginning anew costs less than looking. */
  readonly leftBytes = 0;

  recall(): Promise<number> {
    return Promise.resolve(0);
  }

  clear(): Promise<void> {
    return Promise.resolve();
  }

  write(bytes: Uint8Array, _padded: Uint8Array, position: number): Promise<void> {
    return on('write', this.#file.path, async () => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
      this.#written = Math.max(this.#written, position + bytes.length);
    });
  }

  finish(bytes: number, { mode, modified }: LocalAttributes): Promise<void> {
    return on('write', this.#file.path, async () => {
      if (this.#written < bytes) await this.#handle.truncate(bytes);
      await this.#handle.utimes(secondsOf(modified), secondsOf(modified));
      await this.#handle.chmod(mode);
      await this.#handle.datasync();
      await this.#close();
      await rename(this.#file.temporary, this.#file.path);
    });
  }

  leave(): Promise<void> {
    return this.discard();
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
