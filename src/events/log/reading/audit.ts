import { CollectiveError, equalBytes, LIMITS, type Result } from '../../../base/index.js';
import { isFileSystemError, type FileHandle } from '../../../ports/index.js';
import { NO_HASH, parseBlock, verifyBlock, type LogKeys, type ParsedBlock } from '../../chain/index.js';
import { problemOf } from '../damage.js';
import { KEYS_FILE, segmentFile } from '../files/file-names.js';
import type { StoredKeys } from '../files/keys-file.js';
import { RecordReader, type StoredRecord } from './record-reader.js';
import { chained, expectationOf, openSegment, segmentHeaderProblem, type ChainedBlock, type LogChain } from './segment-scan.js';
import { SEGMENT_HEADER_BYTES, type Tail } from '../files/stored-records.js';
import type { LogReadingOptions, LogVerification, VerifyOptions } from '../types.js';

export interface AuditScope {
  /** As at the first event. */
  readonly chain: LogChain;
  /** What KEYS says. */
  readonly stored: StoredKeys;
  /** Whether blocks above HEAD may have been written several at one sync. */
  readonly batched: boolean;
  /** What HEAD names. */
  readonly head: Tail;
  /** First sequences, ascending. */
  readonly segments: readonly number[];
  /** Whether the log may be appended to meanwhile: then nothing beyond `head` is looked at. */
  readonly live: boolean;
}

/** Checks every record, block and link of the segments, and goes on behind damage. */
export class SegmentAudit {
  readonly #options: LogReadingOptions;
  readonly #scope: AuditScope;
  readonly #signal: AbortSignal | undefined;
  readonly #progressBytes: number;
  /** Undefined behind damage: the next block may start anywhere after `#sequence`. */
  #previous: { readonly headerHash: Uint8Array; readonly timeMs: number } | undefined = { headerHash: NO_HASH, timeMs: 0 };
  #sequence = 0;
  #chain: LogChain;
  /** Before the last block. */
  #keysBefore: LogKeys;
  #damaged = false;
  #blocks = 0;
  #events = 0;
  #bytes = 0;
  #saidBytes = 0;

  constructor(options: LogReadingOptions, scope: AuditScope, { signal, progressBytes = LIMITS.segmentStepBytes }: VerifyOptions) {
    this.#options = options;
    this.#scope = scope;
    this.#signal = signal;
    this.#progressBytes = progressBytes;
    this.#chain = scope.chain;
    this.#keysBefore = scope.chain.keys;
  }

  async *run(): AsyncGenerator<Exclude<LogVerification, { readonly kind: 'finished' }>, void> {
    const { head, live } = this.#scope;
    for (const segment of this.#scope.segments) {
      if (live && segment > head.sequence) break;
      if (segment !== this.#sequence + 1) {
        yield this.#damage(segment, 0, `events ${this.#sequence + 1} to ${segment - 1} are missing before this segment`);
        this.#loseTrack();
      }
      yield* this.#segment(segment);
      yield this.#progress(segment);
    }
    if (this.#sequence < head.sequence) {
      yield this.#damage(head.segment, head.blockOffset, `HEAD names event ${head.sequence}, the log ends at ${this.#sequence}`);
    }
    const problem = this.#keysProblem();
    if (problem !== undefined) yield { kind: 'damage', file: KEYS_FILE, offset: 0, sequence: 0, problem };
  }

