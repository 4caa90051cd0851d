import { FileSystemError, type FileHandle, type FileStat, type FileSystem, type OpenMode } from '../../src/ports/index.js';

/** A real file system whose syncs fail while it is told so, as those of a dying disk do. */
export class FailingFileSystem implements FileSystem {
  failing: 'EIO' | 'ENOSPC' | undefined;
  readonly #real: FileSystem;

  constructor(real: FileSystem) {
    this.#real = real;
  }

  async open(path: string, mode: OpenMode, options?: { readonly direct?: boolean }): Promise<FileHandle> {
    const handle = await this.#real.open(path, mode, options);
    return {
      read: (buffer, position) => handle.read(buffer, position),
      write: (bytes, position) => handle.write(bytes, position),
      sync: async () => {
        if (this.failing !== undefined) throw new FileSystemError(this.failing, 'sync', path);
        await handle.sync();
      },
      truncate: (length) => handle.truncate(length),
      size: () => handle.size(),
      close: () => handle.close(),
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#real.rename(from, to);
  }

  unlink(path: string): Promise<void> {
    return this.#real.unlink(path);
  }

  makeDirectory(path: string): Promise<void> {
    return this.#real.makeDirectory(path);
  }

  removeDirectory(path: string): Promise<void> {
    return this.#real.removeDirectory(path);
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return this.#real.readDirectory(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#real.syncDirectory(path);
  }

  stat(path: string): Promise<FileStat> {
    return this.#real.stat(path);
  }

  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.#real.space(path);
  }

  alignedBuffer(bytes: number): Uint8Array {
    return this.#real.alignedBuffer(bytes);
  }
}
