import { CollectiveError } from '../../../base/index.js';
import { type FileSystem, isFileSystemError } from '../../../ports/index.js';

/** Grown by so much, the files are counted again. */
const COUNTED_AGAIN_BYTES = 1024 ** 2;

/** How much room the copy of a log takes on the disk, and how much it may. */
export class CopySize {
  readonly limitBytes: number;
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  #countedBytes = 0;
  #grownBytes = 0;

  constructor(fileSystem: FileSystem, directory: string, limitBytes: number) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#countedBytes + this.#grownBytes;
  }

  get isFull(): boolean {
    return this.bytes >= this.limitBytes;
  }

  /** A block was stored. */
  grew(bytes: number): void {
    this.#grownBytes += bytes;
  }

  get countDue(): boolean {
    return this.#grownBytes >= COUNTED_AGAIN_BYTES;
  }

  /** Error: IO_FAILED. */
  async count(): Promise<void> {
    try {
      let bytes = 0;
      for (const name of await this.#names()) {
        bytes += (await this.#fileSystem.stat(`${this.#directory}/${name}`)).bytes;
      }
      this.#countedBytes = bytes;
      this.#grownBytes = 0;
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      throw new CollectiveError('IO_FAILED', `The copy of a log cannot be looked at: ${error.message}.`, { cause: error });
    }
  }

  /** None before the first block. */
  async #names(): Promise<readonly string[]> {
    try {
      return await this.#fileSystem.readDirectory(this.#directory);
    } catch (error) {
      if (isFileSystemError(error) && error.errno === 'ENOENT') return [];
      throw error;
    }
  }
}
