import { LIMITS, type CollectiveError } from '../../../base/index.js';
import { isFileSystemError, type FileHandle, type FileSystem } from '../../../ports/index.js';
import { parseBlock } from '../../chain/index.js';
import { damaged, problemOf } from '../damage.js';
import { draftOf, framed, RECORD_PREFIX_BYTES, segmentFile } from '../files/file-names.js';
import { RecordReader } from '../reading/record-reader.js';
import { blockAfter, openSegment, tailAt, type ChainedBlock, type LogChain } from '../reading/segment-scan.js';
import { setAside } from '../writing/set-aside.js';
import { unlinkIfThere } from '../files/small-files.js';
import type { SourceBlocks } from '../reading/source-blocks.js';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, type HeadRecord, type Tail } from '../files/stored-records.js';
import type { LogReadingOptions, SegmentSizes } from '../types.js';

export interface SegmentsToRebuild {
  /** First sequence of the segment that is damaged or missing. */
  readonly start: number;
  /** Last sequence before the next segment; undefined for the last one. */
  readonly end: number | undefined;
  readonly head: HeadRecord | undefined;
  readonly chain: LogChain;
  /** The block before. */
  readonly tail: Tail;
  readonly blocks: SourceBlocks;
  readonly signal: AbortSignal | undefined;
}

export interface RebuiltSegments {
  readonly chain: LogChain;
  readonly tail: Tail;
  readonly headTail: Tail | undefined;
  readonly files: readonly string[];
  readonly filled: readonly { readonly fromSequence: number; readonly toSequence: number }[];
}

/**
 * Writes a segment anew (more than one, where more than one is gone) from its own whole blocks and those of the source, and puts it
 * in the place of the old one, which is kept in `quarantine`. Errors: LOG_DAMAGED where the source lacks a block.
 */
export async function rebuildSegments(
  options: LogReadingOptions & SegmentSizes,
  work: SegmentsToRebuild,
): Promise<RebuiltSegments> {
  const local = await LocalBlocks.open(options, work.start);
  const drafts = new SegmentDrafts(options);
  try {
    const result = await new Rebuild(options, work, local, drafts).run();
    await local.close();
    await drafts.putInPlace();
    return { ...result, files: drafts.files };
  } catch (error) {
    await local.close();
    await drafts.discard();
    throw error;
  }
}

class Rebuild {
  readonly #options: LogReadingOptions;
  readonly #work: SegmentsToRebuild;
  readonly #local: LocalBlocks;
  readonly #drafts: SegmentDrafts;
  readonly #filled: { fromSequence: number; toSequence: number }[] = [];
  #chain: LogChain;
  #tail: Tail;
  #headTail: Tail | undefined;

  constructor(options: LogReadingOptions, work: SegmentsToRebuild, local: LocalBlocks, drafts: SegmentDrafts) {
    this.#options = options;
    this.#work = work;
    this.#local = local;
    this.#drafts = drafts;
    this.#chain = work.chain;
    this.#tail = work.tail;
  }

