import { FileSystemError, type FileHandle, type FileStat, type FileSystem, type OpenMode } from '../../../src/ports/index.js';

/** A file system whose process dies: from the nth operation on nothing happens any more. Counts as the simulated one does. */
export class MortalFileSystem implements FileSystem {
  readonly #inner: FileSystem;
  readonly #handles = new Set<FileHandle>();
  #left = Number.POSITIVE_INFINITY;

  constructor(inner: FileSystem) {
    this.#inner = inner;
  }

  dieAt(nth: number): void {
    this.#left = nth;
  }

  /** What the operating system does for a dead process. */
  async closeHandles(): Promise<void> {
    this.#left = 0;
    await Promise.all([...this.#handles].map((handle) => handle.close()));
    this.#handles.clear();
  }

  open(path: string, mode: OpenMode, options: { readonly direct?: boolean } = {}): Promise<FileHandle> {
    return this.#run('open', path, async () => {
      const handle = await this.#inner.open(path, mode, options);
      this.#handles.add(handle);
      return this.#mortal(path, handle);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run('rename', from, () => this.#inner.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.#run('unlink', path, () => this.#inner.unlink(path));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#run('makeDirectory', path, () => this.#inner.makeDirectory(path));
  }

  removeDirectory(path: string): Promise<void> {
    return this.#run('removeDirectory', path, () => this.#inner.removeDirectory(path));
  }

  readDirectory(path: string): Promise<readonly string[]> {
    return this.#run('readDirectory', path, () => this.#inner.readDirectory(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#run('syncDirectory', path, () => this.#inner.syncDirectory(path));
  }

  stat(path: string): Promise<FileStat> {
    return this.#run('stat', path, () => this.#inner.stat(path));
  }

  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
    return this.#run('space', path, () => this.#inner.space(path));
  }

  alignedBuffer(bytes: number): Uint8Array {
    return this.#inner.alignedBuffer(bytes);
  }

  #mortal(path: string, handle: FileHandle): FileHandle {
    return {
      read: (buffer, position) => this.#run('read', path, () => handle.read(buffer, position)),
      write: (bytes, position) => this.#run('write', path, () => handle.write(bytes, position)),
      sync: () => this.#run('sync', path, () => handle.sync()),
      truncate: (length) => this.#run('truncate', path, () => handle.truncate(length)),
      size: () => this.#run('size', path, () => handle.size()),
      close: () =>
        this.#run('close', path, async () => {
          this.#handles.delete(handle);
          await handle.close();
        }),
    };
  }

  async #run<Value>(operation: string, path: string, effect: () => Promise<Value>): Promise<Value> {
    this.#left -= 1;
    if (this.#left <= 0) throw new FileSystemError('ESHUTDOWN', operation, path);
    return effect();
  }
}
