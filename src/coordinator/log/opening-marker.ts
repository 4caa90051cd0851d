import { type FileSystem, isFileSystemError } from '../../ports/index.js';

/**
 * A file that is there while something is opened that may end the process at once, as native code does at some damaged files.
 * Its length is how many tries have not come to an end: so it needs no parsing, and garbage in it only counts as more of them.
 */
export class OpeningMarker {
  readonly #fileSystem: FileSystem;
  readonly #path: string;

  constructor(fileSystem: FileSystem, path: string) {
    this.#fileSystem = fileSystem;
    this.#path = path;
  }

  /** Notes this try; how many before it did not come to an end. */
  async begin(): Promise<number> {
    const before = await this.#tries();
    const handle = await this.#fileSystem.open(this.#path, before === undefined ? 'create-new' : 'read-write');
    try {
      await handle.write(Uint8Array.of(1), before ?? 0);
    } finally {
      await handle.close();
    }
    return before ?? 0;
  }

  /** This try came to an end, good or bad. */
  async end(): Promise<void> {
    await this.#fileSystem.unlink(this.#path);
  }

  async #tries(): Promise<number | undefined> {
    try {
      return (await this.#fileSystem.stat(this.#path)).bytes;
    } catch (error) {
      if (isFileSystemError(error) && error.errno === 'ENOENT') return undefined;
      throw error;
    }
  }
}
