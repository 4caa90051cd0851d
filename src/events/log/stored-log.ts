import { assert, CollectiveError, isCollectiveError, toCollectiveError } from '../../base/index.js';
import type { StoredBlock } from '../chain/index.js';
import type { Head } from '../event.js';
import { placedBlocks, readBlockBytes, readBlocks, type LogSnapshot, type PlacedBlock } from './reading/block-source.js';
import type { BlockWriter, WrittenPlace } from './writing/block-writer.js';
import { RECORD_PREFIX_BYTES } from './files/file-names.js';
import type { HeadFiles } from './files/head-files.js';
import { readKeys, writeKeys } from './files/keys-file.js';
import { Landmarks } from './reading/landmarks.js';
import { chained, logChain, tailAt, type ChainedBlock, type LogChain } from './reading/segment-scan.js';
import { closeAll } from './files/small-files.js';
import type { Tail } from './files/stored-records.js';
import type { LogReadingOptions, LogRecovery, LogVerification, ReadOptions, StoredBytes, VerifyOptions } from './types.js';
import { auditSegments, headOrDamages } from './reading/verify-log.js';

export interface OpenedLog {
  readonly options: LogReadingOptions;
  readonly chain: LogChain;
  readonly tail: Tail;
  readonly segments: readonly number[];
  readonly writer: BlockWriter;
  readonly headFiles: HeadFiles;
  readonly recovery: LogRecovery;
}

