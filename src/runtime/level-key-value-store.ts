import type { ClassicLevel, Iterator } from 'classic-level';
import { assert, CollectiveError, LIMITS } from '../base/index.js';
import { FileSystemError, isFileSystemError, type KeyRange, type KeyValueOperation, type KeyValueStore } from '../ports/index.js';
import { errnoOf } from './file-system-failure.js';

type Database = ClassicLevel<Uint8Array, Uint8Array>;
type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** One open LevelDB. */
export class LevelKeyValueStore implements KeyValueStore {
  readonly #path: string;
  readonly #database: Database;

  constructor(path: string, database: Database) {
    this.#path = path;
    this.#database = database;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    const values = await this.#attempt('get', () => this.#database.getMany([...keys]));
    return values.map((value) => (value === undefined ? undefined : plain(value)));
  }

  batch(operations: readonly KeyValueOperation[], options: { readonly sync?: boolean } = {}): Promise<void> {
    const writes = operations.map((operation) =>
      operation.kind === 'put'
        ? { type: 'put' as const, key: operation.key, value: operation.value }
        : { type: 'del' as const, key: operation.key },
    );
    return this.#attempt('batch', () => this.#database.batch(writes, { sync: options.sync ?? false }));
  }

  entries(range: KeyRange, signal?: AbortSignal): AsyncIterable<Entry> {
    // Made here and not at the first pull: its snapshot is what "as of the call" means.
    const iterator = this.#iterator(range);
    const nextPage = (): Promise<[Uint8Array, Uint8Array][]> =>
      this.#attempt('read entries', () => iterator.nextv(LIMITS.keyValuePageEntries));
    const close = (): Promise<void> => this.#attempt('close entries', () => iterator.close());
    let used = false;
    return {
      [Symbol.asyncIterator]: () => {
        assert(!used, 'entries() is read once');
        used = true;
        return readPages(nextPage, close, signal);
      },
    };
  }

  close(): Promise<void> {
    return this.#attempt('close', () => this.#database.close());
  }

  #iterator(range: KeyRange): Iterator<Database, Uint8Array, Uint8Array> {
    const { from, to, reverse = false } = range;
    try {
      return this.#database.iterator({ gte: from, lt: to, reverse, highWaterMarkBytes: LIMITS.keyValuePageBytes });
    } catch (error) {
      throw levelFailure('read entries', this.#path, error);
    }
  }

  async #attempt<Value>(operation: string, run: () => Promise<Value>): Promise<Value> {
    try {
      return await run();
    } catch (error) {
      throw levelFailure(operation, this.#path, error);
    }
  }
}

async function* readPages(
  nextPage: () => Promise<[Uint8Array, Uint8Array][]>,
  close: () => Promise<void>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Entry, void, undefined> {
  const throwIfAborted = (): void => {
    if (signal?.aborted === true)
      throw new CollectiveError('CANCELLED', 'Reading the store was cancelled.', { cause: signal.reason });
  };
  try {
    throwIfAborted();
    for (let page = await nextPage(); page.length > 0; page = await nextPage()) {
      for (const [key, value] of page) {
        throwIfAborted();
        yield [plain(key), plain(value)];
      }
    }
  } finally {
    await close();
  }
}

const ERRNO_OF_LEVEL: ReadonlyMap<string, string> = new Map([
  ['LEVEL_LOCKED', 'EBUSY'],
  ['LEVEL_DATABASE_NOT_OPEN', 'EBADF'],
  ['LEVEL_ITERATOR_NOT_OPEN', 'EBADF'],
  ['LEVEL_CORRUPTION', 'EIO'],
]);

/** A FileSystemError for what classic-level threw: the innermost cause that has a code decides. */
export function levelFailure(operation: string, path: string, error: unknown): FileSystemError {
  if (isFileSystemError(error)) return error;
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return new FileSystemError(errnoOfLevel(innermost), operation, path, error);
}

function errnoOfLevel(error: unknown): string {
  if (!(error instanceof Error)) return 'EIO';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/no space left/i.test(error.message)) return 'ENOSPC';
  return ERRNO_OF_LEVEL.get(code) ?? errnoOf(error);
}

/** The database hands out Buffers, whose `slice` shares memory: callers were promised a Uint8Array. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
