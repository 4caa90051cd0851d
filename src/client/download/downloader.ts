import { LIMITS } from '../../base/index.js';
import type { Clock, Hasher, Logger, Timers } from '../../ports/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Retry } from '../calls/retry.js';
import { ChunkArena } from '../flow/chunk-arena.js';
import { Permits } from '../flow/permits.js';
import { TaskGroup } from '../flow/task-group.js';
import type { NodePool } from '../nodes/node-pool.js';
import { TransferTally } from '../upload/transfer-tally.js';
import type { TransferProgress, UploadFailure } from '../upload/upload-item.js';
import { ChunkFetcher, type ChunkWait } from './chunk-fetcher.js';
import { DamageReporter } from './damage-reporter.js';
import { FileInDownload } from './file-in-download.js';
import type { DownloadTarget } from './file-sink.js';
import { FileReceiver } from './file-receiver.js';
import { FileReading } from './file-reading.js';

export interface DownloaderOptions {
  readonly calls: FilesCalls;
  readonly pool: NodePool;
  readonly retry: Retry;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly hasher: Hasher;
  readonly logger: Logger;
  /** Makes the memory that chunks are received in. */
  readonly allocate: (bytes: number) => Uint8Array;
  /** Told of each chunk that has to be waited for. */
  readonly onWaiting?: (wait: ChunkWait) => void;
}

export interface DownloadReport {
  readonly files: number;
  readonly bytes: number;
  /** That came from nodes: each chunk once, holes not at all. */
  readonly fetchedBytes: number;
  /** That an earlier try had left, and that were found right. */
  readonly resumedBytes: number;
  readonly failures: readonly UploadFailure[];
  readonly failureCount: number;
}

/** Reads any number of files, several at once; each reaches its sink whole and verified, or is a failure of the report. */
export class Downloader {
  readonly #options: DownloaderOptions;

  constructor(options: DownloaderOptions) {
    this.#options = options;
  }

  /** Throws what stops all of it; then every sink that was begun and not finished was left or discarded. */
  async download(
    targets: AsyncIterable<DownloadTarget>,
    onProgress: (progress: TransferProgress) => void,
    signal: AbortSignal,
  ): Promise<DownloadReport> {
    const { calls, timers, logger, allocate, hasher } = this.#options;
    const tasks = new TaskGroup(signal);
    const tally = new TransferTally(onProgress);
    const damage = new DamageReporter({ calls, timers, logger });
    const fetcher = new ChunkFetcher({ ...this.#options, patienceMs: LIMITS.chunkPatienceMs, damage });
    const arena = new ChunkArena({ slabs: LIMITS.clientChunkBuffers, allocate });
    const receiver = new FileReceiver({ fetcher, arena, tally, tasks, hasher });
    const streams = new Permits(LIMITS.readStreams);
    tasks.spawn(async () => {
      for await (const batch of inBatches(targets)) {
        await streams.take(tasks.signal);
        const files = batch.map((target) => new FileInDownload(target, tasks.signal));
        tasks.spawn(async () => {
          try {
            await new FileReading({ ...this.#options, receiver, tally }).run(files, tasks.signal);
          } finally {
            streams.give();
          }
        });
      }
    });
    try {
      await tasks.join();
    } finally {
      await receiver.leaveRest();
      await damage.close();
    }
    const { files, bytes, fetchedBytes, resumedBytes, failures, failureCount } = tally;
    return { files, bytes, fetchedBytes, resumedBytes, failures, failureCount };
  }
}

async function* inBatches(targets: AsyncIterable<DownloadTarget>): AsyncGenerator<readonly DownloadTarget[], void> {
  let batch: DownloadTarget[] = [];
  let pathBytes = 0;
  for await (const target of targets) {
    batch.push(target);
    pathBytes += Buffer.byteLength(target.path);
    if (batch.length < LIMITS.filesPerRead && pathBytes < LIMITS.rpcMessageBytes / 4) continue;
    yield batch;
    batch = [];
    pathBytes = 0;
  }
  if (batch.length > 0) yield batch;
}
