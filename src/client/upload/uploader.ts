import { isCollectiveError } from '../../base/index.js';
import type { Clock, Hasher, Logger, Timers } from '../../ports/index.js';
import type { OpenUploadResponse } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Retry } from '../calls/retry.js';
import type { NodePool } from '../nodes/node-pool.js';
import { Survey } from './survey.js';
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
  readonly items: () => AsyncIterable<UploadItem>;
  /** The directories among them, to give them their times when nothing is added to them any longer. */
  readonly directories: readonly DirectoryItem[];
  /** 0: what the policy of the path says. */
  readonly copies: number;
  /** The remote path that everything goes to or below. */
  readonly path: string;
  /** How much new data to expect at most, so that an upload for which there is no room is refused at once; 0: unknown. */
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
    const { logger } = this.#options;
    const opened = await this.#open(request);
    const { uploadId, copies } = opened;
    logger.debug('opened an upload', { uploadId, copies });
    let report: UploadReport | undefined;
    try {
      report = await new Upload(this.#options, request, opened).run();
      return report;
    } finally {
      await this.#close(uploadId, report === undefined);
    }
  }

  /** Where there is no room for all of it, but the nodes hold much of it already, there may be room for the rest. */
  async #open(request: UploadRequest): Promise<OpenUploadResponse> {
    const { calls } = this.#options;
    const { copies, path, expectedBytes, signal } = request;
    try {
      return await calls.openUpload({ copies, path, expectedBytes }, signal);
    } catch (error) {
      if (!isCollectiveError(error) || error.code !== 'NOT_ENOUGH_SPACE' || expectedBytes === 0) throw error;
      const missingBytes = await this.#survey(request).catch(unlessScarce);
      if (missingBytes === undefined || missingBytes >= expectedBytes) throw error;
      return calls.openUpload({ copies, path, expectedBytes: missingBytes }, signal);
    }
  }

  async #survey({ copies: wanted, path, items, signal }: UploadRequest): Promise<number | undefined> {
    const { uploadId, copies } = await this.#options.calls.openUpload({ copies: wanted, path, expectedBytes: 0 }, signal);
    try {
      return await new Survey({ ...this.#options, uploadId, copies }).missingBytes(items(), signal);
    } finally {
      await this.#close(uploadId, true);
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

/** Where a part of the files finds no room, all of them find none. */
function unlessScarce(thrown: unknown): undefined {
  if (isCollectiveError(thrown) && (thrown.code === 'NOT_ENOUGH_SPACE' || thrown.code === 'NOT_ENOUGH_NODES')) return undefined;
  throw thrown;
}
