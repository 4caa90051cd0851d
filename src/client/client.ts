import { LIMITS, toBase32, type CollectiveError } from '../base/index.js';
import type { Clock, Hasher, Logger, Random, Timers } from '../ports/index.js';
import {
  AdminServiceDefinition,
  type BoundFolders,
  createClient,
  CopiesServiceDefinition,
  errorOfFailure,
  FilesServiceDefinition,
  GrantServiceDefinition,
  MemberServiceDefinition,
  type RpcChannel,
  PeerAdminServiceDefinition,
  WitnessAdminServiceDefinition,
} from '../transport/index.js';
import { AdminCalls } from './calls/admin-calls.js';
import { CopiesCalls } from './calls/copies-calls.js';
import { FilesCalls } from './calls/files-calls.js';
import { filesOfMembers } from './calls/files-of-members.js';
import { type AwayTree, KnownTrees } from './calls/known-trees.js';
import { MemberCalls } from './calls/member-calls.js';
import { GrantCalls } from './calls/grant-calls.js';
import { memberChannel } from './calls/member-channel.js';
import { Retry } from './calls/retry.js';
import { PeerCalls } from './calls/peer-calls.js';
import { WitnessCalls } from './calls/witness-calls.js';
import type { ChunkWait } from './download/chunk-fetcher.js';
import { Downloader, type DownloadReport } from './download/downloader.js';
import { OrderedSink } from './download/ordered-sink.js';
import type { Entry } from './entry.js';
import type { FileTime, LocalFiles } from './local/local-files.js';
import type { OpenNodeChannel } from './nodes/node-channel.js';
import { NodePool } from './nodes/node-pool.js';
import { planSync, type SyncRequest } from './sync/planner.js';
import { RunSync, type SyncReport } from './sync/run-sync.js';
import type { SyncPlan } from './sync/sync-plan.js';
import { planGet } from './trees/get-plan.js';
import { localItems, measure } from './trees/local-tree.js';
import { planMove } from './trees/move-plan.js';
import { planPut, topOf } from './trees/put-plan.js';
import { readRemotePath } from './trees/remote-paths.js';
import { type Past, RemoteTree } from './trees/remote-tools.js';
import { entriesOf, remoteItems } from './trees/remote-tree.js';
import { makeParents, TreeReceiver } from './trees/tree-receiver.js';
import { Uploader } from './upload/uploader.js';
import type { TransferProgress, UploadFailure, UploadReport } from './upload/upload-item.js';

export interface ClientOptions {
  /** To the home port of the coordinator. Closed with the client. */
  readonly channel: RpcChannel;
  readonly openNode: OpenNodeChannel;
  readonly local: LocalFiles;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly hasher: Hasher;
  readonly logger: Logger;
  /** Names what is done with this client in everybody's logs: 1 to 64 of [A-Za-z0-9_-]. Default: a random one. */
  readonly correlationId?: string;
  /** Told once of each member whose tree is read while its coordinator is away. */
  readonly onAway?: (tree: AwayTree) => void;
  /** Told once, when a chunk has to be waited for since nobody with a copy can be reached just now. */
  readonly onWaiting?: (wait: ChunkWait) => void;
}

export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: TransferProgress) => void;
  /** How much it will be, as soon as that is known. */
  readonly onTotals?: (totals: { readonly files: number | undefined; readonly bytes: number | undefined }) => void;
}

export interface PutOptions extends TransferOptions {
  /** Local paths. */
  readonly sources: readonly string[];
  readonly destination: string;
  /** 0: the member's default. */
  readonly copies: number;
}

export interface WriteOptions extends TransferOptions {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly path: string;
  readonly mode: number;
  readonly modified: FileTime;
  readonly copies: number;
}

export interface GetOptions extends TransferOptions {
  readonly sources: readonly string[];
  /** A local path. */
  readonly destination: string;
  /** Of the one source, which must be a file: as it was. */
  readonly past?: Past;
}

export interface GetReport extends DownloadReport {
  readonly directories: number;
  readonly symlinks: number;
}

const ignore = (): void => undefined;
/** Of the longest paths, still within one message. */
const DIRECTORIES_PER_CALL = 8;

