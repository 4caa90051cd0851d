import type { ChunkId, MemberId } from '../../base/index.js';
import type { FileHandle, FileSystem, Logger } from '../../ports/index.js';
import { decodeFooter, encodeFooter, type ChunkFooter } from './chunk-footer.js';
import { isMissing } from './failures.js';
import { PAGE_BYTES, padToPage, type StoreLayout } from './layout.js';

/** What reading a chunk's file came to. */
export type FileReading =
  | { readonly kind: 'whole'; readonly footer: ChunkFooter }
  | { readonly kind: 'missing' | 'truncated' | 'altered' };

/** Chunks that have a file each: `chunks/<2 hex>/<id>`, data padded to a page, then the footer page. */
export class ChunkFiles {
  readonly #fileSystem: FileSystem;
  readonly #layout: StoreLayout;
  readonly #logger: Logger;
  readonly #unsyncedFolders = new Set<string>();
  #temporaryFiles = 0;

  constructor(fileSystem: FileSystem, layout: StoreLayout, logger: Logger) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#logger = logger;
  }

  /**
   * Writes and syncs the file and gives it its name, which is durable only after `syncFolders`. `buffer` holds the chunk and
   * has room for its padding and footer. A FileSystemError leaves nothing behind.
   */
  async write(chunk: ChunkFooter, buffer: Uint8Array): Promise<void> {
    const dataEnd = padToPage(chunk.lengthBytes);
    buffer.fill(0, chunk.lengthBytes, dataEnd);
    encodeFooter(buffer.subarray(dataEnd, dataEnd + PAGE_BYTES), chunk);
    this.#temporaryFiles += 1;
    const temporary = this.#layout.temporaryFile(this.#temporaryFiles);
    const handle = await this.#fileSystem.open(temporary, 'create-new', { direct: true });
    try {
      await closing(handle, async () => {
        await handle.write(buffer.subarray(0, dataEnd + PAGE_BYTES), 0);
        await handle.sync();
      });
      await this.#fileSystem.rename(temporary, this.#layout.chunkFile(chunk.chunkId));
    } catch (error) {
      await this.#discard(temporary);
      throw error;
    }
    this.#unsyncedFolders.add(this.#layout.folderOf(chunk.chunkId));
  }

  /** Makes the names of everything written before this call durable. After a failure none of them may be relied on. */
  async syncFolders(): Promise<void> {
    const folders = [...this.#unsyncedFolders];
    this.#unsyncedFolders.clear();
    await Promise.all(folders.map((folder) => this.#fileSystem.syncDirectory(this.#layout.chunkFolder(folder))));
  }

  /** Reads the chunk and its footer into `buffer`. The data is not hashed: only its length and the footer are checked. */
  async readWhole(chunkId: ChunkId, lengthBytes: number, buffer: Uint8Array): Promise<FileReading> {
    const bytes = padToPage(lengthBytes) + PAGE_BYTES;
    const read = await this.#withFile(chunkId, (handle) => handle.read(buffer.subarray(0, bytes), 0));
    if (read === undefined) return { kind: 'missing' };
    if (read < bytes) return { kind: 'truncated' };
    return checked(buffer.subarray(bytes - PAGE_BYTES, bytes), chunkId, lengthBytes);
  }

  /** Reads the footer, and the run of bytes from `offset` on into all of `run`. */
  async readRun(chunkId: ChunkId, lengthBytes: number, offset: number, run: Uint8Array): Promise<FileReading> {
    const page = new Uint8Array(PAGE_BYTES);
    const read = await this.#withFile(chunkId, async (handle) => {
      return (await handle.read(page, padToPage(lengthBytes))) + (await handle.read(run, offset));
    });
    if (read === undefined) return { kind: 'missing' };
    if (read < PAGE_BYTES + run.length) return { kind: 'truncated' };
    return checked(page, chunkId, lengthBytes);
  }

  /** Whether the file is there and has its length. */
  async looksWhole(chunkId: ChunkId, lengthBytes: number): Promise<boolean> {
    try {
      const stat = await this.#fileSystem.stat(this.#layout.chunkFile(chunkId));
      return stat.kind === 'file' && stat.bytes === padToPage(lengthBytes) + PAGE_BYTES;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  /** What the file says it is, for a file that nothing else knows; undefined if it says nothing credible. */
  async describe(chunkId: ChunkId): Promise<{ readonly lengthBytes: number; readonly origin: MemberId } | undefined> {
    const page = new Uint8Array(PAGE_BYTES);
    const read = await this.#withFile(chunkId, async (handle) => {
      const size = await handle.size();
      return size < 2 * PAGE_BYTES ? 0 : handle.read(page, size - PAGE_BYTES);
    });
    const footer = read === PAGE_BYTES ? decodeFooter(page) : undefined;
    return footer?.chunkId === chunkId ? footer : undefined;
  }

  async remove(chunkId: ChunkId): Promise<void> {
    await this.#fileSystem.unlink(this.#layout.chunkFile(chunkId));
  }

  async #withFile(chunkId: ChunkId, read: (handle: FileHandle) => Promise<number>): Promise<number | undefined> {
    let handle: FileHandle;
    try {
      handle = await this.#fileSystem.open(this.#layout.chunkFile(chunkId), 'read');
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    return closing(handle, () => read(handle));
  }

  async #discard(path: string): Promise<void> {
    try {
      await this.#fileSystem.unlink(path);
    } catch (error) {
      // Swept at the next start; a failing disk is being reported by the error that led here.
      if (!isMissing(error)) this.#logger.warn('temporary chunk file stays behind', { path, error });
    }
  }
}

function checked(page: Uint8Array, chunkId: ChunkId, lengthBytes: number): FileReading {
  const footer = decodeFooter(page);
  const whole = footer?.chunkId === chunkId && footer.lengthBytes === lengthBytes;
  return whole ? { kind: 'whole', footer } : { kind: 'altered' };
}

/** Runs the task and closes the file; the task's failure counts before that of closing. */
export async function closing<Value>(handle: FileHandle, task: () => Promise<Value>): Promise<Value> {
  let value: Value;
  try {
    value = await task();
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return value;
}
