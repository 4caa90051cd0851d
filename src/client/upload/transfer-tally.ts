import { LIMITS, type CollectiveError } from '../../base/index.js';
import type { TransferProgress, UploadFailure } from './upload-item.js';

/** What a transfer has done so far, and what it could not do. */
export class TransferTally {
  readonly #onProgress: (progress: TransferProgress) => void;
  readonly failures: UploadFailure[] = [];
  failureCount = 0;
  files = 0;
  /** Of these: with fewer copies than wanted. */
  filesBelow = 0;
  bytes = 0;
  directories = 0;
  symlinks = 0;
  holeBytes = 0;
  fetchedBytes = 0;
  resumedBytes = 0;
  #progressBytes = 0;
  #knownBytes = 0;

  constructor(onProgress: (progress: TransferProgress) => void) {
    this.#onProgress = onProgress;
  }

  /** A file is at its place, whole. */
  stored(bytes: number, below = false): void {
    this.files += 1;
    if (below) this.filesBelow += 1;
    this.bytes += bytes;
    this.#report();
  }

  /** Some of a file's bytes are where they belong; so many of them needed no transfer. */
  progressed(bytes: number, knownBytes = 0): void {
    this.#progressBytes += bytes;
    this.#knownBytes += knownBytes;
    this.#report();
  }

  failed(path: string, error: CollectiveError): void {
    this.failureCount += 1;
    if (this.failures.length < LIMITS.transferFailuresShown) this.failures.push({ path, error });
  }

  #report(): void {
    this.#onProgress({ files: this.files, bytes: this.#progressBytes, knownBytes: this.#knownBytes });
  }
}
