import { CollectiveError, equalBytes } from '../../../base/index.js';
import { isFileSystemError } from '../../../ports/index.js';
import { FIRST_EPOCH } from '../../chain/index.js';
import { damaged, readingFailed } from '../damage.js';
import { HEAD_FILES, segmentFile, segmentsAmong } from '../files/file-names.js';
import { readHeads } from '../files/head-files.js';
import { mendIdentity } from './mend-identity.js';
import { rebuildSegments, type RebuiltSegments } from './mend-segments.js';
import { SegmentWalk, type WalkedSegment } from '../reading/segment-walk.js';
import { EMPTY_TAIL, logChain, type LogChain } from '../reading/segment-scan.js';
import { replaceFile } from '../files/small-files.js';
import { SourceBlocks } from '../reading/source-blocks.js';
import { encodeHead, type HeadRecord, type Tail } from '../files/stored-records.js';
import type { BlockByteSource, LogReadingOptions, MendReport, SegmentSizes } from '../types.js';

/**
 * Puts a damaged log that no process has open in order again: blocks, segments, HEAD or IDENTITY that are damaged or missing are
 * taken from a source, byte for byte; everything whole stays as it is. What is replaced is kept in `quarantine` as it was. May be
 * called again after a crash. Where both HEAD files are lost, the log ends where its own whole blocks and the source end. Errors:
 * NOT_FOUND (no log), LOG_DAMAGED (the source lacks a block that is needed; `details.fromSequence` says from where on),
 * CANCELLED, IO_FAILED, whatever the source throws.
 */
export async function mendLog(
  options: LogReadingOptions & SegmentSizes,
  { source, signal }: { readonly source: BlockByteSource; readonly signal?: AbortSignal },
): Promise<MendReport> {
  const blocks = new SourceBlocks(source, signal);
  try {
    return await new Mender(options, blocks, signal).mend();
  } catch (error) {
    throw isFileSystemError(error)
      ? readingFailed({ directory: options.directory, file: '', offset: 0, sequence: 0 }, error)
      : error;
  } finally {
    await blocks.close();
  }
}

class Mender {
  readonly #options: LogReadingOptions & SegmentSizes;
  readonly #blocks: SourceBlocks;
  readonly #signal: AbortSignal | undefined;
  readonly #files: string[] = [];
  readonly #filled: { fromSequence: number; toSequence: number }[] = [];
  #chain: LogChain | undefined;
  #tail: Tail = EMPTY_TAIL(FIRST_EPOCH);
  /** Where the block that HEAD names was found. */
  #headTail: Tail | undefined;

  constructor(options: LogReadingOptions & SegmentSizes, blocks: SourceBlocks, signal: AbortSignal | undefined) {
    this.#options = options;
    this.#blocks = blocks;
    this.#signal = signal;
  }

  async mend(): Promise<MendReport> {
    const { fileSystem, directory, origin, hasher, verifier } = this.#options;
    const names = await this.#names();
    const { identity, written } = await mendIdentity(this.#options, names, this.#blocks);
    if (written !== undefined) this.#files.push(written);
    this.#chain = logChain(identity, { hasher, verifier });
    const heads = await readHeads(fileSystem, directory, origin);
    const found = heads.flatMap((slot) => ('head' in slot ? [slot.head] : []));
    const head = found.reduce<HeadRecord | undefined>(
      (newest, candidate) => (newest === undefined || candidate.generation > newest.generation ? candidate : newest),
      undefined,
    );
    const segments = segmentsAmong(names);
    if (head?.sequence !== 0 || segments.length > 0) await this.#segments(segments, head);
    await this.#writeHeads(head);
    return { filled: this.#filled, files: this.#files };
  }

  async #names(): Promise<readonly string[]> {
    const { fileSystem, directory } = this.#options;
    try {
      return await fileSystem.readDirectory(directory);
    } catch (error) {
      if (!isFileSystemError(error) || error.errno !== 'ENOENT') throw error;
      throw new CollectiveError('NOT_FOUND', `There is no log in ${directory}.`, { details: { directory } });
    }
  }

  async #segments(segments: readonly number[], head: HeadRecord | undefined): Promise<void> {
    const starts = segments[0] === 1 ? segments : [1, ...segments];
    for (const [index, start] of starts.entries()) {
      if (this.#signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Mending the log was cancelled.');
      const next = starts[index + 1];
      const end = next === undefined ? undefined : next - 1;
      if (end !== undefined && this.#tail.sequence >= end) throw this.#missing(next ?? start, 'segments overlap');
      await this.#segment(start, end, head);
    }
  }

  /** Accepts a segment as it is, or writes it anew with all that belongs before the next one. */
  async #segment(start: number, end: number | undefined, head: HeadRecord | undefined): Promise<void> {
    const chain = this.#chain;
    if (chain === undefined || start !== this.#tail.sequence + 1)
      throw this.#missing(this.#tail.sequence + 1, 'segments overlap');
    const walk = new SegmentWalk(this.#options, start);
    const walked = await walk.walk(chain, this.#tail, head);
    if (walked.sound && (end === undefined ? this.#reaches(walked, head) : walked.tail.sequence === end)) {
      this.#accept(walked);
      return;
    }
    const rebuilt = await rebuildSegments(this.#options, {
      start,
      end,
      head,
      chain,
      tail: this.#tail,
      blocks: this.#blocks,
      signal: this.#signal,
    });
    this.#accept(rebuilt);
    this.#files.push(...rebuilt.files);
    this.#filled.push(...rebuilt.filled);
  }

  #reaches(walked: WalkedSegment, head: HeadRecord | undefined): boolean {
    return head !== undefined && walked.tail.sequence >= head.sequence;
  }

  #accept({ chain, tail, headTail }: WalkedSegment | RebuiltSegments): void {
    this.#chain = chain;
    this.#tail = tail;
    this.#headTail ??= headTail;
  }

  /** Both, once anything was written or one is missing: they name what they named before, at the place where it lies now. */
  async #writeHeads(head: HeadRecord | undefined): Promise<void> {
    const { fileSystem, directory, origin } = this.#options;
    const named = head === undefined ? this.#tail : head.sequence === 0 ? head : this.#headTail;
    if (named === undefined || (head !== undefined && !equalBytes(named.headerHash, head.headerHash))) {
      throw this.#missing(head?.sequence ?? 1, 'HEAD names a block that is not in the log');
    }
    if (head !== undefined && this.#files.length === 0) return;
    for (const [index, file] of HEAD_FILES.entries()) {
      const generation = (head?.generation ?? 0) + 1 + index;
      await replaceFile(fileSystem, directory, file, encodeHead({ ...named, origin, generation }));
    }
    if (head === undefined) this.#files.push(...HEAD_FILES);
  }

  #missing(sequence: number, problem: string): CollectiveError {
    const { directory } = this.#options;
    return damaged({ directory, file: segmentFile(sequence), offset: 0, sequence }, problem);
  }
}
