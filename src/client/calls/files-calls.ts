import { toBase32 } from '../../base/index.js';
import type { Random } from '../../ports/index.js';
import type {
  AttributeChange,
  CallOptions,
  ChunkRef,
  DamagedCopy,
  EntryInfo,
  EntryOutcome,
  Extent,
  FileCommit,
  FileCommitOutcome,
  FilesServiceDefinition,
  ListDirectoryResponse,
  NewDirectory,
  NewSymlink,
  OpenUploadResponse,
  PlaceChunksResponse,
  ReadFilesResponse,
  ReadTarget,
  Receipt,
  RpcClient,
} from '../../transport/index.js';
import { entryOf, type Entry } from '../entry.js';
import type { Retry } from './retry.js';

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
    request: { readonly copies: number; readonly expectedBytes: number },
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
  readFiles(targets: readonly ReadTarget[], signal: AbortSignal): AsyncIterable<ReadFilesResponse> {
    return this.#options.rpc.readFiles({ targets }, this.#callOptions(signal));
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

  async removeEntry(path: string, recursive: boolean, signal: AbortSignal): Promise<string> {
    const requestId = this.#nextId();
    const answer = await this.#call('RemoveEntry', signal, (rpc, options) =>
      rpc.removeEntry({ requestId, path, recursive }, options),
    );
    return answer.fileId;
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
