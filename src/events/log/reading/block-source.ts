import { assert, CollectiveError, LIMITS } from '../../../base/index.js';
import type { FileSystem } from '../../../ports/index.js';
import {
  NO_HASH,
  parseBlock,
  verifyBlockUnsigned,
  verifySignature,
  type ParsedBlock,
  type StoredBlock,
} from '../../chain/index.js';
import { damaged, problemOf, readingFailed, type DamagePlace } from '../damage.js';
import { segmentFile } from '../files/file-names.js';
import type { Landmarks } from './landmarks.js';
import { RecordReader } from './record-reader.js';
import { expectationOf, openSegment, segmentHeaderProblem, type LogChain } from './segment-scan.js';
import { SEGMENT_HEADER_BYTES, type Tail } from '../files/stored-records.js';

/** A log as it stands at one moment. */
export interface LogSnapshot {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly chain: LogChain;
  /** Nothing after this is read. */
  readonly tail: Tail;
  /** First sequences, ascending. */
  readonly segments: readonly number[];
  readonly landmarks: Landmarks;
}

export interface BlockRange {
  readonly fromSequence: number;
  readonly toSequence: number;
  readonly signal: AbortSignal | undefined;
}

export interface PlacedBlock {
  readonly block: ParsedBlock;
  readonly segment: number;
  readonly offset: number;
}

/**
 * The verified blocks of a range. Blocks are taken in runs of about LIMITS.blockBytes: each names the hash of the one
 * before it, so the signature of a run's last block vouches for all of the run. What is whole before a damaged place is
 * delivered, then LOG_DAMAGED is thrown.
 */
export async function* readBlocks(log: LogSnapshot, range: BlockRange): AsyncGenerator<StoredBlock, void> {
  if (range.fromSequence > Math.min(range.toSequence, log.tail.sequence)) return;
  const verifier = new RunVerifier(log);
  const source = placedBlocks(log, range);
  try {
    for (;;) {
      const run = await takeRun(source);
      const verified = verifier.verify(run.blocks);
      yield* verified.blocks;
      const failure = verified.failure ?? run.failure;
      if (failure !== undefined) throw failure;
      if (run.last) return;
    }
  } finally {
    await source.return(undefined);
  }
}

/** The blocks of a range as they lie there: whole, at their places, not verified. */
export async function* readBlockBytes(log: LogSnapshot, range: BlockRange): AsyncGenerator<ParsedBlock, void, undefined> {
  if (range.fromSequence > Math.min(range.toSequence, log.tail.sequence)) return;
  for await (const { block } of placedBlocks(log, range)) yield block;
}

interface Run {
  readonly blocks: readonly PlacedBlock[];
  readonly last: boolean;
  readonly failure: Error | undefined;
}

async function takeRun(source: AsyncGenerator<PlacedBlock, undefined>): Promise<Run> {
  const blocks: PlacedBlock[] = [];
  try {
    for (let bytes = 0; bytes < LIMITS.blockBytes; ) {
      const { value } = await source.next();
      if (value === undefined) return { blocks, last: true, failure: undefined };
      blocks.push(value);
      bytes += value.block.bytes.length;
    }
    return { blocks, last: false, failure: undefined };
  } catch (error) {
    return { blocks, last: true, failure: error instanceof Error ? error : new Error(String(error)) };
  }
}

class RunVerifier {
  readonly #log: LogSnapshot;
  #previous: StoredBlock | undefined;

  constructor(log: LogSnapshot) {
    this.#log = log;
  }

