import { dirname } from 'node:path';
import { LIMITS, type CollectiveError } from '../../base/index.js';
import { FileSystemError, isFileSystemError } from '../../ports/index.js';
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
  readonly #roots: ReadonlySet<string>;
  /** Folders that could not be made; what is in them is left out with them. */
  readonly #barred: string[] = [];
  symlinks = 0;

  /** `roots` were chosen by the user, who may have chosen a symlink to a folder; below them a symlink is not followed. */
  constructor(local: LocalFiles, roots: readonly RemoteRoot[], onProblem: (path: string, error: CollectiveError) => void) {
    this.#local = local;
    this.#roots = new Set(roots.map(({ target }) => target));
    this.#onProblem = onProblem;
  }

  get directories(): number {
    return this.#made.length;
  }

  /** `items`: a directory before its content. `past`: which of the things that stood at their path the files are. */
  async *targets(
    items: AsyncIterable<RemoteRoot>,
    past: { readonly fileId?: string } = {},
  ): AsyncGenerator<DownloadTarget, void> {
    for await (const { entry, target } of items) {
      const { kind, path, version } = entry;
      if (this.#barred.some((folder) => target.startsWith(`${folder}/`))) continue;
      if (kind === 'file') yield { path, version, ...past, sink: new LocalFileSink(this.#local, target) };
      if (
        kind === 'symlink' &&
        (await this.#attempt(path, () => this.#local.makeSymlink(target, entry.target, entry.modified)))
      ) {
        this.symlinks += 1;
      }
      if (kind !== 'directory') continue;
      if (await this.#attempt(path, () => this.#makeDirectory(target))) {
        this.#made.push({ path, target, attributes: { mode: entry.mode, modified: entry.modified } });
        if (this.#made.length > LIMITS.directoriesPerTransfer) throw tooManyDirectories();
      } else this.#barred.push(target);
    }
  }

  /** Last of all, from the innermost outwards: a folder may end up closed to its own content. */
  async dress(): Promise<void> {
    for (const { path, target, attributes } of this.#made.toReversed()) {
      await this.#attempt(path, () => this.#local.setAttributes(target, attributes));
    }
  }

  async #makeDirectory(target: string): Promise<void> {
    const there = this.#roots.has(target) ? undefined : await this.#local.describe(target, 'keep');
    if (there !== undefined && there.kind !== 'directory') throw new FileSystemError('ENOTDIR', 'mkdir', target);
    await this.#local.makeDirectory(target);
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
