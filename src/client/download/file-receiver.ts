import { assert, LIMITS, toCollectiveError, type CollectiveError } from '../../base/index.js';
import { chunkIdOf, isAllZero } from '../../chunks/index.js';
import { isFileSystemError, type Hasher } from '../../ports/index.js';
import type { Entry } from '../entry.js';
import type { ChunkArena, Lease } from '../flow/chunk-arena.js';
import { Permits } from '../flow/permits.js';
import type { TaskGroup } from '../flow/task-group.js';
import { fileProblem } from '../local/file-problem.js';
import type { TransferTally } from '../upload/transfer-tally.js';
import type { ChunkFetcher } from './chunk-fetcher.js';
import type { FileInDownload } from './file-in-download.js';
import type { PlacedChunk } from './read-page.js';

export interface FileReceiverOptions {
  readonly fetcher: ChunkFetcher;
  readonly arena: ChunkArena;
  readonly tally: TransferTally;
  readonly tasks: TaskGroup;
  readonly hasher: Hasher;
}

/** Without room on the disk no other file will fare better. */
const FATAL_ERRNOS: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Brings what is listed of each file into its sink: chunks side by side, as memory allows. */
export class FileReceiver {
  readonly #options: FileReceiverOptions;
  readonly #open = new Set<FileInDownload>();
  /** The place where all of it goes takes no more. */
  #noRoom = false;
  readonly #openPermits = new Permits(LIMITS.filesWrittenAtOnce);

  constructor(options: FileReceiverOptions) {
    this.#options = options;
  }

  /** Waits while too many files are open. */
  async begin(file: FileInDownload, entry: Entry): Promise<void> {
    await this.#openPermits.take(this.#options.tasks.signal);
    file.entry = entry;
    this.#open.add(file);
    await this.#guard(file, () => file.target.sink.begin(entry));
  }

  zeros(file: FileInDownload, length: number, position: number): void {
    const { tally } = this.#options;
    this.#spawn(file, async () => {
      await file.target.sink.zeros(length, position, file.signal);
      file.receivedBytes += length;
      tally.progressed(length, length);
    });
  }

  /** Waits while the memory is full. */
  async chunk(file: FileInDownload, placed: PlacedChunk): Promise<void> {
    const { arena, tasks, fetcher, tally } = this.#options;
    const { entry } = file;
    if (entry === undefined) return;
    const lease: Lease = await arena.lease(placed.chunk.lengthBytes, tasks.signal);
    this.#spawn(file, async () => {
      try {
        if (file.failure !== undefined) return;
        const { length } = lease.bytes;
        if (await this.#isLeft(file, placed, lease.bytes)) {
          tally.resumedBytes += length;
          tally.progressed(length, length);
        } else {
          await fetcher.fetch({ ...file.target, version: entry.version }, placed, lease.bytes, file.signal);
          await file.target.sink.write(lease.bytes, lease.padded, placed.offsetBytes, file.signal);
          tally.fetchedBytes += length;
          tally.progressed(length);
        }
        file.receivedBytes += length;
      } finally {
        lease.release();
      }
    });
  }

  /** Everything of the file was listed: finishes it once all of it has arrived. */
  end(file: FileInDownload): void {
    this.#options.tasks.spawn(async () => {
      await file.still();
      file.release();
      // What ended early because everything did is discarded with the rest.
      if (this.#options.tasks.signal.aborted) return;
      if (file.whole) await this.#guard(file, () => file.target.sink.finish());
      else assert(file.failure !== undefined, 'a file that is not whole has failed');
      await this.#close(file);
    });
  }

  /** The file will not be whole; what arrived of it goes. */
  fail(file: FileInDownload, error: CollectiveError): void {
    if (file.failure !== undefined) return;
    file.fail(error);
    this.#options.tally.failed(file.target.path, error);
  }

  /** After everything has come to a standstill: what has arrived stays for the next try, unless it takes room that is missing. */
  async leaveRest(): Promise<void> {
    for (const { target } of this.#open) await (this.#noRoom ? target.sink.discard() : target.sink.leave());
  }

  /** Whether an earlier try has left these very bytes at that place. */
  async #isLeft(file: FileInDownload, { chunk, offsetBytes }: PlacedChunk, into: Uint8Array): Promise<boolean> {
    if (!(await file.target.sink.recall(into, offsetBytes)) || isAllZero(into)) return false;
    return chunkIdOf(this.#options.hasher, into) === chunk.chunkId;
  }

  async #close(file: FileInDownload): Promise<void> {
    if (!this.#open.delete(file)) return;
    this.#openPermits.give();
    if (file.failure === undefined) this.#options.tally.stored(file.entry?.bytes ?? 0);
    else if (file.failure.code === 'CHUNK_UNAVAILABLE') await file.target.sink.leave();
    else await file.target.sink.discard();
  }

  #spawn(file: FileInDownload, task: () => Promise<void>): void {
    file.started();
    this.#options.tasks.spawn(async () => {
      try {
        await this.#guard(file, task);
      } finally {
        file.settled();
      }
    });
  }

  /** A failure that is about this file leaves the others alone. */
  async #guard(file: FileInDownload, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (thrown) {
      // It ended because the file had failed before.
      if (file.failure !== undefined && !this.#options.tasks.signal.aborted) return;
      const fatal = isFileSystemError(thrown) && FATAL_ERRNOS.has(thrown.errno);
      const error = fileProblem(thrown, isFileSystemError(thrown) ? thrown.path : file.target.path) ?? toCollectiveError(thrown);
      if (fatal) this.#noRoom = true;
      if (fatal || !(isFileSystemError(thrown) || error.code === 'CHUNK_UNAVAILABLE')) throw error;
      this.fail(file, error);
    }
  }
}
