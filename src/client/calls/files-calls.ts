import { toBase32 } from '../../base/index.js';
import type { Random } from '../../ports/index.js';
import type {
  AttributeChange,
  BoundFolders,
  CallOptions,
  ChunkRef,
  DamagedCopy,
  EntryCopy,
  EntryInfo,
  EntryOutcome,
  Extent,
  FileCommit,
  FileCommitOutcome,
  FilesServiceDefinition,
  FindEntriesRequest,
  FindEntriesResponse,
  ListDeletedResponse,
  ListDirectoryResponse,
  ListVersionsResponse,
  LocateFilesRequest,
  LocateFilesResponse,
  NewDirectory,
  NewSymlink,
  OpenUploadResponse,
  PlaceChunksResponse,
  PurgeEntryRequest,
  PurgeEntryResponse,
  ReadFilesResponse,
  ReadTarget,
  Receipt,
  RestoreEntryRequest,
  RpcClient,
  TreeUsage,
} from '../../transport/index.js';
import { entryOf, type Entry } from '../entry.js';
import type { Retry } from './retry.js';

export interface EntryWithUsage {
  readonly entry: Entry;
  readonly usage: TreeUsage;
}

const NO_USAGE: TreeUsage = {
  files: 0,
  directories: 0,
  symlinks: 0,
  bytes: 0,
  storedBytes: 0,
  keptVersions: 0,
  keptBytes: 0,
  keptStoredBytes: 0,
  deletedEntries: 0,
  deletedBytes: 0,
  deletedStoredBytes: 0,
};

const withUsage = (entry: EntryInfo | undefined, usage: TreeUsage | undefined): EntryWithUsage => ({
  entry: entryOf(entry),
  usage: usage ?? NO_USAGE,
});

export interface FilesCallsOptions {
  readonly rpc: RpcClient<typeof FilesServiceDefinition>;
  readonly retry: Retry;
  readonly random: Random;
  /** Names the user's command in everybody's logs; what stands behind it names each of its calls. */
  readonly correlationId: string;
}

/**
 * The coordinator's Files service. Every call is repeated, with the same request id, until it is answered or the
 * coordinator has been away too long. Errors: the coordinator's own, COORDINATOR_UNREACHABLE, CANCELLED.
 */
export class FilesCalls {
  readonly #options: FilesCallsOptions;
  /** So that commands of two processes can never be taken for each other's. */
  readonly #prefix: string;
  #commands = 0;

  constructor(options: FilesCallsOptions) {
    this.#options = options;
    this.#prefix = toBase32(options.random.bytes(15));
  }

  openUpload(
    request: { readonly copies: number; readonly expectedBytes: number; readonly path: string },
    signal: AbortSignal,
  ): Promise<OpenUploadResponse> {
    const requestId = this.#nextId();
    return this.#call('OpenUpload', signal, (rpc, options) => rpc.openUpload({ requestId, ...request }, options));
  }

  placeChunks(
    request: { readonly uploadId: string; readonly chunks: readonly ChunkRef[]; readonly avoidNodeIds: readonly string[] },
    signal: AbortSignal,
  ): Promise<PlaceChunksResponse> {
    return this.#call('PlaceChunks', signal, (rpc, options) => rpc.placeChunks(request, options));
  }

