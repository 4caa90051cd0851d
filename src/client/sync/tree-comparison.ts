import { CollectiveError, LIMITS } from '../../base/index.js';
import type { FileTime } from '../local/local-files.js';
import type { Exclusion } from './exclusion.js';
import { childOf, type SyncEntry, type SyncTree } from './sync-tree.js';

/** One step that makes the destination more like the source. Paths are relative to the tops of both. */
export type SyncAction =
  /** Make what is not there, or bring a file or symlink up to date; `there` is the destination's version, 0 for none. */
  | { readonly kind: 'create' | 'update'; readonly path: string; readonly entry: SyncEntry; readonly there: number }
  /** Set mode and time. `quiet`: only because what is done in a folder changes its time. */
  | { readonly kind: 'attributes'; readonly path: string; readonly entry: SyncEntry; readonly quiet: boolean }
  /** Remove with all that is below. `inTheWay`: something of another kind comes in its place. */
  | { readonly kind: 'remove'; readonly path: string; readonly entry: SyncEntry; readonly inTheWay: boolean };

export interface TreeComparisonOptions {
  readonly source: SyncTree;
  readonly destination: SyncTree;
  /** What neither side is asked for; undefined: nothing is left out. */
  readonly excluded: Exclusion | undefined;
  /** Whether what the source does not have is to go. */
  readonly remove: boolean;
  /** Compares two files of one size byte by byte; undefined: size and time of change say enough. */
  readonly sameContent: ((path: string, source: SyncEntry, destination: SyncEntry) => Promise<boolean>) | undefined;
  readonly onProblem: (path: string, error: CollectiveError) => void;
  /** Called for each file or symlink that is as it should be. */
  readonly onSame: () => void;
}

/** Finds out what has to be done, folder by folder: nothing of what a folder holds before the folder, its attributes last. */
export class TreeComparison {
  readonly #options: TreeComparisonOptions;

  constructor(options: TreeComparisonOptions) {
    this.#options = options;
  }

  /** `there`: the destination's top, if there is one; undefined attributes of the source's top stay unset. */
  async *run(source: SyncEntry, there: SyncEntry | undefined, topAttributes: boolean): AsyncGenerator<SyncAction, void> {
    if (there === undefined) yield { kind: 'create', path: '', entry: source, there: 0 };
    const changed = yield* this.#content('', there !== undefined, 0);
    if (topAttributes) yield* this.#dress('', source, there, changed);
  }

  /** Returns whether names were added to the folder or taken away. */
  async *#content(path: string, isThere: boolean, depth: number): AsyncGenerator<SyncAction, boolean> {
    const { source, destination, onProblem } = this.#options;
    if (depth >= LIMITS.pathDepth) {
      onProblem(path, new CollectiveError('LIMIT_EXCEEDED', `${source.at(path)} is deeper than ${LIMITS.pathDepth} levels.`));
      return false;
    }
    let changed = false;
    const here = this.#wanted(path, source);
    const other = isThere ? this.#wanted(path, destination) : nothing();
    for await (const [entry, there] of inStep(here, other)) {
      if (entry === undefined && there === undefined) continue;
      const child = childOf(path, (entry ?? there)?.name ?? '');
      if (entry !== undefined) changed = (yield* this.#one(child, entry, there, depth)) || changed;
      else if (there !== undefined && this.#options.remove) {
        yield* this.#removals(child, there);
        changed = true;
      }
    }
    return changed;
  }

  async *#one(path: string, entry: SyncEntry, there: SyncEntry | undefined, depth: number): AsyncGenerator<SyncAction, boolean> {
    const { source, onProblem, onSame } = this.#options;
    if (entry.kind === 'other') {
      const message = `${source.at(path)} is neither a file, a directory nor a symlink.`;
      onProblem(path, new CollectiveError('UNSUPPORTED', message, { details: { path: source.at(path) } }));
      return false;
    }
    if (there !== undefined && there.kind !== entry.kind) {
      const folders = entry.kind === 'directory' || there.kind === 'directory' || there.kind === 'other';
      if (folders && !this.#options.remove) {
        onProblem(path, this.#inTheWay(path, there));
        return false;
      }
      if (folders) yield { kind: 'remove', path, entry: there, inTheWay: true };
      yield { kind: folders ? 'create' : 'update', path, entry, there: 0 };
      if (entry.kind === 'directory') yield* this.#content(path, false, depth + 1);
      yield* this.#dress(path, entry, undefined, true);
      return true;
    }
    if (there === undefined) yield { kind: 'create', path, entry, there: 0 };
    if (entry.kind === 'directory') {
      const changed = yield* this.#content(path, there !== undefined, depth + 1);
      yield* this.#dress(path, entry, there, changed);
    } else if (there !== undefined && (await this.#same(path, entry, there))) {
      if (entry.kind === 'file') yield* this.#dress(path, entry, there, false);
      onSame();
    } else if (there !== undefined) yield { kind: 'update', path, entry, there: there.version };
    return there === undefined;
  }

  async *#dress(
    path: string,
    entry: SyncEntry,
    there: SyncEntry | undefined,
    changed: boolean,
  ): AsyncGenerator<SyncAction, void> {
    // Files and symlinks that are made get theirs at once.
    if (there === undefined && entry.kind !== 'directory') return;
    const differs = there !== undefined && !(entry.mode === there.mode && sameTime(entry.modified, there.modified));
    if (differs || changed || there === undefined) yield { kind: 'attributes', path, entry, quiet: !differs };
  }