  get totals(): { readonly blocks: number; readonly events: number; readonly bytes: number; readonly sequence: number } {
    return { blocks: this.#blocks, events: this.#events, bytes: this.#bytes, sequence: this.#sequence };
  }

  async *#segment(segment: number): ReturnType<SegmentAudit['run']> {
    let handle: FileHandle | undefined;
    try {
      handle = await openSegment(this.#options.fileSystem, this.#options.directory, segment);
      const problem = await segmentHeaderProblem(handle, this.#scope.chain, segment);
      if (problem !== undefined) yield this.#damage(segment, 0, problem);
      yield* this.#records(handle, segment);
    } catch (error) {
      if (!isFileSystemError(error)) throw error;
      yield this.#damage(segment, 0, `it cannot be read: ${error.message}`);
      this.#loseTrack();
    } finally {
      await handle?.close();
    }
  }

  async *#records(handle: FileHandle, segment: number): ReturnType<SegmentAudit['run']> {
    const { head, live } = this.#scope;
    const size = await handle.size();
    const limit = live && segment === head.segment ? head.endOffset : size;
    const reader = new RecordReader(handle, limit);
    let offset = SEGMENT_HEADER_BYTES;
    while (offset < limit) {
      if (this.#signal?.aborted === true) throw new CollectiveError('CANCELLED', 'The verification was cancelled.');
      const record = await reader.record(offset);
      if (record.kind === 'record') {
        const problem = this.#take(record.block);
        if (problem !== undefined) yield this.#damage(segment, offset, problem);
        offset = record.endOffset;
        if (this.#bytes - this.#saidBytes >= this.#progressBytes) yield this.#progress(segment);
        continue;
      }
      if (this.#mayBeTorn(segment, offset)) return;
      const next = await reader.find(offset + 1, limit);
      if (next === undefined) {
        const problem = this.#endProblem(record, segment, offset);
        if (problem !== undefined) yield this.#damage(segment, offset, problem);
        return;
      }
      yield this.#damage(segment, offset, record.kind === 'broken' ? record.problem : 'zeros stand where a block belongs');
      this.#loseTrack();
      offset = next;
    }
  }

  #mayBeTorn(segment: number, offset: number): boolean {
    const { head, batched } = this.#scope;
    return batched && (segment > head.sequence || (segment === head.segment && offset >= head.endOffset));
  }

  /** Behind damage, the link to the block before and a change of keys may be lost; KEYS still names the latter. */
  #loseTrack(): void {
    const { stored } = this.#scope;
    this.#previous = undefined;
    if (stored.kind === 'keys') this.#chain = { ...this.#chain, keys: stored.keys };
  }

  /** What is wrong with KEYS; undefined too where damage to the events leaves that open. */
  #keysProblem(): string | undefined {
    const { stored, chain } = this.#scope;
    if (stored.kind === 'unreadable') return stored.problem;
    if (this.#damaged) return undefined;
    const last = this.#sequence;
    const said = (stored.kind === 'keys' ? stored.keys : chain.keys).upTo(last);
    if (said.equals(this.#chain.keys.upTo(last)) || said.equals(this.#keysBefore.upTo(last))) return undefined;
    return stored.kind === 'missing' ? 'it is missing although the keys have changed' : 'it names other keys than the events';
  }

  /** Zeros may end a segment, and a torn block may end the log: both only above HEAD. */
  #endProblem(record: Exclude<StoredRecord, { readonly kind: 'record' }>, segment: number, offset: number): string | undefined {
    const { head, segments } = this.#scope;
    if (segment === head.segment && offset < head.endOffset) {
      return record.kind === 'broken' ? record.problem : 'the log ends before the block that HEAD names';
    }
    if (record.kind === 'end') return undefined;
    const last = segments.at(-1) === segment && (segment > head.sequence || segment === head.segment);
    return last ? undefined : record.problem;
  }

  /** Counts the block if it is sound; says what is wrong otherwise. */
  #take(bytes: Uint8Array): string | undefined {
    const { head } = this.#scope;
    const parsed = parseBlock(bytes, this.#chain.tools.hasher);
    const found = parsed.ok ? this.#verify(parsed.value) : parsed;
    if (!found.ok) {
      this.#loseTrack();
      return problemOf(found.error);
    }
    const { block: verified, chain } = found.value;
    this.#keysBefore = this.#chain.keys;
    this.#chain = chain;
    this.#sequence = verified.lastSequence;
    this.#previous = { headerHash: verified.headerHash, timeMs: verified.header.lastTimeMs };
    this.#blocks += 1;
    this.#events += verified.header.count;
    this.#bytes += bytes.length;
    const named = verified.lastSequence !== head.sequence || equalBytes(verified.headerHash, head.headerHash);
    return named ? undefined : 'the block is not the one that HEAD names';
  }

  #verify(block: ParsedBlock): Result<ChainedBlock, CollectiveError> {
    const chain = this.#chain;
    const expected = this.#sequence + 1;
    const { firstSequence } = block.header;
    const verified = verifyBlock(
      block.bytes,
      {
        ...expectationOf(chain, block.header),
        firstSequence: this.#previous === undefined ? Math.max(expected, firstSequence) : expected,
        previousHeaderHash: this.#previous?.headerHash,
        previousTimeMs: this.#previous?.timeMs ?? 0,
      },
      chain.tools,
    );
    return verified.ok ? chained(chain, verified.value) : verified;
  }

  #progress(segment: number): LogVerification & { readonly kind: 'progress' } {
    this.#saidBytes = this.#bytes;
    return { kind: 'progress', segment: segmentFile(segment), ...this.totals };
  }

  #damage(segment: number, offset: number, problem: string): LogVerification & { readonly kind: 'damage' } {
    this.#damaged = true;
    return { kind: 'damage', file: segmentFile(segment), offset, sequence: this.#sequence + 1, problem };
  }
}
