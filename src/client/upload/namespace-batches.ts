import { LIMITS } from '../../base/index.js';
import { errorOfFailure, type EntryOutcome, type NewDirectory, type NewSymlink } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { FileTime } from '../local/local-files.js';
import type { TransferTally } from './transfer-tally.js';

const TEXT_BYTES_MAX = LIMITS.rpcMessageBytes / 4;

interface Batch<Item> {
  readonly items: Item[];
  textBytes: number;
}

/** Makes directories and symlinks many at a time. A directory comes before what is in it. */
export class NamespaceBatches {
  readonly #calls: FilesCalls;
  readonly #tally: TransferTally;
  readonly #directories: Batch<NewDirectory> = { items: [], textBytes: 0 };
  readonly #symlinks: Batch<NewSymlink> = { items: [], textBytes: 0 };
  #flushing: Promise<void> = Promise.resolve();

  constructor(calls: FilesCalls, tally: TransferTally) {
    this.#calls = calls;
    this.#tally = tally;
  }

  async directory(path: string, mode: number, modified: FileTime, signal: AbortSignal): Promise<void> {
    add(this.#directories, Buffer.byteLength(path), { path, mode, modified, makeParents: true, existOk: true });
    if (full(this.#directories)) await this.flush(signal);
  }

  async symlink(path: string, target: string, modified: FileTime, signal: AbortSignal): Promise<void> {
    add(this.#symlinks, Buffer.byteLength(path) + Buffer.byteLength(target), { path, target, modified, replace: true });
    if (full(this.#symlinks)) await this.flush(signal);
  }

  /** One flush at a time, directories first: a symlink's folder is there before it. */
  flush(signal: AbortSignal): Promise<void> {
    const before = this.#flushing;
    const flush = async (): Promise<void> => {
      await before;
      for (let batch = take(this.#directories); batch.length > 0; batch = take(this.#directories)) {
        this.#tally.directories += this.#count(batch, await this.#calls.makeDirectories(batch, signal));
      }
      for (let batch = take(this.#symlinks); batch.length > 0; batch = take(this.#symlinks)) {
        this.#tally.symlinks += this.#count(batch, await this.#calls.makeSymlinks(batch, signal));
      }
    };
    const done = flush();
    // Who asked for this flush gets its failure; the next one only waits for its turn.
    this.#flushing = done.catch(() => undefined);
    return done;
  }

  #count(items: readonly { readonly path: string }[], outcomes: readonly EntryOutcome[]): number {
    let made = 0;
    items.forEach(({ path }, index) => {
      const failure = outcomes[index]?.failure;
      if (failure === undefined) made += 1;
      else this.#tally.failed(path, errorOfFailure(failure));
    });
    return made;
  }
}

function add<Item>(batch: Batch<Item>, textBytes: number, item: Item): void {
  batch.items.push(item);
  batch.textBytes += textBytes;
}

const full = ({ items, textBytes }: Batch<unknown>): boolean =>
  items.length >= LIMITS.filesPerCommit || textBytes >= TEXT_BYTES_MAX;

/** As many as one call takes. */
function take<Item>(batch: Batch<Item>): readonly Item[] {
  batch.textBytes = 0;
  return batch.items.splice(0, LIMITS.filesPerCommit);
}