/** One member's client: the coordinator for names, the nodes for bytes. */
export class CollectiveClient {
  readonly files: FilesCalls;
  /** Old versions, deleted things, copies, searches. */
  readonly tree: RemoteTree;
  readonly admin: AdminCalls;
  readonly witnesses: WitnessCalls;
  readonly members: MemberCalls;
  readonly peers: PeerCalls;
  readonly grants: GrantCalls;
  readonly copies: CopiesCalls;
  readonly #options: ClientOptions;
  readonly #retry: Retry;
  readonly #pool: NodePool;
  readonly #known: KnownTrees;
  #waiting = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { channel, clock, timers, random, logger } = options;
    const correlationId = options.correlationId ?? toBase32(random.bytes(10));
    this.#known = new KnownTrees(options.onAway ?? ignore);
    this.#retry = new Retry({
      knownAway: (error) => this.#known.isOf(error),
      clock,
      timers,
      random,
      logger,
      patienceMs: LIMITS.transferPatienceMs,
      firstPatienceMs: LIMITS.firstContactPatienceMs,
    });
    const calls = { retry: this.#retry, random, correlationId };
    const rpc = filesOfMembers(createClient(FilesServiceDefinition, channel), (member) =>
      createClient(FilesServiceDefinition, memberChannel(channel, member, this.#known)),
    );
    this.files = new FilesCalls({ rpc, ...calls });
    this.tree = new RemoteTree(this.files);
    this.admin = new AdminCalls({ rpc: createClient(AdminServiceDefinition, channel), ...calls, clock });
    this.witnesses = new WitnessCalls({ rpc: createClient(WitnessAdminServiceDefinition, channel), ...calls });
    this.peers = new PeerCalls({ rpc: createClient(PeerAdminServiceDefinition, channel), ...calls });
    this.members = new MemberCalls({ rpc: createClient(MemberServiceDefinition, channel), ...calls });
    this.grants = new GrantCalls({ rpc: createClient(GrantServiceDefinition, channel), ...calls });
    this.copies = new CopiesCalls({ rpc: createClient(CopiesServiceDefinition, channel), ...calls });
    this.#pool = new NodePool({ open: options.openNode, clock, timers });
  }

  /** Whose trees were read while their coordinators were away, and as of when they were known. */
  get awayTrees(): readonly AwayTree[] {
    return this.#known.all();
  }

  /** Stores local files and folders; see planPut for where. */
  async put(options: PutOptions): Promise<UploadReport> {
    const { local } = this.#options;
    const { sources, destination, copies, signal } = options;
    const roots = await planPut({ local, calls: this.files }, sources, destination, signal);
    const { files, bytes, allocatedBytes, directories } = await measure(localItems(local, roots));
    options.onTotals?.({ files, bytes });
    return this.#uploader().upload({
      items: () => localItems(local, roots),
      directories,
      copies,
      path: topOf(roots),
      expectedBytes: allocatedBytes,
      onProgress: options.onProgress ?? ignore,
      signal,
    });
  }

  /** Stores a stream as the whole content of one file. */
  write(options: WriteOptions): Promise<UploadReport> {
    const { bytes, mode, modified, copies, signal } = options;
    const { path } = readRemotePath(options.path);
    const item = { kind: 'stream', path, bytes, mode, modified } as const;
    return this.#uploader().upload({
      items: () => justOne(item),
      directories: [],
      copies,
      path,
      expectedBytes: 0,
      onProgress: options.onProgress ?? ignore,
      signal,
    });
  }

  /** Fetches files and folders; see planGet for where. */
  async get(options: GetOptions): Promise<GetReport> {
    const { local } = this.#options;
    const { sources, destination, signal } = options;
    const past = options.past === undefined ? undefined : await this.tree.past(sources[0] ?? '/', options.past, signal);
    const calls = past === undefined ? this.files : { stat: () => Promise.resolve(past) };
    const roots = await planGet({ local, calls }, sources, destination, signal);
    if (roots.every(({ entry }) => entry.kind === 'file')) {
      options.onTotals?.({ files: roots.length, bytes: roots.reduce((sum, { entry }) => sum + entry.bytes, 0) });
    }
    await makeParents(local, roots);
    const failures: UploadFailure[] = [];
    let failureCount = 0;
    const receiver = new TreeReceiver(local, roots, (path, error) => {
      failureCount += 1;
      if (failures.length < LIMITS.transferFailuresShown) failures.push({ path, error });
    });
    const targets = receiver.targets(remoteItems(this.files, roots, signal), past === undefined ? {} : { fileId: past.fileId });
    const report = await this.#downloader().download(targets, options.onProgress ?? ignore, signal);
    await receiver.dress();
    return {
      ...report,
      directories: receiver.directories,
      symlinks: receiver.symlinks,
      failures: [...failures, ...report.failures].slice(0, LIMITS.transferFailuresShown),
      failureCount: failureCount + report.failureCount,
    };
  }

  /** What a sync would do; see planSync. */
  planSync(request: SyncRequest, signal: AbortSignal): Promise<SyncPlan> {
    const { local, hasher } = this.#options;
    return planSync(request, { local, hasher, calls: this.files }, signal);
  }

  /** Makes one folder like another, as was planned; see RunSync. `copies`: 0 for the member's default. */
  sync(plan: SyncPlan, options: TransferOptions & { readonly copies: number }): Promise<SyncReport> {
    const { local } = this.#options;
    const { copies, signal, onTotals, onProgress = ignore } = options;
    onTotals?.({ files: plan.files, bytes: plan.bytes });
    const transfers = { uploader: this.#uploader(), downloader: this.#downloader() };
    return new RunSync(plan, { calls: this.files, local, ...transfers, copies, onProgress, signal }).run();
  }

  /** Reads one file from first to last byte. `output` may use the bytes until its promise settles. Error: that of the file. */
  async read(
    path: string,
    output: (bytes: Uint8Array) => Promise<void>,
    options: TransferOptions & { readonly past?: Past | undefined },
  ): Promise<DownloadReport> {
    const past = options.past === undefined ? undefined : await this.tree.past(path, options.past, options.signal);
    const which = past === undefined ? { version: 0 } : { version: past.version, fileId: past.fileId };
    const target = { path: readRemotePath(path).path, ...which, sink: new OrderedSink(output) };
    const report = await this.#downloader().download(justOne(target), options.onProgress ?? ignore, options.signal);
    const [failure] = report.failures;
    if (failure !== undefined) throw failure.error;
    return report;
  }

  /** The entries of a directory, in byte order of their names. */
  list(path: string, signal: AbortSignal): AsyncIterable<Entry> {
    return entriesOf(this.files, readRemotePath(path).path, signal);
  }

  /** Error: NOT_FOUND. */
  stat(path: string, signal: AbortSignal): Promise<Entry> {
    return this.files.stat(readRemotePath(path).path, signal);
  }

  /** With `parents`, missing ones are made too and existing ones are no error. The first failure is thrown, after all were tried. */
  async makeDirectories(
    paths: readonly string[],
    options: { readonly mode: number; readonly modified: FileTime; readonly parents: boolean },
    signal: AbortSignal,
  ): Promise<readonly { readonly path: string; readonly id: string }[]> {
    const { mode, modified, parents } = options;
    const made: { readonly path: string; readonly id: string }[] = [];
    let failure: CollectiveError | undefined;
    const plain = paths.map((path) => readRemotePath(path).path);
    for (let start = 0; start < plain.length; start += DIRECTORIES_PER_CALL) {
      const some = plain.slice(start, start + DIRECTORIES_PER_CALL);
      const directories = some.map((path) => ({ path, mode, modified, makeParents: parents, existOk: parents }));
      const outcomes = await this.files.makeDirectories(directories, signal);
      for (const [index, path] of some.entries()) {
        const outcome = outcomes[index];
        if (outcome?.failure !== undefined) failure ??= errorOfFailure(outcome.failure);
        else made.push({ path, id: outcome?.fileId ?? '' });
      }
    }
    if (failure !== undefined) throw failure;
    return made;
  }

  /** See planMove for where; one after the other, up to the first failure. */
  async move(
    sources: readonly string[],
    destination: string,
    options: { readonly replace: boolean },
    signal: AbortSignal,
  ): Promise<readonly { readonly from: string; readonly to: string }[]> {
    const moves = await planMove(this.files, sources, destination, signal);
    for (const { from, to } of moves) await this.files.moveEntry({ fromPath: from, toPath: to, ...options }, signal);
    return moves;
  }

  /** The plain form of the path, and what was bound to it. Errors: NOT_FOUND; DIRECTORY_NOT_EMPTY unless `recursive`. */
  async remove(
    path: string,
    recursive: boolean,
    signal: AbortSignal,
  ): Promise<{ readonly path: string; readonly bound: BoundFolders | undefined }> {
    const plain = readRemotePath(path).path;
    return { path: plain, bound: await this.files.removeEntry(plain, recursive, signal) };
  }

  /** Ends all connections; what is in flight fails. */
  close(): void {
    this.#pool.close();
    this.#options.channel.close();
  }

  #uploader(): Uploader {
    return new Uploader({ ...this.#shared(), patienceMs: LIMITS.transferPatienceMs });
  }

  #downloader(): Downloader {
    const onWaiting = (wait: ChunkWait): void => {
      if (!this.#waiting) this.#options.onWaiting?.(wait);
      this.#waiting = true;
    };
    return new Downloader({ ...this.#shared(), onWaiting });
  }

  #shared() {
    const { clock, timers, logger, hasher, local } = this.#options;
    const allocate = local.alignedBuffer.bind(local);
    return { calls: this.files, pool: this.#pool, retry: this.#retry, clock, timers, hasher, logger, allocate };
  }
}

async function* justOne<Item>(item: Item): AsyncGenerator<Item, void> {
  yield item;
}
