import type { FileHandle } from '../../../ports/index.js';
import { damaged, problemOf, readingFailed } from '../damage.js';
import { BATCH_FILE, RECORD_BYTES_MAX, segmentFile, segmentsAmong } from '../files/file-names.js';
import { findKeys, rootedChain, type FoundKeys, type LogFolder } from '../reading/key-search.js';
import { findHeads, type FoundHeads } from '../files/head-files.js';
import { listLogFolder, readIdentity } from '../files/identity-file.js';
import { RecordReader } from '../reading/record-reader.js';
import {
  blockAfter,
  blockAlone,
  logChain,
  openSegment,
  segmentHeaderProblem,
  tailAt,
  type LogChain,
} from '../reading/segment-scan.js';
import { SEGMENT_HEADER_BYTES, type Tail } from '../files/stored-records.js';
import type { LogReadingOptions } from '../types.js';

/** What stands above HEAD, as found; nothing was changed yet. */
export interface FoundLog {
  /** As it holds after the tail. */
  readonly chain: LogChain;
  /** Whether KEYS says something else. */
  readonly keysStale: boolean;
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
  /** Whether blocks above HEAD may have been written several at one sync, so that only some of them are whole. */
  readonly batched: boolean;
  /** What was made good from elsewhere on the way; sentences. */
  readonly notices: readonly string[];
}

export interface KeptBlock {
  readonly segment: number;
  readonly offset: number;
  readonly recordBytes: number;
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
  const segments = segmentsAmong(names);
  const log: LogFolder = { fileSystem, directory, segments, tail: heads.newest };
  const chain = await rootedChain(log, logChain(identity, { hasher, verifier }));
  const keys = await findKeys(log, chain);
  const batched = names.includes(BATCH_FILE);
  return new TailFinder(options, { ...keys, heads, segments, batched }).find();
}

interface Start extends FoundKeys {
  readonly heads: FoundHeads;
  readonly segments: readonly number[];
  readonly batched: boolean;
}

class TailFinder {
  readonly #options: LogReadingOptions;
  readonly #start: Start;
  readonly #kept: KeptBlock[] = [];
  #chain: LogChain;
  #tail: Tail;
  #tornBytes = 0;
  #begunSegment: number | undefined;

  constructor(options: LogReadingOptions, start: Start) {
    this.#options = options;
    this.#start = start;
    this.#chain = start.chain;
    this.#tail = start.heads.newest;
  }

  async find(): Promise<FoundLog> {
    if (this.#tail.sequence > 0) await this.#inSegment(this.#tail.segment, (handle) => this.#checkHeadBlock(handle));
    while (await this.#nextSegment());
    this.#checkRest();
    const { heads, segments, batched, stored, notices } = this.#start;
    return {
      chain: this.#chain,
      keysStale: !this.#chain.keys.equals(stored),
      heads,
      tail: this.#tail,
      kept: this.#kept,
      tornBytes: this.#tornBytes,
      begunSegment: this.#begunSegment,
      segments: segments.filter((segment) => segment !== this.#begunSegment),
      batched,
      notices,
    };
  }

  async #checkHeadBlock(handle: FileHandle): Promise<void> {
    const tail = this.#tail;
    const reader = new RecordReader(handle, tail.endOffset);
    const record = await reader.record(tail.blockOffset);
    if (record.kind !== 'record') {
      throw this.#damage(tail.blockOffset, tail.sequence, record.kind === 'end' ? 'the last block is missing' : record.problem);
    }
    const found = blockAlone(this.#chain, record.block);
    if (!found.ok) throw this.#damage(tail.blockOffset, tail.sequence, problemOf(found.error));
    if (!sameTail(tailAt(found.value.block, tail.segment, tail.blockOffset, record.endOffset), tail))
      throw this.#damage(tail.blockOffset, tail.sequence, 'the last block is not the one that HEAD names');
    this.#chain = found.value.chain;
    await this.#keepWhole(handle, tail.segment);
  }

  /** Takes the segment that would follow the tail, if there is one. False when the tail is final. */
  async #nextSegment(): Promise<boolean> {
    const segment = this.#tail.sequence + 1;
    if (!this.#start.segments.includes(segment) || this.#begunSegment !== undefined) return false;
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
      const found = blockAfter(this.#chain, this.#tail, record.block);
      if (!found.ok) throw damaged(this.#place(segment, offset, this.#tail.sequence + 1), problemOf(found.error));
      const { block, chain } = found.value;
      this.#kept.push({ segment, offset, recordBytes: record.endOffset - offset });
      this.#tail = tailAt(block, segment, offset, record.endOffset);
      this.#chain = chain;
      offset = record.endOffset;
      record = await reader.record(offset);
    }
    const later = await reader.find(offset + 1, size);
    if (later !== undefined && !this.#start.batched) {
      const problem = record.kind === 'broken' ? record.problem : 'a block is missing';
      throw damaged(
        this.#place(segment, offset, this.#tail.sequence + 1),
        `${problem}, and whole blocks follow at byte ${later}`,
      );
    }
    this.#tornBytes = await tornBytesAt(handle, offset, this.#start.batched ? size : Math.min(size, offset + RECORD_BYTES_MAX));
  }

  /** The crash that tears a HEAD record comes after its block was synced: then no block can be torn as well. */
  #checkRest(): void {
    const { heads, segments, batched } = this.#start;
    const { otherProblem } = heads;
    const last = this.#begunSegment ?? this.#tail.segment;
    if (otherProblem !== undefined && (batched || this.#kept.length === 0) && this.#tornBytes > 0) {
      throw this.#damage(
        this.#tail.endOffset,
        this.#tail.sequence + 1,
        `a block is torn, and so is a HEAD record (${otherProblem})`,
      );
    }
    const stray = segments.find((segment) => segment > last);
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

/** How many bytes from `offset` up to `end` are not the zeros that preallocation left. */
async function tornBytesAt(handle: FileHandle, offset: number, end: number): Promise<number> {
  let torn = 0;
  const buffer = new Uint8Array(RECORD_BYTES_MAX);
  for (let start = offset; start < end; start += buffer.length) {
    const count = await handle.read(buffer.subarray(0, Math.min(buffer.length, end - start)), start);
    let used = count;
    while (used > 0 && buffer[used - 1] === 0) used -= 1;
    if (used > 0) torn = start - offset + used;
  }
  return torn;
}