  verify(run: readonly PlacedBlock[]): { readonly blocks: readonly StoredBlock[]; readonly failure: Error | undefined } {
    const { chain } = this.#log;
    const blocks: StoredBlock[] = [];
    let failure: Error | undefined;
    let last: PlacedBlock | undefined;
    for (const placed of run) {
      const verified = verifyBlockUnsigned(placed.block, this.#expected(placed.block), chain.tools.hasher);
      if (!verified.ok) {
        failure = this.#damage(placed, problemOf(verified.error));
        break;
      }
      blocks.push(verified.value);
      last = placed;
      this.#previous = verified.value;
    }
    if (last === undefined) return { blocks, failure };
    const signed = verifySignature(last.block, expectationOf(chain, last.block.header).publicKeyOf, chain.tools.verifier);
    return signed.ok ? { blocks, failure } : { blocks: [], failure: this.#damage(last, problemOf(signed.error)) };
  }

  #expected(block: ParsedBlock): Parameters<typeof verifyBlockUnsigned>[1] {
    const { chain } = this.#log;
    const before = this.#previous;
    const first = block.header.firstSequence === 1 ? NO_HASH : undefined;
    return {
      ...expectationOf(chain, block.header),
      firstSequence: before === undefined ? block.header.firstSequence : before.lastSequence + 1,
      previousHeaderHash: before === undefined ? first : before.headerHash,
      previousTimeMs: before?.header.lastTimeMs ?? 0,
    };
  }

  #damage({ block, segment, offset }: PlacedBlock, problem: string): Error {
    const sequence = block.header.firstSequence;
    return damaged({ directory: this.#log.directory, file: segmentFile(segment), offset, sequence }, problem);
  }
}

/** Blocks with their headers read, from the one that holds the first sequence to the one that holds the last. */
export async function* placedBlocks(log: LogSnapshot, range: BlockRange): AsyncGenerator<PlacedBlock, undefined> {
  const to = Math.min(range.toSequence, log.tail.sequence);
  const start = log.segments.findLastIndex((segment) => segment <= range.fromSequence);
  let expected = range.fromSequence;
  for (const segment of log.segments.slice(Math.max(0, start))) {
    if (segment > to) break;
    for await (const placed of blocksOfSegment(log, segment, expected, range.signal)) {
      if (placed.block.header.firstSequence > expected) throw gap(log, placed, expected);
      yield placed;
      expected = placed.block.lastSequence + 1;
      if (expected > to) return undefined;
    }
  }
  const file = segmentFile(log.segments.findLast((segment) => segment <= expected) ?? expected);
  throw damaged({ directory: log.directory, file, offset: 0, sequence: expected }, `events from ${expected} on are missing`);
}

function gap(log: LogSnapshot, { block, segment, offset }: PlacedBlock, expected: number): Error {
  const problem = `events ${expected} to ${block.header.firstSequence - 1} are missing`;
  return damaged({ directory: log.directory, file: segmentFile(segment), offset, sequence: expected }, problem);
}

async function* blocksOfSegment(
  log: LogSnapshot,
  segment: number,
  from: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<PlacedBlock, void> {
  const start = log.landmarks.before(segment, from) ?? { sequence: segment, offset: SEGMENT_HEADER_BYTES };
  let { sequence, offset } = start;
  const place = (at: number): DamagePlace => ({ directory: log.directory, file: segmentFile(segment), offset: at, sequence });
  let handle: Awaited<ReturnType<typeof openSegment>> | undefined;
  try {
    handle = await openSegment(log.fileSystem, log.directory, segment);
    const problem = await segmentHeaderProblem(handle, log.chain, segment);
    if (problem !== undefined) throw damaged(place(0), problem);
    const limit = segment === log.tail.segment ? log.tail.endOffset : await handle.size();
    const reader = new RecordReader(handle, limit);
    for (;;) {
      if (signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Reading the log was cancelled.');
      const record = await reader.record(offset);
      if (record.kind === 'end') return;
      if (record.kind === 'broken') throw damaged(place(offset), record.problem);
      const parsed = parseBlock(record.block, log.chain.tools.hasher);
      if (!parsed.ok) throw damaged(place(offset), problemOf(parsed.error));
      const block = parsed.value;
      log.landmarks.note(segment, block.header.firstSequence, offset);
      if (block.lastSequence >= from) yield { block, segment, offset };
      assert(record.endOffset > offset, 'reading goes forward');
      offset = record.endOffset;
      sequence = block.lastSequence + 1;
    }
  } catch (error) {
    throw readingFailed(place(0), error);
  } finally {
    await handle?.close();
  }
}
