import { concatBytes, crc32, isCollectiveError, uint32Bytes } from '../../base/index.js';
import type { FileHandle } from '../../ports/index.js';
import type { StoredBlock } from '../chain/index.js';
import { damaged, problemOf, readingFailed } from './damage.js';
import { RECORD_BYTES_MAX, segmentFile, segmentsAmong } from './file-names.js';
import { findHeads, type FoundHeads } from './head-files.js';
import { listLogFolder, readIdentity } from './identity-file.js';
import { RecordReader } from './record-reader.js';
import { blockAfter, blockAtTail, logChain, openSegment, segmentHeaderProblem, tailAt, type LogChain } from './segment-scan.js';
import { SEGMENT_HEADER_BYTES, type Tail } from './stored-records.js';
import type { LogReadingOptions } from './types.js';

/** What stands above HEAD, as found; nothing was changed yet. */
export interface FoundLog {
  readonly chain: LogChain;
  readonly heads: FoundHeads;
  /** The last whole block. */
  readonly tail: Tail;
  /** Whole blocks above HEAD, with their places. */
  readonly kept: readonly KeptBlock[];
  /** Bytes in the tail's segment, after the tail, that are part of a torn block. */
  readonly tornBytes: number;
  /** First sequence of a segment that was begun and holds no whole block. */
  readonly begunSegment: number | undefined;
  /** First sequences, ascending, without the begun one. */
  readonly segments: readonly number[];
}

export interface KeptBlock {
  readonly segment: number;
  readonly offset: number;
  readonly record: Uint8Array;
}

/**
 * Finds the end of a log by reading HEAD, the block that it names and what follows: in the same time whatever the length of
 * the log. Errors: NOT_FOUND, LOG_DAMAGED, IO_FAILED.
 */
export async function findLog(options: LogReadingOptions): Promise<FoundLog> {
  const { fileSystem, directory, origin, hasher, verifier } = options;
  const names = await listLogFolder(fileSystem, directory);
  const identity = await readIdentity(fileSystem, directory, origin);
  const heads = await findHeads(fileSystem, directory, origin);
  const chain = logChain(identity, heads.newest.epoch, { hasher, verifier });
  return new TailFinder(options, chain, heads, segmentsAmong(names)).find();
}

class TailFinder {
  readonly #options: LogReadingOptions;
  readonly #chain: LogChain;
  readonly #heads: FoundHeads;
  readonly #segments: readonly number[];
  readonly #kept: KeptBlock[] = [];
  #tail: Tail;
  #tornBytes = 0;
  #begunSegment: number | undefined;

  constructor(options: LogReadingOptions, chain: LogChain, heads: FoundHeads, segments: readonly number[]) {
    this.#options = options;
    this.#chain = chain;
    this.#heads = heads;
    this.#segments = segments;
    this.#tail = heads.newest;
  }

