import { FileSystemError, type FileHandle } from '../../../src/ports/index.js';
import type { FileSystemOperation } from './file-system-faults.js';
import type { FileItem } from './folder.js';

const BLOCK_BYTES = 4096;

/** What a handle needs of the file system it belongs to. */
export interface HandleHost {
  run<Value>(operation: FileSystemOperation, effect: () => Value, failed?: () => void): Promise<Value>;
  /** Free bytes. */
  room(): number;
  isAligned(bytes: Uint8Array): boolean;
  nowMs(): number;
  closed(): void;
}

export interface OpenedFile {
  readonly path: string;
  readonly item: FileItem;
  readonly writable: boolean;
  readonly direct: boolean;
}

const roundedUp = (length: number): number => Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;

/** An open file of a SimFileSystem. Stricter than a real one: a direct write that is not aligned is refused (EINVAL). */
export class SimFileHandle implements FileHandle {
  readonly #host: HandleHost;
  readonly #file: OpenedFile;
  #open = true;

  constructor(host: HandleHost, file: OpenedFile) {
    this.#host = host;
    this.#file = file;
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#run('read', () => this.#file.item.content.read(buffer, position));
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.#run('write', () => {
      this.#checkWritable('write');
      const aligned = bytes.length % BLOCK_BYTES === 0 && position % BLOCK_BYTES === 0 && this.#host.isAligned(bytes);
      if (this.#file.direct && bytes.length > 0 && !aligned) this.#fail('EINVAL', 'write');
      const { content } = this.#file.item;
      const growth = roundedUp(position + bytes.length) - roundedUp(content.length);
      const room = this.#host.room();
      this.#touch();
      if (growth <= room) {
        content.write(bytes, position);
        return;
      }
      // As on a real disk, what fits is written before the rest fails.
      const end = roundedUp(content.length) + Math.max(0, Math.floor(room / BLOCK_BYTES)) * BLOCK_BYTES;
      if (end > position) content.write(bytes.subarray(0, end - position), position);
      this.#fail('ENOSPC', 'write');
    });
  }

  sync(): Promise<void> {
    const { content } = this.#file.item;
    const covered = content.changes;
    const failed = (): void => content.failSync(covered);
    return this.#run('sync', () => content.sync(covered), failed);
  }

  truncate(length: number): Promise<void> {
    return this.#run('truncate', () => {
      this.#checkWritable('truncate');
      this.#touch();
      this.#file.item.content.truncate(length);
    });
  }

  size(): Promise<number> {
    return this.#run('size', () => this.#file.item.content.length);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#host.run('close', () => this.#host.closed());
  }

  #run<Value>(operation: FileSystemOperation, effect: () => Value, failed?: () => void): Promise<Value> {
    return this.#host.run(
      operation,
      () => {
        if (!this.#open) this.#fail('EBADF', operation);
        return effect();
      },
      failed,
    );
  }

  #checkWritable(operation: string): void {
    if (!this.#file.writable) this.#fail('EBADF', operation);
  }

  #touch(): void {
    this.#file.item.modifiedMs = this.#host.nowMs();
  }

  #fail(errno: string, operation: string): never {
    throw new FileSystemError(errno, operation, this.#file.path);
  }
}
