import { LIMITS, toCollectiveError } from '../../base/index.js';
import { errorOfFailure, type FileCommit, type Receipt } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { ChunkGroup } from './chunk-group.js';
import { type FileInUpload, HOLE } from './file-in-upload.js';
import type { TransferTally } from './transfer-tally.js';

export interface CommitterOptions {
  readonly calls: FilesCalls;
  readonly uploadId: string;
  readonly tally: TransferTally;
  /** Wanted of each chunk. */
  readonly copies: number;
}

interface Batch {
  readonly files: FileCommit[];
  /** Whether some chunk of it has fewer copies than wanted; file by file. */
  readonly below: boolean[];
  readonly receipts: Set<Receipt>;
  bytes: number;
}

const BATCH_BYTES_MAX = LIMITS.rpcMessageBytes / 2;

/** Logs the extents of groups that are stored, and commits the files that are whole. Groups come in order, one at a time. */
export class Committer {
  readonly #options: CommitterOptions;

  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /** Puts on record where the chunks are, before the files that they belong to are whole: whoever goes on need not send them. */
  async note(receipts: readonly Receipt[], signal: AbortSignal): Promise<void> {
    const { calls, uploadId } = this.#options;
    if (receipts.length > 0) await calls.commitFiles({ uploadId, files: [], receipts }, signal);
  }

  /** `receipts` cover every chunk of the group. */
  async commit(group: ChunkGroup, receipts: readonly Receipt[], signal: AbortSignal): Promise<void> {
    const { calls, uploadId, copies } = this.#options;
    const byChunk = receiptsByChunk(receipts);
    const touched = new Set<FileInUpload>(group.finished);
    for (const { file, extent } of group.extents) {
      if (file.failed) continue;
      const held = byChunk.get(extent.chunkId) ?? [];
      if (extent.chunkId !== HOLE && held.length < copies) file.below = true;
      file.append(extent, held);
      touched.add(file);
    }
    for (const file of touched) {
      if (file.failed) continue;
      for (let list = file.takeList(); list !== undefined; list = file.takeList()) {
        file.listed(await calls.recordExtents({ uploadId, ...list }, signal));
      }
    }
    for (const batch of batches(group.finished)) await this.#commitBatch(batch, signal);
  }

  async #commitBatch({ files, below, receipts }: Batch, signal: AbortSignal): Promise<void> {
    const { calls, uploadId, tally } = this.#options;
    const outcomes = await calls.commitFiles({ uploadId, files, receipts: [...receipts] }, signal);
    files.forEach((file, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined)
        tally.failed(file.path, toCollectiveError('The coordinator did not say what became of the file.', 'PROTOCOL_ERROR'));
      else if (outcome.failure !== undefined) tally.failed(file.path, errorOfFailure(outcome.failure));
      else tally.stored(file.sizeBytes, below[index] === true);
    });
  }
}

function receiptsByChunk(receipts: readonly Receipt[]): ReadonlyMap<string, readonly Receipt[]> {
  const byChunk = new Map<string, Receipt[]>();
  for (const receipt of receipts) {
    for (const { chunkId } of receipt.chunks) {
      const list = byChunk.get(chunkId);
      if (list === undefined) byChunk.set(chunkId, [receipt]);
      else list.push(receipt);
    }
  }
  return byChunk;
}

/** Commits of files in order, each small enough for one call. */
function* batches(files: readonly FileInUpload[]): Generator<Batch, void> {
  let batch: Batch = { files: [], below: [], receipts: new Set(), bytes: 0 };
  for (const finished of files) {
    const commit = finished.failed ? undefined : finished.commit();
    if (commit === undefined) continue;
    const fresh = commit.receipts.filter((receipt) => !batch.receipts.has(receipt));
    const bytes = commitBytes(commit.file) + fresh.reduce((sum, receipt) => sum + receiptBytes(receipt), 0);
    const tooMuch = batch.bytes + bytes > BATCH_BYTES_MAX || batch.receipts.size + fresh.length > LIMITS.receiptsPerCall;
    if (batch.files.length > 0 && (tooMuch || batch.files.length >= LIMITS.filesPerCommit)) {
      yield batch;
      batch = { files: [], below: [], receipts: new Set(), bytes: 0 };
    }
    batch.files.push(commit.file);
    batch.below.push(finished.below);
    for (const receipt of commit.receipts) batch.receipts.add(receipt);
    batch.bytes += bytes;
  }
  if (batch.files.length > 0) yield batch;
}

/** Rough upper bounds of the encoded sizes. */
const commitBytes = (file: FileCommit): number =>
  Buffer.byteLength(file.path) + 64 + file.extents.length * 96 + file.extentListIds.length * 68;
const receiptBytes = (receipt: Receipt): number => receipt.signedReceipt.length + 32 + receipt.chunks.length * 80;
