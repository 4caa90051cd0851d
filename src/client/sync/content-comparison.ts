import { CollectiveError, LIMITS } from '../../base/index.js';
import { chunkIdOf, isAllZero } from '../../chunks/index.js';
import type { Hasher } from '../../ports/index.js';
import { errorOfFailure } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { LocalFiles } from '../local/local-files.js';

export interface ContentComparisonOptions {
  readonly calls: FilesCalls;
  readonly local: LocalFiles;
  readonly hasher: Hasher;
  readonly signal: AbortSignal;
}

/** Compares a local file with a remote one by the hashes of its chunks: it is read here, and nothing is fetched. */
export class ContentComparison {
  readonly #options: ContentComparisonOptions;
  readonly #buffer: Uint8Array;

  constructor(options: ContentComparisonOptions) {
    this.#options = options;
    this.#buffer = options.local.alignedBuffer(LIMITS.chunkBytesLarge);
  }

  /** Both have `bytes` bytes. Errors: those of the local file as FileSystemErrors, those of ReadFiles. One at a time. */
  async same(localPath: string, remotePath: string, version: number, bytes: number): Promise<boolean> {
    if (bytes === 0) return true;
    const { calls, local, signal } = this.#options;
    const reader = await local.openForReading(localPath);
    try {
      if (reader.bytes !== bytes) return false;
      let end = 0;
      for await (const page of calls.readFiles([{ path: remotePath, version, offsetBytes: 0, lengthBytes: 0 }], signal)) {
        for (const { failure } of page.files) if (failure !== undefined) throw errorOfFailure(failure);
        for (const { chunkId, offsetBytes, lengthBytes } of page.extents) {
          if (offsetBytes !== end) throw new CollectiveError('PROTOCOL_ERROR', `The coordinator lists ${remotePath} with gaps.`);
          end += lengthBytes;
          if (!(await this.#matches(reader, chunkId, offsetBytes, lengthBytes))) return false;
        }
      }
      return end === bytes;
    } finally {
      await reader.close();
    }
  }

  async #matches(
    reader: Awaited<ReturnType<LocalFiles['openForReading']>>,
    chunkId: string,
    offsetBytes: number,
    lengthBytes: number,
  ): Promise<boolean> {
    for (let done = 0; done < lengthBytes; ) {
      const part = this.#buffer.subarray(0, Math.min(lengthBytes - done, this.#buffer.length));
      if ((await reader.read(part, offsetBytes + done)) < part.length) return false;
      if (chunkId === '' ? !isAllZero(part) : chunkIdOf(this.#options.hasher, part) !== chunkId) return false;
      done += part.length;
    }
    return true;
  }
}
