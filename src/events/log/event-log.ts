import { assert, CollectiveError, isCollectiveError, toCollectiveError, type MemberId } from '../../base/index.js';
import { sealBlock, type StoredBlock } from '../chain/index.js';
import type { Head } from '../event.js';
import { OpenBlock } from './block-builder.js';
import { readBlocks, type LogSnapshot } from './block-source.js';
import type { BlockWriter } from './block-writer.js';
import type { HeadFiles } from './head-files.js';
import { Landmarks } from './landmarks.js';
import { Salts } from './salts.js';
import { tailAt, type LogChain } from './segment-scan.js';
import { closeAll } from './small-files.js';
import type { Tail } from './stored-records.js';
import type { BlockBuilder, EventLog, LogOptions, LogRecovery, LogVerification, ReadOptions } from './types.js';
import { auditSegments, headOrDamages } from './verify-log.js';

export interface OpenedLog {
  readonly options: LogOptions;
  readonly chain: LogChain;
  readonly tail: Tail;
  readonly segments: readonly number[];
  readonly writer: BlockWriter;
  readonly headFiles: HeadFiles;
  readonly recovery: LogRecovery;
}

/** A log over segment files: one writer, any number of readers below the durable head. */
export class SegmentLog implements EventLog {
  readonly recovery: LogRecovery;
  readonly #options: LogOptions;
  readonly #chain: LogChain;
  readonly #writer: BlockWriter;
  readonly #headFiles: HeadFiles;
  readonly #landmarks = new Landmarks();
  readonly #salts: Salts;
  readonly #listeners = new Set<(block: StoredBlock) => void>();
  /** Replaced, never changed: readers keep the one that they began with. */
  #segments: readonly number[];
  #tail: Tail;
  #builder: OpenBlock | undefined;
  #failure: CollectiveError | undefined;
  /** Settles when nothing is being written. Never rejects. */
  #settled: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor({ options, chain, tail, segments, writer, headFiles, recovery }: OpenedLog) {
    this.#options = options;
    this.#salts = new Salts(options.random);
    this.#chain = chain;
    this.#tail = tail;
    this.#segments = segments;
    this.#writer = writer;
    this.#headFiles = headFiles;
    this.recovery = recovery;
    if (tail.sequence > 0) this.#landmarks.note(tail.segment, tail.sequence, tail.blockOffset);
  }

  get origin(): MemberId {
    return this.#chain.identity.origin;
  }

  get publicKey(): Uint8Array {
    return this.#chain.identity.publicKey;
  }

  get head(): Head {
    const { epoch, sequence, headerHash } = this.#tail;
    return { origin: this.origin, epoch, sequence, headerHash };
  }

  get headTimeMs(): number {
    return this.#tail.timeMs;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  begin(): BlockBuilder {
    this.#checkUsable();
    assert(this.#builder === undefined, 'a log has one writer: the block before is committed or discarded first');
    const { clock, hasher } = this.#options;
    const store = (block: OpenBlock): Promise<StoredBlock> => this.#commit(block);
    const released = (): void => {
      this.#builder = undefined;
    };
    this.#builder = new OpenBlock({
      identity: this.#chain.identity,
      tail: this.#tail,
      clock,
      salts: this.#salts,
      hasher,
      store,
      released,
    });
    return this.#builder;
  }

  read({ fromSequence, toSequence, signal }: ReadOptions): AsyncIterable<StoredBlock> {
    assert(fromSequence >= 1, 'the first event of a log is 1');
    this.#checkUsable();
    const { tail } = this.#snapshot;
    return readBlocks(this.#snapshot, { fromSequence, toSequence: toSequence ?? tail.sequence, signal });
  }

  verify({ signal }: { readonly signal?: AbortSignal } = {}): AsyncIterable<LogVerification> {
    this.#checkUsable();
    return this.#verify(this.#snapshot, signal);
  }

  onCommitted(listener: (block: StoredBlock) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#settled.then(() => this.#closeFiles());
    return this.#closed;
  }

  /** Everything there is now; later appends do not show in it. */
  get #snapshot(): LogSnapshot {
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

  async *#verify({ chain, tail, segments }: LogSnapshot, signal: AbortSignal | undefined): AsyncGenerator<LogVerification, void> {
    const { fileSystem, directory } = this.#options;
    const heads = await this.#exclusively(() => headOrDamages(fileSystem, directory, this.origin));
    yield* heads.damages;
    yield* auditSegments(this.#options, { chain, head: tail, segments, live: true }, signal, heads.damages.length);
  }

  async #commit(builder: OpenBlock): Promise<StoredBlock> {
    try {
      return await this.#exclusively(() => this.#store(builder));
    } catch (error) {
      if (isCollectiveError(error) && error.code === 'NOT_ENOUGH_SPACE') {
        this.#builder = undefined;
        throw error;
      }
      throw this.#fail(error);
    }
  }

  async #store(builder: OpenBlock): Promise<StoredBlock> {
    const { hasher, signer } = this.#options;
    const { origin } = this.#chain.identity;
    const { epoch, sequence, headerHash: previousHeaderHash } = this.#tail;
    const link = { origin, epoch, firstSequence: sequence + 1, previousHeaderHash };
    const sealed = sealBlock(link, builder.content(), { hasher, signer });
    await this.#writer.reserve(sealed.bytes.length, link);
    const place = await this.#writer.write(sealed.bytes);
    await this.#writer.sync();
    const block: StoredBlock = { ...sealed, lastSequence: sequence + sealed.header.count, events: builder.events };
    const tail = tailAt(block, place.segment, place.blockOffset, place.endOffset);
    await this.#headFiles.write(tail);
    this.#publish(block, tail);
    return block;
  }

  #publish(block: StoredBlock, tail: Tail): void {
    this.#tail = tail;
    if (this.#segments.at(-1) !== tail.segment) this.#segments = [...this.#segments, tail.segment];
    this.#landmarks.note(tail.segment, block.header.firstSequence, tail.blockOffset);
    this.#builder = undefined;
    for (const listener of this.#listeners) listener(block);
  }

  #fail(error: unknown): CollectiveError {
    this.#failure ??= new CollectiveError('LOG_FAILED', `The log could not be written: ${toCollectiveError(error).message}`, {
      next: 'Check the disk that holds the data folder; the coordinator ends, and its next start finds out what is durable.',
      details: { directory: this.#options.directory },
      cause: error,
    });
    return this.#failure;
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closed !== undefined) throw new CollectiveError('UNAVAILABLE', 'The log is closed.');
  }

  /** One after another. What `work` throws goes to its caller alone. */
  #exclusively<Value>(work: () => Promise<Value>): Promise<Value> {
    const result = this.#settled.then(work);
    this.#settled = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  #closeFiles(): Promise<void> {
    return closeAll([this.#writer, this.#headFiles]);
  }
}
