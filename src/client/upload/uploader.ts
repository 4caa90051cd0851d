import type { Clock, Hasher, Logger, Timers } from '../../ports/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Retry } from '../calls/retry.js';
import type { NodePool } from '../nodes/node-pool.js';
import { Upload } from './upload.js';
import type { DirectoryItem, TransferProgress, UploadItem, UploadReport } from './upload-item.js';

export interface UploaderOptions {
  readonly calls: FilesCalls;
  readonly pool: NodePool;
  readonly retry: Retry;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly hasher: Hasher;
  /** Makes the memory that files are read into. */
  readonly allocate: (bytes: number) => Uint8Array;
  readonly logger: Logger;
  readonly patienceMs: number;
}

export interface UploadRequest {
  /** A directory comes before what is in it. */
  readonly items: AsyncIterable<UploadItem>;
  /** The directories among them, to give them their times when nothing is added to them any longer. */
  readonly directories: readonly DirectoryItem[];
  /** 0: the member's default. */
  readonly copies: number;
  /** How much new data to expect at least, so that an upload for which there is no room is refused at once; 0: unknown. */
  readonly expectedBytes: number;
  readonly onProgress: (progress: TransferProgress) => void;
  readonly signal: AbortSignal;
}

const CLOSE_PATIENCE_MS = 2000;

/** One upload of any number of files and folders. Each file becomes visible as a whole or not at all. */
export class Uploader {
  readonly #options: UploaderOptions;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  /** What cannot be stored by itself is in the report; whatever stops all of it is thrown, and leaves no file half stored. */
  async upload(request: UploadRequest): Promise<UploadReport> {
    const { calls, logger } = this.#options;
    const { uploadId, copies } = await calls.openUpload(
      { copies: request.copies, expectedBytes: request.expectedBytes },
      request.signal,
    );
    logger.debug('opened an upload', { uploadId, copies });
    let report: UploadReport | undefined;
    try {
      report = await new Upload(this.#options, request, uploadId, copies).run();
      return report;
    } finally {
      await this.#close(uploadId, report === undefined);
    }
  }

  /** Only a courtesy: the files are committed or not, and the coordinator finds out by itself when the upload's life is over. */
  async #close(uploadId: string, abandoned: boolean): Promise<void> {
    const giveUp = new AbortController();
    const timer = this.#options.timers.after(CLOSE_PATIENCE_MS, () => giveUp.abort());
    try {
      await this.#options.calls.closeUpload(uploadId, abandoned, giveUp.signal);
    } catch (error) {
      this.#options.logger.debug('could not close an upload', { uploadId, error });
    } finally {
      timer.cancel();
    }
  }
}
