import { type FileSystem, isFileSystemError } from '../../../ports/index.js';

/**
 * A file that is there while events that views may have seen are taken out of a copy: a crash in between leaves it, and the next
 * start then builds the views of that origin anew.
 */
export class StaleMarker {
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  readonly #path: string;

  constructor(fileSystem: FileSystem, folder: string, name: string) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.#path = `${folder}/${name}`;
  }

  /** Durable when it resolves. */
  async set(): Promise<void> {
    if (await this.isSet()) return;
    const handle = await this.#fileSystem.open(this.#path, 'create-new');
    await handle.close();
    await this.#fileSystem.syncDirectory(this.#folder);
  }

  async isSet(): Promise<boolean> {
    try {
      await this.#fileSystem.stat(this.#path);
      return true;
    } catch (error) {
      if (isFileSystemError(error) && error.errno === 'ENOENT') return false;
      throw error;
    }
  }

  async clear(): Promise<void> {
    if (!(await this.isSet())) return;
    await this.#fileSystem.unlink(this.#path);
    await this.#fileSystem.syncDirectory(this.#folder);
  }
}