/** The verified blocks of one origin on disk: one writer, any number of readers below the durable head. */
export class StoredLog {
  readonly recovery: LogRecovery;
  readonly #options: LogReadingOptions;
  readonly #headFiles: HeadFiles;
  readonly #landmarks = new Landmarks();
  #writer: BlockWriter;
  #chain: LogChain;
  /** Replaced, never changed: readers keep the one that they began with. */
  #segments: readonly number[];
  #tail: Tail;
  #failure: CollectiveError | undefined;
  /** Settles when nothing is being written. Never rejects. */
  #settled: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor({ options, chain, tail, segments, writer, headFiles, recovery }: OpenedLog) {
    this.#options = options;
    this.#chain = chain;
    this.#tail = tail;
    this.#segments = segments;
    this.#writer = writer;
    this.#headFiles = headFiles;
    this.recovery = recovery;
    if (tail.sequence > 0) this.#landmarks.note(tail.segment, tail.sequence, tail.blockOffset);
  }

  get chain(): LogChain {
    return this.#chain;
  }

  get tail(): Tail {
    return this.#tail;
  }

  get head(): Head {
    const { epoch, sequence, headerHash } = this.#tail;
    return { origin: this.#chain.identity.origin, epoch, sequence, headerHash };
  }

  /** SPKI DER of the key that signs the next block. */
  get publicKey(): Uint8Array {
    return this.#chain.keys.at(this.#tail.sequence + 1).publicKey;
  }

  get failure(): CollectiveError | undefined {
    return this.#failure;
  }

  /** Everything there is now; later appends do not show in it. */
  get snapshot(): LogSnapshot {
    const { fileSystem, directory } = this.#options;
    return {
      fileSystem,
      directory,
      chain: this.#chain,
      tail: this.#tail,
      segments: this.#segments,
      landmarks: this.#landmarks,
    };
  }

  read({ fromSequence, toSequence, signal }: ReadOptions): AsyncIterable<StoredBlock> {
    assert(fromSequence >= 1, 'the first event of a log is 1');
    this.checkUsable();
    const { snapshot } = this;
    return readBlocks(snapshot, { fromSequence, toSequence: toSequence ?? snapshot.tail.sequence, signal });
  }

  async *readBytes({ fromSequence, toSequence, signal }: ReadOptions): AsyncGenerator<StoredBytes, void, undefined> {
    assert(fromSequence >= 1, 'the first event of a log is 1');
    this.checkUsable();
    yield* readBlockBytes(this.snapshot, { fromSequence, toSequence: toSequence ?? this.tail.sequence, signal });
  }

  /** The held block with this event, and where it lies. Error: LOG_DAMAGED. */
  async placed(sequence: number): Promise<PlacedBlock> {
    const source = placedBlocks(this.snapshot, { fromSequence: sequence, toSequence: sequence, signal: undefined });
    const { value } = await source.next();
    await source.return(undefined);
    assert(value !== undefined, 'an event up to the head is held');
    return value;
  }

  /** The chain as it held after the held, verified block that ends with this event, and where it lies. Error: LOG_DAMAGED. */
  async standingAt(sequence: number): Promise<{ readonly tail: Tail; readonly chain: LogChain }> {
    const { segment, offset } = await this.placed(sequence);
    for await (const block of this.read({ fromSequence: sequence, toSequence: sequence })) {
      const after = chained(this.#chain, block);
      if (!after.ok) throw after.error;
      const tail = tailAt(block, segment, offset, offset + RECORD_PREFIX_BYTES + block.bytes.length);
      return { tail, chain: after.value.chain };
    }
    throw new CollectiveError('INTERNAL', 'A held block could not be read.');
  }

  verify(options: VerifyOptions = {}): AsyncIterable<LogVerification> {
    this.checkUsable();
    return this.#verify(this.snapshot, options);
  }

  /**
   * Appends blocks that follow the tail, with one sync for all, and moves HEAD. Only within `exclusively`. NOT_ENOUGH_SPACE: as
   * many as there was room for are stored, and the log goes on. LOG_FAILED after anything else.
   */
  async store(blocks: readonly ChainedBlock[], published: (block: StoredBlock) => void): Promise<void> {
    try {
      const written: { readonly next: ChainedBlock; readonly place: WrittenPlace }[] = [];
      let full: CollectiveError | undefined;
      for (const next of blocks) {
        const { header, bytes } = next.block;
        try {
          await this.#writer.reserve(bytes.length, header);
        } catch (error) {
          if (!isCollectiveError(error) || error.code !== 'NOT_ENOUGH_SPACE') throw error;
          full = error;
          break;
        }
        written.push({ next, place: await this.#writer.write(bytes) });
      }
      await this.#makeDurable(written.at(-1));
      for (const { next, place } of written) {
        this.#move(next, place);
        published(next.block);
      }
      if (full !== undefined) throw full;
    } catch (error) {
      if (isCollectiveError(error) && error.code === 'NOT_ENOUGH_SPACE') throw error;
      throw this.fail(error);
    }
  }

  /** Goes on from another tail, after the files were cut back to it. Only within `exclusively`. */
  resume(opened: Pick<OpenedLog, 'chain' | 'tail' | 'segments' | 'writer'>): void {
    this.#chain = opened.chain;
    this.#tail = opened.tail;
    this.#segments = opened.segments;
    this.#writer = opened.writer;
    this.#landmarks.clear();
  }

  get headFiles(): HeadFiles {
    return this.#headFiles;
  }

  closeWriter(): Promise<void> {
    return this.#writer.close();
  }

  fail(error: unknown): CollectiveError {
    this.#failure ??= new CollectiveError('LOG_FAILED', `The log could not be written: ${toCollectiveError(error).message}`, {
      next: 'Check the disk that holds the data folder; the program ends, and its next start finds out what is durable.',
      details: { directory: this.#options.directory },
      cause: error,
    });
    return this.#failure;
  }

  checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed !== undefined) throw new CollectiveError('UNAVAILABLE', 'The log is closed.');
  }

  /** One after another. What `work` throws goes to its caller alone. */
  exclusively<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#settled.then(work);
    this.#settled = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  close(): Promise<void> {
    this.#closed ??= this.#settled.then(() => closeAll([this.#writer, this.#headFiles]));
    return this.#closed;
  }

  async #makeDurable(last: { readonly next: ChainedBlock; readonly place: WrittenPlace } | undefined): Promise<void> {
    if (last === undefined) return;
    await this.#writer.sync();
    const { block, chain } = last.next;
    await this.#headFiles.write(tailAt(block, last.place.segment, last.place.blockOffset, last.place.endOffset));
    if (chain.keys === this.#chain.keys) return;
    await writeKeys(this.#options.fileSystem, this.#options.directory, chain.identity.origin, chain.keys);
  }

  #move({ block, chain }: ChainedBlock, { segment, blockOffset, endOffset }: WrittenPlace): void {
    this.#tail = tailAt(block, segment, blockOffset, endOffset);
    this.#chain = chain;
    if (this.#segments.at(-1) !== segment) this.#segments = [...this.#segments, segment];
    this.#landmarks.note(segment, block.header.firstSequence, blockOffset);
  }

  async *#verify({ tail, segments }: LogSnapshot, options: VerifyOptions): AsyncGenerator<LogVerification, void> {
    const { fileSystem, directory, hasher } = this.#options;
    const { identity, tools } = this.#chain;
    const found = await this.exclusively(async () => ({
      heads: await headOrDamages(fileSystem, directory, identity.origin),
      stored: await readKeys(fileSystem, directory, identity, hasher),
    }));
    yield* found.heads.damages;
    const scope = { chain: logChain(identity, tools), stored: found.stored, head: tail, segments, batched: false, live: true };
    yield* auditSegments(this.#options, scope, options, found.heads.damages.length);
  }
}