  async run(): Promise<Omit<RebuiltSegments, 'files'>> {
    const { end } = this.#work;
    while (end === undefined || this.#tail.sequence < end) {
      const next = (await this.#ownNext()) ?? (await this.#sourceNext());
      if (next === undefined) break;
      await this.#take(next);
    }
    if (end !== undefined && this.#tail.sequence !== end) throw this.#missing('the blocks do not meet the next segment');
    return { chain: this.#chain, tail: this.#tail, headTail: this.#headTail, filled: this.#filled };
  }

  async #ownNext(): Promise<ChainedBlock | undefined> {
    const bytes = await this.#local.startingAt(this.#tail.sequence + 1, this.#chain);
    if (bytes === undefined) return undefined;
    const next = blockAfter(this.#chain, this.#tail, bytes);
    return next.ok ? next.value : undefined;
  }

  /** Asked where a block is known to belong, or where nothing says that none does. */
  async #sourceNext(): Promise<ChainedBlock | undefined> {
    const { end, head, blocks } = this.#work;
    const { sequence } = this.#tail;
    const needed = sequence < Math.max(end ?? 0, head?.sequence ?? 0);
    if (!needed && head !== undefined && !this.#local.more) return undefined;
    const bytes = await blocks.at(sequence + 1);
    if (bytes === undefined) {
      if (needed) throw this.#missing('nobody who was asked has this block');
      return undefined;
    }
    const next = blockAfter(this.#chain, this.#tail, bytes);
    if (!next.ok) throw this.#missing(`what the source sent is not of this log: ${problemOf(next.error)}`);
    blocks.took(next.value.block.lastSequence);
    this.#note(sequence + 1, next.value.block.lastSequence);
    return next.value;
  }

  #note(fromSequence: number, toSequence: number): void {
    const last = this.#filled.at(-1);
    if (last?.toSequence === fromSequence - 1) last.toSequence = toSequence;
    else this.#filled.push({ fromSequence, toSequence });
  }

  async #take({ block, chain }: ChainedBlock): Promise<void> {
    const { segment, offset } = await this.#drafts.append(block.header, block.bytes);
    this.#chain = chain;
    this.#tail = tailAt(block, segment, offset, offset + RECORD_PREFIX_BYTES + block.bytes.length);
    if (this.#tail.sequence === this.#work.head?.sequence) this.#headTail = this.#tail;
  }

  #missing(problem: string): CollectiveError {
    const { directory } = this.#options;
    const sequence = this.#tail.sequence + 1;
    return damaged({ directory, file: segmentFile(this.#work.start), offset: 0, sequence }, problem);
  }
}

/** The whole records of a damaged segment, in the order in which they lie there. */
class LocalBlocks {
  readonly #handle: FileHandle | undefined;
  readonly #reader: RecordReader | undefined;
  readonly #size: number;
  #offset = SEGMENT_HEADER_BYTES;
  #held: { readonly bytes: Uint8Array; readonly sequence: number } | undefined;

  private constructor(handle: FileHandle | undefined, size: number) {
    this.#handle = handle;
    this.#size = size;
    this.#reader = handle === undefined ? undefined : new RecordReader(handle, size);
  }

  static async open({ fileSystem, directory }: LogReadingOptions, segment: number): Promise<LocalBlocks> {
    try {
      const handle = await openSegment(fileSystem, directory, segment);
      return new LocalBlocks(handle, await handle.size());
    } catch (error) {
      if (isFileSystemError(error) && error.errno === 'ENOENT') return new LocalBlocks(undefined, 0);
      throw error;
    }
  }

  /** Whether whole blocks come after those that were asked for. */
  get more(): boolean {
    return this.#held !== undefined;
  }

  async startingAt(sequence: number, { tools }: LogChain): Promise<Uint8Array | undefined> {
    while (this.#held === undefined || this.#held.sequence < sequence) {
      const offset = await this.#next();
      if (offset === undefined) return undefined;
      const record = await this.#reader?.record(offset);
      if (record?.kind !== 'record') return undefined;
      this.#offset = record.endOffset;
      const parsed = parseBlock(record.block, tools.hasher);
      this.#held = parsed.ok ? { bytes: record.block, sequence: parsed.value.header.firstSequence } : undefined;
    }
    if (this.#held.sequence !== sequence) return undefined;
    const { bytes } = this.#held;
    this.#held = undefined;
    return bytes;
  }

  async #next(): Promise<number | undefined> {
    this.#held = undefined;
    const record = await this.#reader?.record(this.#offset);
    return record?.kind === 'record' ? this.#offset : this.#reader?.find(this.#offset, this.#size);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}

/** New segment files under other names, until they are whole. */
class SegmentDrafts {
  readonly files: string[] = [];
  readonly #fileSystem: FileSystem;
  readonly #directory: string;
  readonly #segmentBytes: number;
  #current: { readonly segment: number; readonly handle: FileHandle; offset: number } | undefined;

  constructor({ fileSystem, directory, segmentBytes = LIMITS.segmentBytes }: LogReadingOptions & SegmentSizes) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
  }

  async append(
    header: Parameters<typeof encodeSegmentHeader>[0],
    block: Uint8Array,
  ): Promise<{ readonly segment: number; readonly offset: number }> {
    const record = framed(block);
    if (this.#current === undefined || this.#current.offset + record.length > this.#segmentBytes) await this.#begin(header);
    const current = this.#current;
    if (current === undefined) throw new Error('a draft is open');
    const { segment, offset } = current;
    await current.handle.write(record, offset);
    current.offset += record.length;
    return { segment, offset };
  }

  /** What was there before is kept first. */
  async putInPlace(): Promise<void> {
    await this.#finish();
    for (const file of this.files) {
      await setAside(this.#fileSystem, this.#directory, file);
      await this.#fileSystem.rename(this.#path(draftOf(file)), this.#path(file));
    }
    await this.#fileSystem.syncDirectory(this.#directory);
  }

  async discard(): Promise<void> {
    await this.#current?.handle.close();
    this.#current = undefined;
    for (const file of this.files) await unlinkIfThere(this.#fileSystem, this.#path(draftOf(file)));
  }

  async #begin(header: Parameters<typeof encodeSegmentHeader>[0]): Promise<void> {
    await this.#finish();
    const file = segmentFile(header.firstSequence);
    await unlinkIfThere(this.#fileSystem, this.#path(draftOf(file)));
    const handle = await this.#fileSystem.open(this.#path(draftOf(file)), 'create-new');
    this.files.push(file);
    this.#current = { segment: header.firstSequence, handle, offset: SEGMENT_HEADER_BYTES };
    await handle.write(encodeSegmentHeader(header), 0);
  }

  async #finish(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (current === undefined) return;
    try {
      await current.handle.sync();
    } finally {
      await current.handle.close();
    }
  }

  #path(file: string): string {
    return `${this.#directory}/${file}`;
  }
}
