import { assert, CollectiveError, isCollectiveError, type MemberId } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';
import { FIRST_EPOCH, parseBlock, type StoredBlock } from '../chain/index.js';
import type { Head } from '../event.js';
import { forked } from './writing/adopt.js';
import { createLogFiles } from './writing/create.js';
import { cutAfter } from './writing/cut.js';
import { readFork, removeFork, writeFork } from './files/fork-file.js';
import { findBranch } from './writing/branch.js';
import { foundingKey } from './reading/founding.js';
import { batched } from './writing/from-blocks.js';
import { examine, type Obstacle } from './writing/incoming.js';
import { openStored } from './open.js';
import { findLog } from './mending/recovery.js';
import { EMPTY_TAIL } from './reading/segment-scan.js';
import { allowBatches } from './files/small-files.js';
import type { StoredLog } from './stored-log.js';
import type {
  BlockByteSource,
  LogCopy,
  LogCopyOptions,
  LogFork,
  LogRecovery,
  LogVerification,
  ReadOptions,
  StoredBytes,
  VerifyOptions,
} from './types.js';

type OnStored = (block: StoredBlock) => void;

const NOTHING_FOUND: LogRecovery = { keptBlocks: 0, droppedBytes: 0, notices: [] };

/**
 * Opens a copy of somebody's log, or makes it with its first block where there is none. The folder's parent must exist, and no
 * other process may have it open. Errors: LOG_DAMAGED, IO_FAILED.
 */
export async function openLogCopy(options: LogCopyOptions): Promise<LogCopy> {
  const stored = await openExisting(options);
  if (stored === undefined) return new SegmentLogCopy(options, undefined, undefined, NOTHING_FOUND);
  const found = await readFork(options.fileSystem, options.directory, options.origin);
  const { recovery } = stored;
  if (typeof found === 'object' && isEnded(found, stored)) {
    await removeFork(options.fileSystem, options.directory);
    return new SegmentLogCopy(options, stored, undefined, recovery);
  }
  if (typeof found !== 'string') return new SegmentLogCopy(options, stored, found, recovery);
  const notices = [...recovery.notices, `The proof of a fork could not be read (${found}) and is waited for again.`];
  return new SegmentLogCopy(options, stored, undefined, { ...recovery, notices });
}

/** A crash may have come between the start of a later epoch and the end of what it ended. */
function isEnded({ held, other }: LogFork, { tail, chain }: StoredLog): boolean {
  const epochs = [held, other].map((bytes) => {
    const parsed = parseBlock(bytes, chain.tools.hasher);
    return parsed.ok ? parsed.value.header.epoch : FIRST_EPOCH;
  });
  return Math.max(...epochs) < tail.epoch;
}

async function openExisting(options: LogCopyOptions): Promise<StoredLog | undefined> {
  try {
    const found = await findLog(options);
    if (!found.batched) await allowBatches(options.fileSystem, options.directory);
    return await openStored(options, found);
  } catch (error) {
    if (isCollectiveError(error) && error.code === 'NOT_FOUND') return undefined;
    throw diskFailure(error);
  }
}

/** What the disk answered, as an error of ours; anything else as it is. */
function diskFailure(error: unknown): unknown {
  if (!isFileSystemError(error)) return error;
  return new CollectiveError('IO_FAILED', `The copy of the log cannot be used: ${error.message}.`, { cause: error });
}