  async find(): Promise<FoundLog> {
    if (this.#tail.sequence > 0) await this.#inSegment(this.#tail.segment, (handle) => this.#checkHeadBlock(handle));
    while (await this.#nextSegment());
    this.#checkRest();
    return {
      chain: this.#chain,
      heads: this.#heads,
      tail: this.#tail,
      kept: this.#kept,
      tornBytes: this.#tornBytes,
      begunSegment: this.#begunSegment,
      segments: this.#segments.filter((segment) => segment !== this.#begunSegment),
    };
  }

  async #checkHeadBlock(handle: FileHandle): Promise<void> {
    const tail = this.#tail;
    const reader = new RecordReader(handle, tail.endOffset);
    const record = await reader.record(tail.blockOffset);
    if (record.kind !== 'record') {
      throw this.#damage(tail.blockOffset, tail.sequence, record.kind === 'end' ? 'the last block is missing' : record.problem);
    }
    const block = blockAtTail(this.#chain, record.block);
    if (isCollectiveError(block)) throw this.#damage(tail.blockOffset, tail.sequence, problemOf(block));
    if (!sameTail(tailAt(block, tail.segment, tail.blockOffset, record.endOffset), tail))
      throw this.#damage(tail.blockOffset, tail.sequence, 'the last block is not the one that HEAD names');
    await this.#keepWhole(handle, tail.segment);
  }

  /** Takes the segment that would follow the tail, if there is one. False when the tail is final. */
  async #nextSegment(): Promise<boolean> {
    const segment = this.#tail.sequence + 1;
    if (!this.#segments.includes(segment) || this.#begunSegment !== undefined) return false;
    if (this.#tornBytes > 0)
      throw this.#damage(this.#tail.endOffset, segment, 'a block is torn although another segment follows');
    const before = this.#tail;
    await this.#inSegment(segment, async (handle) => {
      const problem = await segmentHeaderProblem(handle, this.#chain, segment);
      await this.#keepWhole(handle, segment);
      if (this.#tail === before) this.#begunSegment = segment;
      else if (problem !== undefined) throw damaged(this.#place(segment, 0, segment), problem);
    });
    return this.#begunSegment === undefined;
  }

  /** Moves the tail over the whole blocks that follow it in this segment, and measures what is torn after them. */
  async #keepWhole(handle: FileHandle, segment: number): Promise<void> {
    const size = await handle.size();
    const reader = new RecordReader(handle, size);
    let offset = this.#tail.segment === segment ? this.#tail.endOffset : SEGMENT_HEADER_BYTES;
    let record = await reader.record(offset);
    while (record.kind === 'record') {
      const block = blockAfter(this.#chain, this.#tail, record.block);
      if (isCollectiveError(block)) throw damaged(this.#place(segment, offset, this.#tail.sequence + 1), problemOf(block));
      this.#kept.push({ segment, offset, record: framed(block) });
      this.#tail = tailAt(block, segment, offset, record.endOffset);
      offset = record.endOffset;
      record = await reader.record(offset);
    }
    const later = await reader.find(offset + 1, size);
    if (later !== undefined) {
      const problem = record.kind === 'broken' ? record.problem : 'a block is missing';
      throw damaged(
        this.#place(segment, offset, this.#tail.sequence + 1),
        `${problem}, and whole blocks follow at byte ${later}`,
      );
    }
    this.#tornBytes = await tornBytesAt(handle, offset, size);
  }

  /** The crash that tears a HEAD record comes after its block was synced: then no block can be torn as well. */
  #checkRest(): void {
    const { otherProblem } = this.#heads;
    const last = this.#begunSegment ?? this.#tail.segment;
    if (otherProblem !== undefined && this.#kept.length === 0 && this.#tornBytes > 0) {
      throw this.#damage(
        this.#tail.endOffset,
        this.#tail.sequence + 1,
        `a block is torn, and so is a HEAD record (${otherProblem})`,
      );
    }
    const stray = this.#segments.find((segment) => segment > last);
    if (stray !== undefined) throw damaged(this.#place(stray, 0, stray), 'the segment does not follow the last block');
  }

  async #inSegment(segment: number, work: (handle: FileHandle) => Promise<void>): Promise<void> {
    try {
      const handle = await openSegment(this.#options.fileSystem, this.#options.directory, segment);
      try {
        await work(handle);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw readingFailed(this.#place(segment, 0, segment), error);
    }
  }

  #damage(offset: number, sequence: number, problem: string): Error {
    return damaged(this.#place(this.#tail.segment, offset, sequence), problem);
  }

  #place(segment: number, offset: number, sequence: number): Parameters<typeof damaged>[0] {
    return { directory: this.#options.directory, file: segmentFile(segment), offset, sequence };
  }
}

function sameTail(left: Tail, right: Tail): boolean {
  return (
    left.epoch === right.epoch &&
    left.sequence === right.sequence &&
    left.timeMs === right.timeMs &&
    left.endOffset === right.endOffset &&
    left.headerHash.every((byte, index) => byte === right.headerHash[index])
  );
}

const framed = ({ bytes }: StoredBlock): Uint8Array => concatBytes([uint32Bytes(bytes.length), uint32Bytes(crc32(bytes)), bytes]);

/** How many bytes from `offset` on are not the zeros that preallocation left; at most one block was being written there. */
async function tornBytesAt(handle: FileHandle, offset: number, size: number): Promise<number> {
  const buffer = new Uint8Array(Math.max(0, Math.min(RECORD_BYTES_MAX, size - offset)));
  const count = await handle.read(buffer, offset);
  for (let end = count; end > 0; end -= 1) {
    if (buffer[end - 1] !== 0) return end;
  }
  return 0;
}
