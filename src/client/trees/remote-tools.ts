import { CollectiveError } from '../../base/index.js';
import { errorOfFailure } from '../../transport/index.js';
import type {
  DeletedInfo,
  FindEntriesRequest,
  HolderInfo,
  LocatedChunk,
  LocatedFile,
  PurgeEntryResponse,
  VersionInfo,
} from '../../transport/index.js';
import type { EntryWithUsage, FilesCalls } from '../calls/files-calls.js';
import { type Entry, entryOf, kindNumberOf, kindOf } from '../entry.js';
import { type CopyReport, RemoteCopy } from './remote-copy.js';
import { childPath, readRemotePath } from './remote-paths.js';
import { statOrNothing } from './put-plan.js';

export type { CopyReport } from './remote-copy.js';

/** Which of the things that stood at a path, and how it was. */
export interface Past {
  readonly version?: number | undefined;
  readonly atMs?: number | undefined;
  readonly fileId?: string | undefined;
}

/** One version of a file, or a folder or symlink as a whole. */
export type KeptVersion = Omit<VersionInfo, 'kind'> & { readonly kind: Entry['kind'] };

export type DeletedThing = Omit<DeletedInfo, 'kind'> & { readonly kind: Entry['kind'] };

/** How well a file is kept. */
export type FileProtection = Omit<LocatedFile, 'info'> & { readonly entry: Entry };

export type FindOptions = Partial<Omit<FindEntriesRequest, 'path' | 'kinds'>> & { readonly kinds?: readonly Entry['kind'][] };

/** How well one file is kept, or (before that) some of its chunks. */
export type Located =
  | { readonly kind: 'file'; readonly file: FileProtection; readonly nodes: readonly HolderInfo[] }
  | { readonly kind: 'chunk'; readonly chunk: LocatedChunk; readonly nodes: readonly HolderInfo[] };

/** What can be done with a member's tree besides bringing bytes in and out. */
export class RemoteTree {
  readonly #calls: FilesCalls;

  constructor(calls: FilesCalls) {
    this.#calls = calls;
  }

  /** All that is kept of what stood at a path, the oldest first. Error: NOT_FOUND. */
  async *versions(path: string, signal: AbortSignal): AsyncGenerator<KeptVersion, void> {
    for await (const { versions } of this.#calls.listVersions(readRemotePath(path).path, signal)) {
      for (const version of versions) yield { ...version, kind: kindOf(version.kind) };
    }
  }

  /** What was deleted in a folder and is kept; with `recursive`, also below it. Errors: NOT_FOUND, NOT_A_DIRECTORY. */
  async *deleted(path: string, recursive: boolean, signal: AbortSignal): AsyncGenerator<DeletedThing, void> {
    for await (const { deleted } of this.#calls.listDeleted(readRemotePath(path).path, recursive, signal)) {
      for (const each of deleted) yield { ...each, kind: kindOf(each.kind) };
    }
  }

  /** What a path led to. Errors: NOT_FOUND, IS_A_DIRECTORY. */
  async past(path: string, { version = 0, atMs = 0, fileId = '' }: Past, signal: AbortSignal): Promise<Entry> {
    const plain = readRemotePath(path).path;
    const target = { path: plain, version, atMs, fileId, deletedToo: true, offsetBytes: 0, lengthBytes: 1 };
    for await (const { files } of this.#calls.readFiles([target], signal)) {
      const [file] = files;
      if (file?.failure !== undefined) throw errorOfFailure(file.failure);
      if (file === undefined) continue;
      const entry = entryOf(file.info);
      if (entry.kind === 'file') return entry;
      throw new CollectiveError(
        'IS_A_DIRECTORY',
        `${plain} was a ${entry.kind === 'directory' ? 'folder' : entry.kind}, not a file.`,
        {
          next: `Put it back to another place: collective restore ${plain} --to PATH`,
          details: { path: plain },
        },
      );
    }
    throw new CollectiveError('PROTOCOL_ERROR', 'The coordinator did not answer what was asked.');
  }

  /** Where it stands now. `to`: into it, where that is a folder. Errors: see RestoreEntry. */
  async restore(
    path: string,
    options: Past & { readonly to?: string | undefined; readonly overwrite: boolean },
    signal: AbortSignal,
  ): Promise<Entry> {
    const from = readRemotePath(path);
    const { version = 0, atMs = 0, fileId = '', overwrite } = options;
    const toPath = options.to === undefined ? '' : await this.#target(options.to, from.name, signal);
    return this.#calls.restoreEntry({ path: from.path, version, atMs, fileId, toPath, overwrite }, signal);
  }

  /** What stands and stood at a path, or one older version, for good. Errors: NOT_FOUND, DIRECTORY_NOT_EMPTY. */
  purge(
    path: string,
    options: { readonly recursive: boolean; readonly version?: number | undefined },
    signal: AbortSignal,
  ): Promise<PurgeEntryResponse> {
    const { recursive, version = 0 } = options;
    return this.#calls.purgeEntry({ path: readRemotePath(path).path, recursive, version }, signal);
  }

  /** See RemoteCopy. */
  copy(
    sources: readonly string[],
    destination: string,
    options: { readonly recursive: boolean; readonly replace: boolean; readonly version?: number | undefined },
    signal: AbortSignal,
  ): Promise<CopyReport> {
    return new RemoteCopy(this.#calls, options, signal).run(sources, destination);
  }

  /** What matches at and below a path, a folder before what is in it. */
  async *find(path: string, options: FindOptions, signal: AbortSignal): AsyncGenerator<Entry, void> {
    const request = {
      name: '',
      underProtected: false,
      ignoreCase: false,
      ...options,
      kinds: (options.kinds ?? []).map(kindNumberOf),
      path: readRemotePath(path).path,
    };
    for await (const { entries } of this.#calls.findEntries(request, signal)) for (const info of entries) yield entryOf(info);
  }

  /** Each file after its chunks, where those are asked for. */
  async *locate(
    path: string,
    options: { readonly version?: number | undefined; readonly recursive: boolean; readonly withChunks: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<Located, void> {
    const { version = 0, recursive, withChunks } = options;
    const request = { path: readRemotePath(path).path, version, recursive, withChunks };
    for await (const { files, chunks, nodes } of this.#calls.locateFiles(request, signal)) {
      for (const chunk of chunks) yield { kind: 'chunk', chunk, nodes };
      for (const { info, ...file } of files) yield { kind: 'file', file: { ...file, entry: entryOf(info) }, nodes };
    }
  }

  statWithUsage(path: string, signal: AbortSignal): Promise<EntryWithUsage> {
    return this.#calls.statWithUsage(readRemotePath(path).path, signal);
  }

  /** The entries of a folder with what each takes, in byte order of their names. */
  async *listWithUsage(path: string, signal: AbortSignal): AsyncGenerator<EntryWithUsage, void> {
    const plain = readRemotePath(path).path;
    let afterName = '';
    for (;;) {
      const { entries, more } = await this.#calls.listPageWithUsage(plain, afterName, signal);
      yield* entries;
      const last = entries.at(-1)?.entry;
      if (!more || last === undefined) return;
      if (last.name === afterName) throw new CollectiveError('PROTOCOL_ERROR', `The coordinator lists ${plain} in circles.`);
      afterName = last.name;
    }
  }

  async #target(written: string, name: string, signal: AbortSignal): Promise<string> {
    const { path, asFolder } = readRemotePath(written);
    const existing = await statOrNothing(this.#calls, path, signal);
    return existing?.kind === 'directory' || asFolder ? childPath(path, name) : path;
  }
}
