import { dirname } from 'node:path';
import { isCollectiveError, LIMITS, toCollectiveError, type CollectiveError } from '../../base/index.js';
import { isFileSystemError } from '../../ports/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { Downloader } from '../download/downloader.js';
import type { Entry } from '../entry.js';
import { TaskGroup } from '../flow/task-group.js';
import { fileProblem } from '../local/file-problem.js';
import type { LocalFiles } from '../local/local-files.js';
import type { RemoteRoot } from '../trees/get-plan.js';
import { childPath } from '../trees/remote-paths.js';
import { TreeReceiver } from '../trees/tree-receiver.js';
import { setAttributesOf } from '../upload/attribute-batches.js';
import type { Uploader } from '../upload/uploader.js';
import type { TransferProgress, UploadFailure, UploadItem } from '../upload/upload-item.js';
import { isMaking, type SyncPlan } from './sync-plan.js';
import type { SyncAction } from './tree-comparison.js';

/** What a sync did. */
export interface SyncReport {
  readonly files: number;
  /** Of these, as of an upload. */
  readonly filesBelow: number;
  /** As of an upload. */
  readonly spread: string;
  readonly directories: number;
  readonly symlinks: number;
  /** Whose mode or time alone was set. */
  readonly attributes: number;
  /** A folder with all that was in it counts once. */
  readonly removed: number;
  readonly unchanged: number;
  readonly bytes: number;
  /** Sent to nodes (each copy counts), or fetched from them. */
  readonly movedBytes: number;
  /** Of `bytes`: what was there already. */
  readonly knownBytes: number;
  readonly failures: readonly UploadFailure[];
  readonly failureCount: number;
  readonly removalsHeldBack: boolean;
}

export interface RunSyncOptions {
  readonly calls: FilesCalls;
  readonly local: LocalFiles;
  readonly uploader: Uploader;
  readonly downloader: Downloader;
  readonly copies: number;
  readonly onProgress: (progress: TransferProgress) => void;
  readonly signal: AbortSignal;
}

/** Carries a plan out: first what is in the way goes, then all is brought, then what is too much goes, and last come the times of folders. */
export class RunSync {
  readonly #plan: SyncPlan;
  readonly #options: RunSyncOptions;
  readonly #failures: UploadFailure[];
  #failureCount: number;
  #removed = 0;

  constructor(plan: SyncPlan, options: RunSyncOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#failures = [...plan.failures];
    this.#failureCount = plan.failureCount;
  }

  /** What cannot be done by itself is in the report; whatever stops all of it is thrown. */
  async run(): Promise<SyncReport> {
    const { actions, direction, unchanged, removalsHeldBack } = this.#plan;
    const remove = (inTheWay: boolean): Promise<void> =>
      this.#remove(actions.filter((action) => action.kind === 'remove' && action.inTheWay === inTheWay));
    await remove(true);
    const moved = direction === 'to-remote' ? await this.#send() : await this.#fetch();
    await remove(false);
    const dressed = actions.filter((action) => action.kind === 'attributes');
    await (direction === 'to-remote' ? this.#dressRemote(dressed) : this.#dressLocal(dressed));
    return {
      ...moved,
      attributes: dressed.filter((action) => !action.quiet).length,
      removed: this.#removed,
      unchanged,
      removalsHeldBack,
      failures: this.#failures,
      failureCount: this.#failureCount,
    };
  }

  async #send() {
    const { uploader, copies, onProgress, signal } = this.#options;
    const made = this.#plan.actions.filter(isMaking);
    if (made.length === 0) return NOTHING;
    const report = await uploader.upload({
      items: () => this.#items(made),
      directories: [],
      copies,
      path: this.#remotePath(''),
      expectedBytes: this.#plan.allocatedBytes,
      onProgress,
      signal,
    });
    this.#add(report);
    const { files, filesBelow, spread, directories, symlinks, bytes, sentBytes, knownBytes } = report;
    return { files, filesBelow, spread, directories, symlinks, bytes, movedBytes: sentBytes, knownBytes };
  }

  async *#items(actions: readonly SyncAction[]): AsyncGenerator<UploadItem, void> {
    const { local } = this.#options;
    for (const action of actions) {
      const { entry } = action;
      const [path, source] = [this.#remotePath(action.path), this.#localPath(action.path)];
      const { mode, modified, target, bytes, allocatedBytes } = entry;
      if (entry.kind === 'directory') yield { kind: 'directory', path, mode, modified };
      else if (entry.kind === 'symlink') yield { kind: 'symlink', path, target, modified };
      else {
        // What somebody else has stored there meanwhile is not to be replaced unseen.
        const expectedVersion = isMaking(action) ? action.there : 0;
        const open = (): ReturnType<LocalFiles['openForReading']> => local.openForReading(source);
        yield { kind: 'file', path, source, bytes, allocatedBytes, expectedVersion, open };
      }
    }
  }