class SegmentLogCopy implements LogCopy {
  readonly recovery: LogRecovery;
  readonly #options: LogCopyOptions;
  /** Undefined until the first block has named the keys. */
  #stored: StoredLog | undefined;
  /** There may be files of it although it is not open. */
  #begun = false;
  #fork: LogFork | undefined;
  /** Settles when nothing is being changed. Never rejects. */
  #settled: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: LogCopyOptions, stored: StoredLog | undefined, fork: LogFork | undefined, recovery: LogRecovery) {
    this.#options = options;
    this.#stored = stored;
    this.#fork = fork;
    this.recovery = recovery;
  }

  get origin(): MemberId {
    return this.#options.origin;
  }

  get head(): Head {
    const { epoch, sequence, headerHash } = this.#stored?.tail ?? EMPTY_TAIL(FIRST_EPOCH);
    return { origin: this.origin, epoch, sequence, headerHash };
  }

  get headTimeMs(): number {
    return this.#stored?.tail.timeMs ?? 0;
  }

  get fork(): LogFork | undefined {
    return this.#fork;
  }

  append(blocks: readonly Uint8Array[], onStored: OnStored = () => undefined): Promise<Head> {
    return this.#exclusively(() => this.#append(blocks, { following: false, onStored }));
  }

  followEpoch(
    source: BlockByteSource,
    { signal, onStored = () => undefined }: { readonly signal?: AbortSignal; readonly onStored?: OnStored } = {},
  ): Promise<Head> {
    return this.#exclusively(async () => {
      const stored = this.#stored;
      if (stored === undefined) throw forked(0, 'there is no copy yet that could follow');
      const common = await findBranch(stored, source, signal);
      if (common < stored.tail.sequence) await this.#cut(stored, common);
      for await (const batch of batched(source(common + 1, signal))) {
        if (signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Following the epoch was cancelled.');
        const before = this.head;
        const after = await this.#append(batch, { following: true, onStored });
        if (after.sequence === before.sequence && after.epoch === before.epoch)
          throw forked(common, 'the other one does not go on');
      }
      return this.head;
    });
  }

  read(options: ReadOptions): AsyncIterable<StoredBlock> {
    this.#checkUsable();
    return this.#stored?.read(options) ?? NOTHING;
  }

  readBytes(options: ReadOptions): AsyncIterable<StoredBytes> {
    this.#checkUsable();
    return this.#stored?.readBytes(options) ?? NOTHING;
  }

  verify(options: VerifyOptions = {}): AsyncIterable<LogVerification> {
    this.#checkUsable();
    return this.#stored?.verify(options) ?? nothingVerified();
  }

  close(): Promise<void> {
    this.#closed ??= this.#settled.then(() => this.#stored?.close());
    return this.#closed;
  }

  async #append(blocks: readonly Uint8Array[], how: { readonly following: boolean; readonly onStored: OnStored }): Promise<Head> {
    for (let rest = blocks; rest.length > 0; ) {
      const stored = await this.#storedFor(rest[0]);
      const { epoch } = stored.tail;
      const { fresh, obstacle } = await examine(stored, rest);
      const thawing = fresh.find(({ block }) => block.header.epoch > epoch);
      if (this.#fork !== undefined && !how.following) {
        if (fresh.length > 0 && fresh[0] !== thawing) throw this.#frozen(this.#fork);
      }
      if (fresh.length > 0) await stored.store(fresh, how.onStored);
      if (this.#fork !== undefined && stored.tail.epoch > epoch) await this.#thaw();
      if (obstacle === undefined) break;
      if (obstacle.kind.kind !== 'cut') throw await this.#refusal(stored, obstacle.kind);
      await this.#cut(stored, obstacle.kind.sequence);
      rest = rest.slice(obstacle.index);
    }
    return this.head;
  }

  async #storedFor(first: Uint8Array | undefined): Promise<StoredLog> {
    // An earlier try may have made the files, and failed to open them.
    if (this.#stored === undefined && this.#begun) this.#stored = await openExisting(this.#options);
    if (this.#stored !== undefined) return this.#stored;
    assert(first !== undefined, 'a run of blocks has a first one');
    const { fileSystem, directory, origin } = this.#options;
    const publicKey = foundingKey(this.#options, first);
    if (!publicKey.ok) throw publicKey.error;
    this.#begun = true;
    await createLogFiles(fileSystem, directory, { origin, publicKey: publicKey.value }, { batched: true });
    this.#stored = await openStored(this.#options, await findLog(this.#options));
    return this.#stored;
  }

  async #cut(stored: StoredLog, sequence: number): Promise<void> {
    try {
      await cutAfter(this.#options, stored, sequence);
    } catch (error) {
      if (isCollectiveError(error) && (error.code === 'LOG_DAMAGED' || error.code === 'NOT_ENOUGH_SPACE')) throw error;
      throw stored.fail(error);
    }
  }

  async #refusal(stored: StoredLog, obstacle: Exclude<Obstacle, { readonly kind: 'cut' }>): Promise<CollectiveError> {
    if (obstacle.kind === 'refused') return obstacle.error;
    if (obstacle.kind === 'branch') {
      return forked(obstacle.sequence - 1, `event ${obstacle.sequence} is of a branch that is not the one held here`);
    }
    const { sequence, held, other } = obstacle;
    this.#fork ??= { sequence, held, other };
    try {
      await writeFork(this.#options.fileSystem, this.#options.directory, this.origin, this.#fork);
    } catch (error) {
      return stored.fail(error);
    }
    return this.#frozen(this.#fork);
  }

  async #thaw(): Promise<void> {
    await removeFork(this.#options.fileSystem, this.#options.directory);
    this.#fork = undefined;
  }

  #frozen({ sequence }: LogFork): CollectiveError {
    return forked(sequence - 1, `its owner signed two blocks for event ${sequence}`);
  }

  #checkUsable(): void {
    this.#stored?.checkUsable();
    if (this.#closed !== undefined) throw new CollectiveError('UNAVAILABLE', 'The copy of the log is closed.');
  }

  /** One after another. What `work` throws goes to its caller alone. */
  #exclusively(work: () => Promise<Head>): Promise<Head> {
    const result = this.#settled.then(() => {
      this.#checkUsable();
      return work();
    });
    this.#settled = result.then(
      () => undefined,
      () => undefined,
    );
    return result.catch((error: unknown) => {
      throw diskFailure(error);
    });
  }
}

const NOTHING: AsyncIterable<StoredBlock> = {
  [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
};

async function* nothingVerified(): AsyncGenerator<LogVerification, void> {
  yield { kind: 'finished', segments: 0, blocks: 0, events: 0, bytes: 0, damages: 0, sequence: 0 };
}
