import { CollectiveError, LIMITS } from '../../base/index.js';
import { errorOfFailure } from '../../transport/index.js';
import type { EntryCopy } from '../../transport/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Entry } from '../entry.js';
import type { UploadFailure } from '../upload/upload-item.js';
import { statOrNothing } from './put-plan.js';
import { childPath, isRoot, readRemotePath } from './remote-paths.js';
import { entriesOf } from './remote-tree.js';

export interface CopyReport {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Of the files. */
  readonly bytes: number;
  /** Where each source went. */
  readonly copied: readonly { readonly from: string; readonly to: string }[];
  /** The first LIMITS.transferFailuresShown. */
  readonly failures: readonly UploadFailure[];
  readonly failureCount: number;
}

export interface CopyOptions {
  readonly recursive: boolean;
  /** Of files and symlinks that are there. */
  readonly replace: boolean;
  /** Of the one file that is copied. */
  readonly version?: number | undefined;
}

interface Pending {
  readonly entry: Entry;
  readonly copy: EntryCopy;
}

/** Of the longest paths, still within one message. */
const BATCH_PATH_BYTES = 256 * 1024;

/**
 * Copies in the tree of the coordinator: no bytes move. Each file and symlink is a command of its own, in batches: what was
 * copied stays when something else fails, and a folder that changes meanwhile is copied as its parts were found.
 */
export class RemoteCopy {
  readonly #calls: FilesCalls;
  readonly #options: CopyOptions;
  readonly #signal: AbortSignal;
  readonly #failures: UploadFailure[] = [];
  #failureCount = 0;
  #files = 0;
  #directories = 0;
  #symlinks = 0;
  #bytes = 0;
  #batch: Pending[] = [];
  #batchPathBytes = 0;

  constructor(calls: FilesCalls, options: CopyOptions, signal: AbortSignal) {
    this.#calls = calls;
    this.#options = options;
    this.#signal = signal;
  }

  /** Where each source goes follows `cp`: see planPut. Errors: NOT_FOUND, NOT_A_DIRECTORY, IS_A_DIRECTORY, USAGE. */
  async run(sources: readonly string[], destination: string): Promise<CopyReport> {
    const roots = await this.#plan(sources, destination);
    for (const { entry, to } of roots) await this.#copy(entry, to, 0);
    await this.#send();
    return {
      files: this.#files,
      directories: this.#directories,
      symlinks: this.#symlinks,
      bytes: this.#bytes,
      copied: roots.map(({ entry, to }) => ({ from: entry.path, to })),
      failures: this.#failures,
      failureCount: this.#failureCount,
    };
  }

  async #plan(
    sources: readonly string[],
    destination: string,
  ): Promise<readonly { readonly entry: Entry; readonly to: string }[]> {
    const { path, asFolder } = readRemotePath(destination);
    const existing = await statOrNothing(this.#calls, path, this.#signal);
    const intoIt = existing?.kind === 'directory' || asFolder || sources.length > 1;
    if (intoIt && existing !== undefined && existing.kind !== 'directory') {
      throw new CollectiveError('NOT_A_DIRECTORY', `${path} is not a folder.`, {
        next: 'Choose another name.',
        details: { path },
      });
    }
    if (sources.length > 1 && existing === undefined && !asFolder) {
      throw new CollectiveError('NOT_FOUND', `There is no folder ${path} to copy into.`, {
        next: `collective mkdir ${path}`,
        details: { path },
      });
    }
    const roots: { readonly entry: Entry; readonly to: string }[] = [];
    for (const source of sources) {
      const from = readRemotePath(source);
      const entry = await this.#calls.stat(from.path, this.#signal);
      const to = intoIt && from.name !== '' ? childPath(path, from.name) : path;
      this.#check(entry, to);
      roots.push({ entry, to });
    }
    return roots;
  }

  #check(entry: Entry, to: string): void {
    const { path } = entry;
    const details = { path };
    if (entry.kind !== 'directory') return;
    if (!this.#options.recursive) {
      throw new CollectiveError('IS_A_DIRECTORY', `${path} is a folder.`, {
        next: `To copy it with all that is in it: collective cp --recursive ${path} ${to}`,
        details,
      });
    }
    if (to === path || to.startsWith(isRoot(path) ? path : `${path}/`)) {
      throw new CollectiveError('MOVE_INTO_ITSELF', `${path} cannot be copied into itself (${to}).`, {
        next: 'Choose a folder outside of it.',
        details,
      });
    }
  }

  async #copy(entry: Entry, to: string, depth: number): Promise<void> {
    if (entry.kind !== 'directory') {
      await this.#add(entry, to);
      return;
    }
    if (depth > LIMITS.pathDepth) throw new CollectiveError('LIMIT_EXCEEDED', `${to} is deeper than ${LIMITS.pathDepth} levels.`);
    if (!(await this.#makeFolder(entry, to))) return;
    for await (const child of entriesOf(this.#calls, entry.path, this.#signal)) {
      await this.#copy(child, childPath(to, child.name), depth + 1);
    }
  }

  /** False where it cannot be made: what is in it is left out with it. */
  async #makeFolder({ mode, modified }: Entry, path: string): Promise<boolean> {
    const directory = { path, mode, modified, makeParents: depthOf(path) > 1, existOk: true };
    const [outcome] = await this.#calls.makeDirectories([directory], this.#signal);
    if (outcome?.failure !== undefined) this.#fail(path, errorOfFailure(outcome.failure));
    else this.#directories += 1;
    return outcome?.failure === undefined;
  }

  async #add(entry: Entry, toPath: string): Promise<void> {
    const { replace, version = 0 } = this.#options;
    const copy = { fromPath: entry.path, toPath, version: entry.kind === 'file' ? version : 0, replace, makeParents: true };
    this.#batch.push({ entry, copy });
    this.#batchPathBytes += 3 * (entry.path.length + toPath.length);
    if (this.#batch.length >= LIMITS.filesPerCommit || this.#batchPathBytes >= BATCH_PATH_BYTES) await this.#send();
  }

  async #send(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchPathBytes = 0;
    if (batch.length === 0) return;
    const outcomes = await this.#calls.copyEntries(
      batch.map(({ copy }) => copy),
      this.#signal,
    );
    for (const [index, { entry, copy }] of batch.entries()) {
      const failure = outcomes[index]?.failure;
      if (failure !== undefined) this.#fail(copy.toPath, errorOfFailure(failure));
      else if (entry.kind === 'symlink') this.#symlinks += 1;
      else {
        this.#files += 1;
        this.#bytes += entry.bytes;
      }
    }
  }

  #fail(path: string, error: CollectiveError): void {
    this.#failureCount += 1;
    if (this.#failures.length < LIMITS.transferFailuresShown) this.#failures.push({ path, error });
  }
}

const depthOf = (path: string): number => path.split('/').length - 1;
