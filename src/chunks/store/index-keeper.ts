import { CollectiveError } from '../../base/index.js';
import { isFileSystemError, type Clock, type KeyValueStores, type Logger } from '../../ports/index.js';
import { failureKind } from './failures.js';
import { HoldIndex, IndexDoubt } from './hold-index.js';
import { JOURNAL_START, type JournalReplay } from './journal-reader.js';
import type { JournalPosition } from './journal-writer.js';
import type { HoldRecord } from './types.js';

/** Hands on the groups behind `from` that are durable. */
export type ReplayHolds = (
  from: JournalPosition,
  onGroup: (records: readonly HoldRecord[], after: JournalPosition) => Promise<void>,
) => Promise<JournalReplay>;

export interface IndexKeeperOptions {
  readonly stores: KeyValueStores;
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_AFTER_MS = 5_000;

/** Holds the index, and replaces it by one rebuilt from the journal whenever it is in doubt. */
export class IndexKeeper {
  readonly #options: IndexKeeperOptions;
  #replay: ReplayHolds;
  #index: HoldIndex | undefined;
  #recovering: Promise<HoldIndex> | undefined;
  #failedAtMs: number | undefined;
  #rebuilds = 0;
  #stale = false;
  #closed = false;

  constructor(options: IndexKeeperOptions, replay: ReplayHolds) {
    this.#options = options;
    this.#replay = replay;
  }

  /** Times the index was rebuilt from the whole journal since the start. */
  get rebuilds(): number {
    return this.#rebuilds;
  }

  get current(): HoldIndex | undefined {
    return this.#index;
  }

  /** Opens the index and brings it up to the journal's end; rebuilds it if that cannot be done. ALREADY_RUNNING. */
  async open(): Promise<JournalReplay> {
    try {
      return await this.#reopen();
    } catch (error) {
      if (isFileSystemError(error) && error.errno === 'EBUSY') {
        throw new CollectiveError('ALREADY_RUNNING', 'Another process has opened this node store.', { cause: error });
      }
      if (!isWorthless(error)) throw error;
      this.#options.logger.warn('the index of holds is in doubt and is rebuilt from the journal', { error });
      return this.#rebuild();
    }
  }

  /** From now on recoveries replay this way (once the writer's position is known). */
  replayWith(replay: ReplayHolds): void {
    this.#replay = replay;
  }

  /**
   * Reads the index; once more if that put it in doubt and it could be opened anew, and a last time if it was rebuilt after that.
   * Errors: UNAVAILABLE while neither can be done, and whatever `read` throws.
   */
  async use<Value>(read: (index: HoldIndex) => Promise<Value>): Promise<Value> {
    const index = this.#index ?? (await this.#recover(undefined, 'the index is closed'));
    try {
      return await read(index);
    } catch (error) {
      if (!isWorthless(error)) throw error;
      return this.#readAnew(read, await this.#recover(index, error));
    }
  }

  /** A table that cannot be read does not keep a database from being opened. */
  async #readAnew<Value>(read: (index: HoldIndex) => Promise<Value>, index: HoldIndex): Promise<Value> {
    try {
      return await read(index);
    } catch (error) {
      if (!isWorthless(error)) throw error;
      const doubt = error instanceof IndexDoubt ? error : new IndexDoubt('its rows cannot be read', { cause: error });
      return read(await this.#recover(index, doubt));
    }
  }

  /**
   * Takes in a group that the journal has made durable. After a failure the index is still read, and before the next group
   * it is opened anew and brought up to the journal: a database is not written to again after a write of it failed.
   */
  async apply(records: readonly HoldRecord[], after: JournalPosition): Promise<void> {
    const failed = this.#stale ? this.#index : undefined;
    const index = this.#index === undefined || this.#stale ? await this.#recover(failed, 'a write failed') : this.#index;
    try {
      await index.apply(records, after);
    } catch (error) {
      if (error instanceof IndexDoubt) await this.#recover(index, error);
      else {
        this.#stale = true;
        throw error;
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled([this.#recovering]);
    const index = this.#index;
    this.#index = undefined;
    await index?.close();
  }

  #recover(failed: HoldIndex | undefined, cause: unknown): Promise<HoldIndex> {
    if (this.#closed) return Promise.reject(unavailable('the store was closed'));
    if (this.#recovering !== undefined) return this.#recovering;
    if (this.#index !== undefined && this.#index !== failed) return Promise.resolve(this.#index);
    const sinceMs = this.#options.clock.monotonicMs() - (this.#failedAtMs ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < RETRY_AFTER_MS) return Promise.reject(unavailable(cause));
    this.#recovering = this.#replaceIndex(failed, cause).finally(() => {
      this.#recovering = undefined;
    });
    return this.#recovering;
  }

  async #replaceIndex(failed: HoldIndex | undefined, cause: unknown): Promise<HoldIndex> {
    const { logger, clock } = this.#options;
    logger.warn('the index of holds is in doubt and is replaced', { error: cause });
    this.#index = undefined;
    const [closed] = await Promise.allSettled([failed?.close()]);
    if (closed.status === 'rejected') logger.warn('the doubtful index could not be closed', { error: closed.reason });
    try {
      // A failed write leaves the rows as they were; wrong rows do not get better by opening them again.
      if (cause instanceof IndexDoubt) await this.#rebuild();
      else await this.open();
    } catch (error) {
      this.#failedAtMs = clock.monotonicMs();
      logger.error('the index of holds could not be replaced', { error });
      throw unavailable(error);
    }
    this.#failedAtMs = undefined;
    this.#stale = false;
    if (this.#index === undefined) throw unavailable(cause);
    return this.#index;
  }

  async #reopen(): Promise<JournalReplay> {
    const { stores, path } = this.#options;
    const store = await stores.open(path, 'open');
    try {
      const index = await HoldIndex.open(store);
      return await this.#bringUp(index, index.state.journal);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #rebuild(): Promise<JournalReplay> {
    const { stores, path } = this.#options;
    this.#rebuilds += 1;
    await stores.destroy(path);
    const store = await stores.open(path, 'create');
    try {
      const index = await HoldIndex.create(store, JOURNAL_START);
      return await this.#bringUp(index, JOURNAL_START);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #bringUp(index: HoldIndex, from: JournalPosition): Promise<JournalReplay> {
    const { unsettled } = index.state;
    let groups = 0;
    const replay = await this.#replay(from, async (records, after) => {
      // Until the end is reached nobody knows whether the journal is whole; a crash in between must not forget that.
      if (groups === 0 && !index.state.unsettled) await index.setUnsettled(true);
      groups += 1;
      await index.apply(records, after);
    });
    const doubtful = unsettled || replay.damage.length > 0;
    if (index.state.unsettled !== doubtful) await index.setUnsettled(doubtful);
    for (const damage of replay.damage) this.#options.logger.error('the journal of holds is damaged', { damage });
    this.#index = index;
    return replay;
  }
}

/** Whether a fresh index is better than this one. A full disk or too few files say nothing about it. */
const isWorthless = (error: unknown): boolean =>
  error instanceof IndexDoubt || (isFileSystemError(error) && failureKind(error) === 'broken');

const unavailable = (cause: unknown): CollectiveError =>
  new CollectiveError('UNAVAILABLE', "The node's index of chunks cannot be read and is being rebuilt.", {
    next: 'Try again in a moment; the node recovers by itself.',
    cause,
  });
