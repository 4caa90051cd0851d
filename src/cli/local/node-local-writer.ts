import { open, type FileHandle } from 'node:fs/promises';
import { rename, unlink } from 'node:fs/promises';
import type { LocalAttributes, LocalWriter } from '../../client/index.js';
import { on, secondsOf } from './stats.js';

export interface NodeLocalWriterOptions {
  /** Where the file is to be. */
  readonly path: string;
  /** Where it is until it is whole, in the same folder. */
  readonly temporary: string;
}

/** A file under a name of its own until it is whole. Holes of the original stay holes. */
export class NodeLocalWriter implements LocalWriter {
  readonly #options: NodeLocalWriterOptions;
  readonly #handle: FileHandle;
  #open = true;
  /** End of what was written. */
  #written = 0;

  private constructor(options: NodeLocalWriterOptions, handle: FileHandle) {
    this.#options = options;
    this.#handle = handle;
  }

  static async create(options: NodeLocalWriterOptions): Promise<NodeLocalWriter> {
    return new NodeLocalWriter(options, await on('create', options.path, () => open(options.temporary, 'wx', 0o600)));
  }

  write(bytes: Uint8Array, _padded: Uint8Array, position: number): Promise<void> {
    return on('write', this.#options.path, async () => {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
      this.#written = Math.max(this.#written, position + bytes.length);
    });
  }

  finish(bytes: number, { mode, modified }: LocalAttributes): Promise<void> {
    const { path, temporary } = this.#options;
    return on('write', path, async () => {
      if (bytes > this.#written) await this.#handle.truncate(bytes);
      await this.#handle.utimes(secondsOf(modified), secondsOf(modified));
      await this.#handle.chmod(mode);
      await this.#handle.sync();
      await this.#close();
      await rename(temporary, path);
    });
  }

  async discard(): Promise<void> {
    const { path, temporary } = this.#options;
    await on('discard', path, async () => {
      await this.#close();
      await unlink(temporary);
    });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}
