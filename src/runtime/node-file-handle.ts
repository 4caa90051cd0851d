import { constants } from 'node:fs';
import { open, type FileHandle as NodeHandle } from 'node:fs/promises';
import { FileSystemError, type FileHandle } from '../ports/index.js';
import { BLOCK_BYTES } from './aligned-slabs.js';
import { attempt, errnoOf } from './file-system-failure.js';

/**
 * One open file. While `direct`, reads and writes bypass the page cache; the first one that the file system refuses
 * (EINVAL) turns the file into a buffered one.
 */
export class NodeFileHandle implements FileHandle {
  readonly #path: string;
  readonly #onDirectRefused: (path: string) => void;
  #handle: NodeHandle;
  #direct: boolean;
  #fallingBack: Promise<void> | undefined;

  constructor(path: string, handle: NodeHandle, direct: boolean, onDirectRefused: (path: string) => void) {
    this.#path = path;
    this.#handle = handle;
    this.#direct = direct;
    this.#onDirectRefused = onDirectRefused;
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return attempt('read', this.#path, async () => {
      let filled = 0;
      while (filled < buffer.length) {
        const bytesRead = await this.#orBuffered(async (handle) => {
          return (await handle.read(buffer, filled, buffer.length - filled, position + filled)).bytesRead;
        });
        filled += bytesRead;
        // A direct read stops inside a block only at the end of the file, and could not go on from there.
        if (bytesRead === 0 || (this.#direct && bytesRead % BLOCK_BYTES !== 0)) break;
      }
      return filled;
    });
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return attempt('write', this.#path, async () => {
      let written = 0;
      while (written < bytes.length) {
        written += await this.#orBuffered(async (handle) => {
          return (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
        });
      }
    });
  }

  sync(): Promise<void> {
    return attempt('sync', this.#path, () => this.#handle.datasync());
  }

  truncate(length: number): Promise<void> {
    return attempt('truncate', this.#path, () => this.#handle.truncate(length));
  }

  size(): Promise<number> {
    return attempt('size', this.#path, async () => (await this.#handle.stat()).size);
  }

  close(): Promise<void> {
    return attempt('close', this.#path, () => this.#handle.close());
  }

  async #orBuffered(run: (handle: NodeHandle) => Promise<number>): Promise<number> {
    const handle = this.#handle;
    try {
      return await run(handle);
    } catch (error) {
      if (!this.#direct && handle === this.#handle) throw error;
      if (errnoOf(error) !== 'EINVAL') throw error;
      this.#fallingBack ??= this.#becomeBuffered();
      await this.#fallingBack;
      return run(this.#handle);
    }
  }

  async #becomeBuffered(): Promise<void> {
    const direct = this.#handle;
    const buffered = await open(this.#path, constants.O_RDWR);
    const [before, after] = await Promise.all([direct.stat({ bigint: true }), buffered.stat({ bigint: true })]);
    if (before.ino !== after.ino || before.dev !== after.dev) {
      await buffered.close();
      throw new FileSystemError('ESTALE', 'reopen buffered', this.#path);
    }
    this.#handle = buffered;
    this.#direct = false;
    await direct.close();
    this.#onDirectRefused(this.#path);
  }
}
