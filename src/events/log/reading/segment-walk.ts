import { isFileSystemError, type FileHandle } from '../../../ports/index.js';
import { blockAfter, openSegment, segmentHeaderProblem, tailAt, type LogChain } from './segment-scan.js';
import { RecordReader } from './record-reader.js';
import { SEGMENT_HEADER_BYTES, type Tail } from '../files/stored-records.js';
import type { LogReadingOptions } from '../types.js';

export interface WalkedSegment {
  readonly chain: LogChain;
  /** The last block that follows from the tail before. */
  readonly tail: Tail;
  /** Whether nothing but zeros, or a torn end above HEAD, comes after that. */
  readonly sound: boolean;
  /** Of the block that HEAD names, where it was passed. */
  readonly headTail: Tail | undefined;
}

/** Follows the blocks of one segment as long as each follows from the one before. */
export class SegmentWalk {
  readonly #options: LogReadingOptions;
  readonly #segment: number;

  constructor(options: LogReadingOptions, segment: number) {
    this.#options = options;
    this.#segment = segment;
  }

  /** Throws FileSystemError for anything but a file that is missing. */
  async walk(chain: LogChain, tail: Tail, head: Tail | undefined): Promise<WalkedSegment> {
    let handle: FileHandle;
    try {
      handle = await openSegment(this.#options.fileSystem, this.#options.directory, this.#segment);
    } catch (error) {
      if (!isFileSystemError(error) || error.errno !== 'ENOENT') throw error;
      return { chain, tail, sound: false, headTail: undefined };
    }
    try {
      return await this.#follow(handle, chain, tail, head);
    } finally {
      await handle.close();
    }
  }

  async #follow(handle: FileHandle, first: LogChain, before: Tail, head: Tail | undefined): Promise<WalkedSegment> {
    const size = await handle.size();
    const reader = new RecordReader(handle, size);
    let [chain, tail] = [first, before];
    let headTail: Tail | undefined;
    let offset = SEGMENT_HEADER_BYTES;
    const headed = (await segmentHeaderProblem(handle, chain, this.#segment)) === undefined;
    for (;;) {
      const record = await reader.record(offset);
      if (record.kind !== 'record') {
        const later = (await reader.find(offset + 1, size)) !== undefined;
        const torn = record.kind === 'broken' && tail.sequence < (head?.sequence ?? Number.POSITIVE_INFINITY);
        return { chain, tail, headTail, sound: headed && !later && !torn };
      }
      const next = blockAfter(chain, tail, record.block);
      if (!next.ok) return { chain, tail, headTail, sound: false };
      chain = next.value.chain;
      tail = tailAt(next.value.block, this.#segment, offset, record.endOffset);
      if (tail.sequence === head?.sequence) headTail = tail;
      offset = record.endOffset;
    }
  }
}