  /** All of a folder, or, where something in it is left out of the sync, all but that. */
  async *#removals(path: string, entry: SyncEntry): AsyncGenerator<SyncAction, boolean> {
    const { excluded, destination } = this.#options;
    if (entry.kind === 'directory' && excluded !== undefined) {
      const inner: SyncAction[] = [];
      let whole = true;
      for await (const child of destination.entries(path)) {
        const childAt = childOf(path, child.name);
        if (excluded(childAt, child.kind === 'directory')) whole = false;
        else if (child.kind !== 'directory') inner.push({ kind: 'remove', path: childAt, entry: child, inTheWay: false });
        else {
          const below = this.#removals(childAt, child);
          for (let next = await below.next(); ; next = await below.next()) {
            if (next.done === true) {
              whole &&= next.value;
              break;
            }
            inner.push(next.value);
          }
        }
      }
      if (!whole) {
        yield* inner;
        return false;
      }
    }
    yield { kind: 'remove', path, entry, inTheWay: false };
    return true;
  }

  async #same(path: string, entry: SyncEntry, there: SyncEntry): Promise<boolean> {
    if (entry.kind === 'symlink') return entry.target === there.target;
    if (entry.bytes !== there.bytes) return false;
    const { sameContent } = this.#options;
    return sameContent === undefined ? sameTime(entry.modified, there.modified) : sameContent(path, entry, there);
  }

  async *#wanted(path: string, tree: SyncTree): AsyncGenerator<SyncEntry, void> {
    for await (const entry of tree.entries(path)) {
      if (this.#options.excluded?.(childOf(path, entry.name), entry.kind === 'directory') !== true) yield entry;
    }
  }

  #inTheWay(path: string, there: SyncEntry): CollectiveError {
    const at = this.#options.destination.at(path);
    const [code, what] =
      there.kind === 'directory' ? (['IS_A_DIRECTORY', 'a folder'] as const) : (['NOT_A_DIRECTORY', 'not a folder'] as const);
    return new CollectiveError(code, `${at} is ${what}, and something else is to be there.`, {
      next: 'Remove it, or let sync do so with --delete.',
      details: { path: at },
    });
  }
}

/** To the microsecond: finer times cannot be set everywhere. */
const sameTime = (a: FileTime, b: FileTime): boolean =>
  a.seconds === b.seconds && Math.floor(a.nanoseconds / 1000) === Math.floor(b.nanoseconds / 1000);

/** Entries of both by name; both in the order of their names' bytes. */
async function* inStep(
  left: AsyncIterable<SyncEntry>,
  right: AsyncIterable<SyncEntry>,
): AsyncGenerator<readonly [SyncEntry | undefined, SyncEntry | undefined], void> {
  const [lefts, rights] = [left[Symbol.asyncIterator](), right[Symbol.asyncIterator]()];
  let [a, b] = [entryIn(await lefts.next()), entryIn(await rights.next())];
  while (a !== undefined || b !== undefined) {
    const order = a === undefined ? 1 : b === undefined ? -1 : byBytes(a.name, b.name);
    yield [order <= 0 ? a : undefined, order >= 0 ? b : undefined];
    if (order <= 0) a = entryIn(await lefts.next());
    if (order >= 0) b = entryIn(await rights.next());
  }
}

const entryIn = (result: IteratorResult<SyncEntry, void>): SyncEntry | undefined =>
  result.done === true ? undefined : result.value;

const byBytes = (a: string, b: string): number => (a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b)));

async function* nothing(): AsyncGenerator<SyncEntry, void> {
  // A folder that is not there holds nothing.
}
