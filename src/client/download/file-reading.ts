import { CollectiveError, toCollectiveError } from '../../base/index.js';
import type { Clock, Logger } from '../../ports/index.js';
import { errorOfFailure, type PlacedExtent, type ReadFilesResponse, type ReadTarget } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Retry } from '../calls/retry.js';
import { entryOf } from '../entry.js';
import type { TransferTally } from '../upload/transfer-tally.js';
import type { FileInDownload } from './file-in-download.js';
import type { FileReceiver } from './file-receiver.js';
import { sourcesOf } from './read-page.js';

export interface FileReadingOptions {
  readonly calls: FilesCalls;
  readonly retry: Retry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly receiver: FileReceiver;
  readonly tally: TransferTally;
}

/** Asks for the extents of some files and passes them on; asks again from where it was when the answer broke off. */
export class FileReading {
  readonly #options: FileReadingOptions;

  constructor(options: FileReadingOptions) {
    this.#options = options;
  }

  async run(files: readonly FileInDownload[], signal: AbortSignal): Promise<void> {
    const { calls, clock, retry, logger } = this.#options;
    let progressMs = clock.monotonicMs();
    for (let attempt = 0; ; ) {
      const open = files.filter((file) => !file.closed);
      if (open.length === 0) return;
      try {
        for await (const page of calls.readFiles(open.map(targetOf), signal)) {
          progressMs = clock.monotonicMs();
          retry.answered();
          attempt = 0;
          await this.#take(open, page);
          if (open.every((file) => file.closed)) break;
        }
        for (const file of open) if (!file.closed) this.#refuse(file, incomplete(file));
      } catch (thrown) {
        const error = toCollectiveError(thrown);
        const passes = BREAKS.has(error.code) && !signal.aborted;
        if (!passes || clock.monotonicMs() - progressMs >= retry.patienceMs) throw error;
        logger.info('asking again for what is missing of files', { files: open.length, error });
        await retry.pause(attempt, signal);
        attempt += 1;
      }
    }
  }

  async #take(open: readonly FileInDownload[], page: ReadFilesResponse): Promise<void> {
    const found = new Map(page.files.map((read) => [read.target, read]));
    for (const [target, { info, failure }] of found) {
      const file = open[target];
      if (file === undefined) throw unexpected(`speaks of file ${target} of ${open.length}`);
      if (failure !== undefined) this.#refuse(file, errorOfFailure(failure));
      else if (file.entry === undefined) {
        const entry = entryOf(info);
        if (entry.kind !== 'file') this.#refuse(file, notAFile(file, entry.kind));
        else if (entry.bytes === 0) await this.#begin(file, info);
      }
    }
    const place = sourcesOf(page);
    for (const extent of page.extents) {
      const file = open[extent.target];
      if (file === undefined) throw unexpected(`lists an extent of file ${extent.target} of ${open.length}`);
      if (file.failure !== undefined) this.#close(file);
      if (file.closed) continue;
      if (file.entry === undefined) await this.#begin(file, found.get(extent.target)?.info);
      this.#checkFollows(file, extent);
      file.nextOffset += extent.lengthBytes;
      if (extent.chunkId === '') this.#options.receiver.zeros(file, extent.lengthBytes, extent.offsetBytes);
      else await this.#options.receiver.chunk(file, place(extent));
      this.#endIfListed(file);
    }
  }

  async #begin(file: FileInDownload, info: Parameters<typeof entryOf>[0]): Promise<void> {
    await this.#options.receiver.begin(file, entryOf(info));
    this.#endIfListed(file);
  }

  #endIfListed(file: FileInDownload): void {
    if (file.listed) this.#close(file);
  }

  #close(file: FileInDownload): void {
    if (file.closed) return;
    file.closed = true;
    this.#options.receiver.end(file);
  }

  #checkFollows(file: FileInDownload, { offsetBytes, lengthBytes }: PlacedExtent): void {
    const end = offsetBytes + lengthBytes;
    const fits = offsetBytes === file.nextOffset && lengthBytes > 0 && end <= (file.entry?.bytes ?? 0);
    if (!fits) {
      throw unexpected(`lists bytes ${offsetBytes} to ${end} of ${file.target.path} where byte ${file.nextOffset} is next`);
    }
  }

  #refuse(file: FileInDownload, error: CollectiveError): void {
    this.#options.receiver.fail(file, error);
    this.#close(file);
  }
}

const BREAKS: ReadonlySet<string> = new Set(['COORDINATOR_UNREACHABLE', 'UNAVAILABLE', 'DEADLINE_EXCEEDED']);

/** Once begun, it is that very file that is read on: by now another one may stand at the path, with the same version. */
function targetOf({ target, entry, nextOffset }: FileInDownload): ReadTarget {
  const fileId = entry?.fileId ?? target.fileId;
  return {
    path: target.path,
    version: entry?.version ?? target.version,
    offsetBytes: nextOffset,
    lengthBytes: 0,
    ...(fileId === undefined ? {} : { deletedToo: true, fileId }),
  };
}

const unexpected = (what: string): CollectiveError =>
  new CollectiveError('PROTOCOL_ERROR', `The coordinator ${what}.`, { next: 'Use the same version of Collective at both ends.' });

const incomplete = (file: FileInDownload): CollectiveError =>
  unexpected(`did not say where all of ${file.target.path} is, only the first ${file.nextOffset} bytes`);

const notAFile = (file: FileInDownload, kind: string): CollectiveError =>
  new CollectiveError('IS_A_DIRECTORY', `${file.target.path} is a ${kind === 'symlink' ? 'symlink' : 'folder'}, not a file.`, {
    next: `See what it is: collective stat ${file.target.path}`,
    details: { path: file.target.path },
  });
