import { assert, CollectiveError } from '../../../base/index.js';
import { isFileSystemError, type FileHandle, type FileSystem } from '../../../ports/index.js';
import { framed, RECORD_PREFIX_BYTES, segmentFile } from '../files/file-names.js';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, type Tail } from '../files/stored-records.js';

export interface BlockWriterOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly segmentBytes: number;
  readonly segmentStepBytes: number;
  /** Absent: all steps are alike. Otherwise a segment begins so small, and doubles up to the step. */
  readonly firstStepBytes?: number | undefined;
}

interface OpenSegment {
  readonly firstSequence: number;
  readonly handle: FileHandle;
  /** Where the next record goes. */
  endOffset: number;
  /** Zeros are durable up to here. */
  zeroedBytes: number;
  /** Whether something was written since the last sync. */
  unsynced: boolean;
}

/** Where a block was put. */
export interface WrittenPlace {
  readonly segment: number;
  readonly blockOffset: number;
  readonly endOffset: number;
}

/** Appends blocks to segment files. Nothing is durable before `sync`; after any error but NOT_ENOUGH_SPACE it is of no use. */
export class BlockWriter {
  readonly #options: BlockWriterOptions;
  #segment: OpenSegment | undefined;

  private constructor(options: BlockWriterOptions, segment: OpenSegment | undefined) {
    this.#options = options;
    this.#segment = segment;
  }

  /** Continues after `tail`, which must be followed by zeros up to `zeroedBytes`. */
  static async open(options: BlockWriterOptions, tail: Tail, zeroedBytes: number): Promise<BlockWriter> {
    if (tail.segment === 0) return new BlockWriter(options, undefined);
    const handle = await options.fileSystem.open(`${options.directory}/${segmentFile(tail.segment)}`, 'read-write');
    return new BlockWriter(options, {
      firstSequence: tail.segment,
      handle,
      endOffset: tail.endOffset,
      zeroedBytes,
      unsynced: false,
    });
  }

  /**
   * Makes durable room for a block of so many bytes, in a new segment (named as `header` says) if the current one is full.
   * NOT_ENOUGH_SPACE: the disk is full; no byte of the block is on it, and the call may be repeated.
   */
  async reserve(blockBytes: number, header: SegmentHeader): Promise<void> {
    const bytes = RECORD_PREFIX_BYTES + blockBytes;
    const { segmentBytes } = this.#options;
    assert(SEGMENT_HEADER_BYTES + bytes <= segmentBytes, 'a segment has room for a block');
    if (this.#segment === undefined || this.#segment.endOffset + bytes > segmentBytes) await this.#startSegment(header, bytes);
    const segment = this.#segment;
    assert(segment !== undefined, 'a segment is open');
    const needed = segment.endOffset + bytes;
    if (needed <= segment.zeroedBytes) return;
    const end = this.#stepEnd(needed);
    await refusingFullDisk(() => segment.handle.write(new Uint8Array(end - segment.zeroedBytes), segment.zeroedBytes));
    await segment.handle.sync();
    segment.zeroedBytes = end;
  }

  /** Into the room that was reserved for it. */
  async write(block: Uint8Array): Promise<WrittenPlace> {
    const segment = this.#segment;
    assert(segment !== undefined, 'a segment is open');
    const blockOffset = segment.endOffset;
    await segment.handle.write(framed(block), blockOffset);
    segment.endOffset += RECORD_PREFIX_BYTES + block.length;
    segment.unsynced = true;
    return { segment: segment.firstSequence, blockOffset, endOffset: segment.endOffset };
  }

  async sync(): Promise<void> {
    const segment = this.#segment;
    if (segment?.unsynced !== true) return;
    await segment.handle.sync();
    segment.unsynced = false;
  }

  async close(): Promise<void> {
    await this.#segment?.handle.close();
  }

  async #startSegment(header: SegmentHeader, recordBytes: number): Promise<void> {
    const { fileSystem, directory } = this.#options;
    // Before a segment follows, all of this one is whole: what is torn above HEAD lies in the last segment alone.
    await this.sync();
    const path = `${directory}/${segmentFile(header.firstSequence)}`;
    const start = new Uint8Array(this.#stepEnd(SEGMENT_HEADER_BYTES + recordBytes));
    start.set(encodeSegmentHeader(header));
    const handle = await refusingFullDisk(() => fileSystem.open(path, 'create-new'));
    try {
      await refusingFullDisk(() => handle.write(start, 0));
    } catch (error) {
      await handle.close();
      await fileSystem.unlink(path);
      throw error;
    }
    await handle.sync();
    await fileSystem.syncDirectory(directory);
    await this.#segment?.handle.close();
    this.#segment = {
      firstSequence: header.firstSequence,
      handle,
      endOffset: SEGMENT_HEADER_BYTES,
      zeroedBytes: start.length,
      unsynced: false,
    };
  }

  #stepEnd(needed: number): number {
    const { segmentBytes, segmentStepBytes, firstStepBytes = segmentStepBytes } = this.#options;
    for (let end = firstStepBytes; end < segmentStepBytes; end *= 2) if (end >= needed) return Math.min(segmentBytes, end);
    return Math.min(segmentBytes, Math.ceil(needed / segmentStepBytes) * segmentStepBytes);
  }
}

/** Errors: NOT_ENOUGH_SPACE; whatever else the work throws. */
export async function refusingFullDisk<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!isFileSystemError(error) || (error.errno !== 'ENOSPC' && error.errno !== 'EDQUOT')) throw error;
    throw new CollectiveError('NOT_ENOUGH_SPACE', 'The disk of the coordinator is full, so nothing new can be recorded.', {
      next: 'Free space on the disk that holds the data folder, then try again; no restart is needed.',
      cause: error,
    });
  }
}
