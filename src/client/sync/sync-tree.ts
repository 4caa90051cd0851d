import { join } from 'node:path';
import { checkName, CollectiveError } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import { fileProblem } from '../local/file-problem.js';
import type { LocalAttributes, LocalFiles } from '../local/local-files.js';
import { childPath } from '../trees/remote-paths.js';
import { entriesOf } from '../trees/remote-tree.js';

/** What stands at a name, here or there. */
export interface SyncEntry extends LocalAttributes {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  readonly bytes: number;
  readonly allocatedBytes: number;
  /** Where a symlink leads to; empty for all else. */
  readonly target: string;
  /** Of a remote file; 0 for all else. */
  readonly version: number;
}

/** One of the two trees. Paths are relative to its top, which is the empty path. */
export interface SyncTree {
  /** In the order of their names' bytes. */
  entries(path: string): AsyncIterable<SyncEntry>;
  /** The path as the owner of the tree writes it. */
  at(path: string): string;
}

export const childOf = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

const DESCRIBED_AT_ONCE = 64;

/** A folder of this machine. What cannot be read or named is told to `onProblem`, and left out. */
export class LocalTree implements SyncTree {
  readonly #local: LocalFiles;
  readonly #top: string;
  readonly #onProblem: (path: string, error: CollectiveError) => void;

  constructor(local: LocalFiles, top: string, onProblem: (path: string, error: CollectiveError) => void) {
    this.#local = local;
    this.#top = top;
    this.#onProblem = onProblem;
  }

  at(path: string): string {
    return path === '' ? this.#top : join(this.#top, path);
  }

  async *entries(path: string): AsyncGenerator<SyncEntry, void> {
    const names = await this.#names(path);
    for (let start = 0; start < names.length; start += DESCRIBED_AT_ONCE) {
      const some = names.slice(start, start + DESCRIBED_AT_ONCE);
      for (const entry of await Promise.all(some.map((name) => this.#describe(path, name)))) if (entry !== undefined) yield entry;
    }
  }

  async #names(path: string): Promise<readonly string[]> {
    const names: { readonly name: string; readonly bytes: Buffer }[] = [];
    await this.#attempt(path, async () => {
      for await (const found of this.#local.list(this.at(path))) {
        if ('name' in found) {
          const checked = checkName(found.name);
          if (checked.ok) names.push({ name: found.name, bytes: Buffer.from(found.name) });
          else this.#onProblem(childOf(path, found.name), checked.error);
        } else {
          const where = join(this.at(path), found.shown);
          this.#onProblem(childOf(path, found.shown), new CollectiveError('NAME_INVALID', `${where} ${found.problem}.`));
        }
      }
    });
    return names.sort((a, b) => Buffer.compare(a.bytes, b.bytes)).map(({ name }) => name);
  }

  #describe(path: string, name: string): Promise<SyncEntry | undefined> {
    const child = childOf(path, name);
    return this.#attempt(child, async () => {
      const entry = await this.#local.describe(this.at(child), 'keep');
      if (entry === undefined) return undefined;
      const target = entry.kind === 'symlink' ? await this.#local.readLink(this.at(child)) : '';
      return { ...entry, name, target, version: 0 };
    });
  }

  async #attempt<Value>(path: string, task: () => Promise<Value>): Promise<Value | undefined> {
    try {
      return await task();
    } catch (thrown) {
      const problem = isFileSystemError(thrown) ? fileProblem(thrown, thrown.path) : undefined;
      if (problem === undefined) throw thrown;
      this.#onProblem(path, problem);
      return undefined;
    }
  }
}

/** A folder of the member's tree. */
export class RemoteTree implements SyncTree {
  readonly #calls: FilesCalls;
  readonly #top: string;
  readonly #signal: AbortSignal;

  constructor(calls: FilesCalls, top: string, signal: AbortSignal) {
    this.#calls = calls;
    this.#top = top;
    this.#signal = signal;
  }

  at(path: string): string {
    return path === '' ? this.#top : childPath(this.#top, path);
  }

  async *entries(path: string): AsyncGenerator<SyncEntry, void> {
    for await (const entry of entriesOf(this.#calls, this.at(path), this.#signal)) {
      // A name becomes part of a local path: it is not taken on trust.
      const checked = checkName(entry.name);
      if (!checked.ok) throw checked.error;
      yield { ...entry, version: entry.kind === 'file' ? entry.version : 0, allocatedBytes: entry.bytes };
    }
  }
}
