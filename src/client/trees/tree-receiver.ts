import { dirname } from 'node:path';
import { LIMITS, type CollectiveError } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';
import type { DownloadTarget } from '../download/file-sink.js';
import { LocalFileSink } from '../download/local-file-sink.js';
import { fileProblem } from '../local/file-problem.js';
import type { LocalAttributes, LocalFiles } from '../local/local-files.js';
import type { RemoteRoot } from './get-plan.js';
import { tooManyDirectories } from './local-tree.js';

/** Makes the folders and symlinks of a tree on this machine, and says which files are to be fetched into it. */
export class TreeReceiver {
  readonly #local: LocalFiles;
  readonly #onProblem: (path: string, error: CollectiveError) => void;
  readonly #made: { readonly path: string; readonly target: string; readonly attributes: LocalAttributes }[] = [];
  symlinks = 0;

  constructor(local: LocalFiles, onProblem: (path: string, error: CollectiveError) => void) {
    this.#local = local;
    this.#onProblem = onProblem;
  }

  get directories(): number {
    return this.#made.length;
  }

  /** `items`: a directory before its content. */
  async *targets(items: AsyncIterable<RemoteRoot>): AsyncGenerator<DownloadTarget, void> {
    for await (const { entry, target } of items) {
      const { kind, path, version } = entry;
      if (kind === 'file') yield { path, version, sink: new LocalFileSink(this.#local, target) };
      if (
        kind === 'symlink' &&
        (await this.#attempt(path, () => this.#local.makeSymlink(target, entry.target, entry.modified)))
      ) {
        this.symlinks += 1;
      }
      if (kind === 'directory' && (await this.#attempt(path, () => this.#local.makeDirectory(target)))) {
        this.#made.push({ path, target, attributes: { mode: entry.mode, modified: entry.modified } });
        if (this.#made.length > LIMITS.directoriesPerTransfer) throw tooManyDirectories();
      }
    }
  }

  /** Last of all, from the innermost outwards: a folder may end up closed to its own content. */
  async dress(): Promise<void> {
    for (const { path, target, attributes } of this.#made.toReversed()) {
      await this.#attempt(path, () => this.#local.setAttributes(target, attributes));
    }
  }

  async #attempt(path: string, task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (thrown) {
      const problem = isFileSystemError(thrown) ? fileProblem(thrown, thrown.path) : undefined;
      if (problem === undefined) throw thrown;
      this.#onProblem(path, problem);
      return false;
    }
  }
}

/** The folders that the targets of a transfer stand in. */
export async function makeParents(local: LocalFiles, roots: readonly RemoteRoot[]): Promise<void> {
  for (const parent of new Set(roots.map(({ target }) => dirname(target)))) await local.makeDirectory(parent);
}