  async #fetch() {
    const { downloader, local, onProgress, signal } = this.#options;
    const made = this.#plan.actions.filter(isMaking);
    if (made.length === 0) return NOTHING;
    await local.makeDirectory(dirname(this.#localPath('')));
    const top = { entry: NO_ENTRY, target: this.#localPath('') };
    const receiver = new TreeReceiver(local, [top], this.#failed.bind(this));
    const report = await downloader.download(receiver.targets(this.#roots(made)), onProgress, signal);
    this.#add(report);
    const { files, bytes, fetchedBytes, resumedBytes } = report;
    const { directories, symlinks } = receiver;
    return { ...NOTHING, files, directories, symlinks, bytes, movedBytes: fetchedBytes, knownBytes: resumedBytes };
  }

  async *#roots(actions: readonly SyncAction[]): AsyncGenerator<RemoteRoot, void> {
    for (const { path, entry } of actions) {
      const { kind, version, mode, modified, target, bytes } = entry;
      // Comparing has told of everything else.
      if (kind === 'other') continue;
      const found = { ...NO_ENTRY, path: this.#remotePath(path), kind, version, mode, modified, target, bytes };
      yield { entry: found, target: this.#localPath(path) };
    }
  }

  async #remove(actions: readonly SyncAction[]): Promise<void> {
    const tasks = new TaskGroup(this.#options.signal);
    const rest = actions.values();
    const work = async (): Promise<void> => {
      for (const { path } of rest) {
        if (tasks.signal.aborted) return;
        await this.#removeOne(path, tasks.signal);
      }
    };
    for (let count = 0; count < Math.min(LIMITS.removalsAtOnce, actions.length); count += 1) tasks.spawn(work);
    await tasks.join();
  }

  async #removeOne(path: string, signal: AbortSignal): Promise<void> {
    const { calls, local } = this.#options;
    try {
      if (this.#plan.direction === 'to-remote') await calls.removeEntry(this.#remotePath(path), true, signal);
      else await local.remove(this.#localPath(path));
      this.#removed += 1;
    } catch (thrown) {
      const error = problemOf(thrown);
      if (error === undefined) throw thrown;
      // Somebody else was quicker.
      if (error.code !== 'NOT_FOUND') this.#failed(path, error);
    }
  }

  #dressRemote(actions: readonly SyncAction[]): Promise<void> {
    const changes = actions.map(({ path, entry: { mode, modified } }) => ({ path: this.#remotePath(path), mode, modified }));
    const onFailure = (path: string, error: CollectiveError): void => this.#failed(path, error);
    return setAttributesOf(this.#options.calls, changes, onFailure, this.#options.signal);
  }

  async #dressLocal(actions: readonly SyncAction[]): Promise<void> {
    for (const { path, entry } of actions) {
      try {
        await this.#options.local.setAttributes(this.#localPath(path), entry);
      } catch (thrown) {
        const error = problemOf(thrown);
        if (error === undefined) throw thrown;
        this.#failed(path, error);
      }
    }
  }

  #localPath(path: string): string {
    const { direction, source, destination } = this.#plan;
    const top = direction === 'to-remote' ? source : destination;
    return path === '' ? top : childPath(top, path);
  }

  #remotePath(path: string): string {
    const { direction, source, destination } = this.#plan;
    const top = direction === 'to-remote' ? destination : source;
    return path === '' ? top : childPath(top, path);
  }

  #failed(path: string, error: CollectiveError): void {
    this.#failureCount += 1;
    if (this.#failures.length < LIMITS.transferFailuresShown) this.#failures.push({ path, error });
  }

  #add(report: { readonly failures: readonly UploadFailure[]; readonly failureCount: number }): void {
    this.#failures.push(...report.failures.slice(0, LIMITS.transferFailuresShown - this.#failures.length));
    this.#failureCount += report.failureCount;
  }
}

const NOTHING = { files: 0, filesBelow: 0, spread: '', directories: 0, symlinks: 0, bytes: 0, movedBytes: 0, knownBytes: 0 };

const NO_ENTRY: Entry = {
  path: '',
  name: '',
  fileId: '',
  kind: 'directory',
  bytes: 0,
  mode: 0,
  modified: { seconds: 0, nanoseconds: 0 },
  version: 0,
  target: '',
  committedMs: 0,
  contentType: '',
  children: 0,
};

/** What is about one thing only; undefined for what stops all of it. */
function problemOf(thrown: unknown): CollectiveError | undefined {
  if (isFileSystemError(thrown)) return fileProblem(thrown, thrown.path);
  if (!isCollectiveError(thrown)) return undefined;
  return ABOUT_ONE.has(thrown.code) ? toCollectiveError(thrown) : undefined;
}

const ABOUT_ONE: ReadonlySet<string> = new Set([
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'NOT_A_DIRECTORY',
  'DIRECTORY_NOT_EMPTY',
  'VERSION_CONFLICT',
  'LIMIT_EXCEEDED',
]);