  async recordExtents(
    request: { readonly uploadId: string; readonly extents: readonly Extent[]; readonly receipts: readonly Receipt[] },
    signal: AbortSignal,
  ): Promise<string> {
    const requestId = this.#nextId();
    const answer = await this.#call('RecordExtents', signal, (rpc, options) =>
      rpc.recordExtents({ requestId, ...request }, options),
    );
    return answer.extentListId;
  }

  /** As many outcomes as files. */
  async commitFiles(
    request: { readonly uploadId: string; readonly files: readonly FileCommit[]; readonly receipts: readonly Receipt[] },
    signal: AbortSignal,
  ): Promise<readonly FileCommitOutcome[]> {
    const requestId = this.#nextId();
    const answer = await this.#call('CommitFiles', signal, (rpc, options) => rpc.commitFiles({ requestId, ...request }, options));
    return answer.outcomes;
  }

  async closeUpload(uploadId: string, abandoned: boolean, signal: AbortSignal): Promise<void> {
    const requestId = this.#nextId();
    await this.#call('CloseUpload', signal, (rpc, options) => rpc.closeUpload({ requestId, uploadId, abandoned }, options));
  }

  /** Not repeated as a whole: the caller knows how far it came. */
  readFiles(
    targets: readonly ReadTarget[],
    signal: AbortSignal,
    /** Also holders at other members where own nodes have copies: for who could not read from those. */
    everywhere = false,
  ): AsyncIterable<ReadFilesResponse> {
    return this.#options.rpc.readFiles({ targets, everywhere }, this.#callOptions(signal));
  }

  /** What stands at a path, and what it takes with all below it. */
  async statWithUsage(path: string, signal: AbortSignal): Promise<EntryWithUsage> {
    const { entry, usage } = await this.#call('Stat', signal, (rpc, options) => rpc.stat({ path, withUsage: true }, options));
    return withUsage(entry, usage);
  }

  /** One page of entries, with what each of them takes, and whether there are more. */
  async listPageWithUsage(
    path: string,
    afterName: string,
    signal: AbortSignal,
  ): Promise<{ readonly entries: readonly EntryWithUsage[]; readonly more: boolean }> {
    const request = { path, afterName, limit: 0, withUsage: true };
    const { entries, usages, more } = await this.#call('ListDirectory', signal, (rpc, options) =>
      rpc.listDirectory(request, options),
    );
    return { entries: entries.map((entry, index) => withUsage(entry, usages[index])), more };
  }

  /** Streams are not repeated: their reader begins anew. */
  listVersions(path: string, signal: AbortSignal): AsyncIterable<ListVersionsResponse> {
    return this.#options.rpc.listVersions({ path }, this.#callOptions(signal));
  }

  listDeleted(path: string, recursive: boolean, signal: AbortSignal): AsyncIterable<ListDeletedResponse> {
    return this.#options.rpc.listDeleted({ path, recursive }, this.#callOptions(signal));
  }

  findEntries(request: FindEntriesRequest, signal: AbortSignal): AsyncIterable<FindEntriesResponse> {
    return this.#options.rpc.findEntries(request, this.#callOptions(signal));
  }

  locateFiles(request: LocateFilesRequest, signal: AbortSignal): AsyncIterable<LocateFilesResponse> {
    return this.#options.rpc.locateFiles(request, this.#callOptions(signal));
  }

  async restoreEntry(request: Omit<RestoreEntryRequest, 'requestId'>, signal: AbortSignal): Promise<Entry> {
    const requestId = this.#nextId();
    const answer = await this.#call('RestoreEntry', signal, (rpc, options) =>
      rpc.restoreEntry({ requestId, ...request }, options),
    );
    return entryOf(answer.entry);
  }

  purgeEntry(request: Omit<PurgeEntryRequest, 'requestId'>, signal: AbortSignal): Promise<PurgeEntryResponse> {
    const requestId = this.#nextId();
    return this.#call('PurgeEntry', signal, (rpc, options) => rpc.purgeEntry({ requestId, ...request }, options));
  }

  async copyEntries(copies: readonly EntryCopy[], signal: AbortSignal): Promise<readonly EntryOutcome[]> {
    const requestId = this.#nextId();
    const answer = await this.#call('CopyEntries', signal, (rpc, options) => rpc.copyEntries({ requestId, copies }, options));
    return answer.outcomes;
  }

  async stat(path: string, signal: AbortSignal): Promise<Entry> {
    const answer = await this.#call('Stat', signal, (rpc, options) => rpc.stat({ path }, options));
    return entryOf(answer.entry);
  }

  /** The entries after that name, in byte order. */
  listDirectory(path: string, afterName: string, signal: AbortSignal): Promise<ListDirectoryResponse> {
    return this.#call('ListDirectory', signal, (rpc, options) => rpc.listDirectory({ path, afterName, limit: 0 }, options));
  }

  async makeDirectories(directories: readonly NewDirectory[], signal: AbortSignal): Promise<readonly EntryOutcome[]> {
    const requestId = this.#nextId();
    const answer = await this.#call('MakeDirectories', signal, (rpc, options) =>
      rpc.makeDirectories({ requestId, directories }, options),
    );
    return answer.outcomes;
  }

  async makeSymlinks(symlinks: readonly NewSymlink[], signal: AbortSignal): Promise<readonly EntryOutcome[]> {
    const requestId = this.#nextId();
    const answer = await this.#call('MakeSymlinks', signal, (rpc, options) => rpc.makeSymlinks({ requestId, symlinks }, options));
    return answer.outcomes;
  }

  async setAttributes(changes: readonly AttributeChange[], signal: AbortSignal): Promise<readonly EntryOutcome[]> {
    const requestId = this.#nextId();
    const answer = await this.#call('SetAttributes', signal, (rpc, options) =>
      rpc.setAttributes({ requestId, changes }, options),
    );
    return answer.outcomes;
  }

  async moveEntry(
    request: { readonly fromPath: string; readonly toPath: string; readonly replace: boolean },
    signal: AbortSignal,
  ): Promise<Entry> {
    const requestId = this.#nextId();
    const answer = await this.#call('MoveEntry', signal, (rpc, options) => rpc.moveEntry({ requestId, ...request }, options));
    return entryOf(answer.entry);
  }

  /** What went with it, bound to it: grants and policies of the own tree. */
  async removeEntry(path: string, recursive: boolean, signal: AbortSignal): Promise<BoundFolders | undefined> {
    const requestId = this.#nextId();
    const { bound } = await this.#call('RemoveEntry', signal, (rpc, options) =>
      rpc.removeEntry({ requestId, path, recursive }, options),
    );
    return bound;
  }

  async reportDamage(copies: readonly DamagedCopy[], signal: AbortSignal): Promise<void> {
    await this.#call('ReportDamage', signal, (rpc, options) => rpc.reportDamage({ copies }, options));
  }

  /** One page of entries and whether there are more. */
  async listPage(
    path: string,
    afterName: string,
    signal: AbortSignal,
  ): Promise<{ readonly entries: readonly Entry[]; readonly more: boolean }> {
    const { entries, more } = await this.listDirectory(path, afterName, signal);
    return { entries: entries.map((info: EntryInfo) => entryOf(info)), more };
  }

  #call<Answer>(
    name: string,
    signal: AbortSignal,
    send: (rpc: RpcClient<typeof FilesServiceDefinition>, options: CallOptions) => Promise<Answer>,
  ): Promise<Answer> {
    const { rpc, retry } = this.#options;
    return retry.run(name, signal, () => send(rpc, this.#callOptions(signal)));
  }

  #callOptions(signal: AbortSignal): CallOptions {
    return { signal, requestId: this.#options.correlationId };
  }

  #nextId(): string {
    this.#commands += 1;
    return `${this.#prefix}-${this.#commands}`;
  }
}
