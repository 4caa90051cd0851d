import { resolve } from 'node:path';
import { CollectiveError, isCollectiveError } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';
import type { FilesCalls } from '../calls/files-calls.js';
import type { LocalFiles } from '../local/local-files.js';
import { statOrNothing } from '../trees/put-plan.js';
import { isRoot, readRemotePath } from '../trees/remote-paths.js';
import { ContentComparison } from './content-comparison.js';
import { exclusionOf } from './exclusion.js';
import { PlanBuilder, type SyncPlan } from './sync-plan.js';
import { LocalTree, RemoteTree, type SyncEntry, type SyncTree } from './sync-tree.js';
import { TreeComparison } from './tree-comparison.js';

export interface SyncRequest {
  readonly direction: SyncPlan['direction'];
  /** A folder of this machine. */
  readonly localPath: string;
  /** A folder of the member's tree. */
  readonly remotePath: string;
  /** Whether what the source does not have is removed. */
  readonly remove: boolean;
  /** Compare contents, whatever the times say. */
  readonly checksum: boolean;
  /** See exclusionOf. */
  readonly exclude: readonly string[];
  /** Removing all because the source is empty is meant. */
  readonly allowEmpty: boolean;
}

interface Top {
  readonly tree: SyncTree;
  readonly at: string;
  readonly entry: SyncEntry | undefined;
}

const NO_TIME = { seconds: 0, nanoseconds: 0 };

/** Compares both trees; changes nothing. Errors: NOT_FOUND, NOT_A_DIRECTORY, SOURCE_EMPTY, LIMIT_EXCEEDED, USAGE. */
export async function planSync(
  request: SyncRequest,
  ports: { readonly local: LocalFiles; readonly calls: FilesCalls; readonly hasher: Hasher },
  signal: AbortSignal,
): Promise<SyncPlan> {
  const { direction, remove, checksum, exclude } = request;
  const { local, calls } = ports;
  const builder = new PlanBuilder();
  const toRemote = direction === 'to-remote';
  const localTop = await describeLocal(local, resolve(request.localPath), (path, error) => {
    // What has an impossible name is nothing that the other tree could hold.
    if (toRemote && error.code !== 'NAME_INVALID') builder.sourceTroubled = true;
    builder.failed(path === '' ? request.localPath : path, error);
  });
  const remoteTop = await describeRemote(calls, request.remotePath, signal);
  const [source, destination] = toRemote ? [localTop, remoteTop] : [remoteTop, localTop];
  if (source.entry === undefined) throw missing(source.at);
  for (const { entry, at } of [source, destination]) if (entry !== undefined && entry.kind !== 'directory') throw notAFolder(at);
  const comparison = new ContentComparison({ ...ports, signal });
  const version = (here: SyncEntry, there: SyncEntry): number => (toRemote ? there : here).version;
  const trees = new TreeComparison({
    source: source.tree,
    destination: destination.tree,
    excluded: exclude.length === 0 ? undefined : exclusionOf(exclude),
    remove,
    sameContent: checksum
      ? (path, here, there) => comparison.same(localTop.tree.at(path), remoteTop.tree.at(path), version(here, there), here.bytes)
      : undefined,
    onProblem: builder.failed.bind(builder),
    onSame: () => {
      builder.unchanged += 1;
    },
  });
  // The root has neither mode nor time of its own.
  for await (const action of trees.run(source.entry, destination.entry, remoteTop.at !== '/')) {
    signal.throwIfAborted();
    builder.add(action);
  }
  if (!toRemote && builder.removes) {
    const hidden = await partlyHidden(calls, remoteTop.at, signal);
    if (hidden !== undefined) {
      builder.sourceTroubled = true;
      builder.failed(remoteTop.at, hidden);
    }
  }
  const plan = builder.build({ direction, source: source.at, destination: destination.at });
  if (!request.allowEmpty && plan.actions.some(({ kind }) => kind === 'remove')) await refuseEmpty(source);
  return plan;
}

async function describeLocal(
  local: LocalFiles,
  at: string,
  onProblem: (path: string, error: CollectiveError) => void,
): Promise<Top> {
  const entry = await local.describe(at, 'follow');
  const tree = new LocalTree(local, at, onProblem);
  return { tree, at, entry: entry === undefined ? undefined : { ...entry, name: '', target: '', version: 0 } };
}

async function describeRemote(calls: FilesCalls, path: string, signal: AbortSignal): Promise<Top> {
  const at = readRemotePath(path).path;
  const entry = await statOrNothing(calls, at, signal);
  const tree = new RemoteTree(calls, at, signal);
  if (entry !== undefined) return { tree, at, entry: { ...entry, allocatedBytes: entry.bytes } };
  return { tree, at, entry: isRoot(at) ? ROOT : undefined };
}

const ROOT: SyncEntry = {
  name: '',
  kind: 'directory',
  bytes: 0,
  allocatedBytes: 0,
  target: '',
  version: 0,
  mode: 0o755,
  modified: NO_TIME,
};

/** An empty folder is what is left where a disk is not mounted. */
async function refuseEmpty({ tree, at }: Top): Promise<void> {
  for await (const _entry of tree.entries('')) return;
  throw new CollectiveError('SOURCE_EMPTY', `${at} is empty, so all that its copy holds would be removed.`, {
    next: 'Look whether its disk is mounted; if it is meant to be empty, add --allow-empty.',
    details: { path: at },
  });
}

/**
 * Of another member's folder that may only be passed through or written to, the listing shows the ways to what is granted, as if
 * nothing else were there. Asked after comparing, so that a grant that ended meanwhile counts. Only who may read all of a folder
 * may see its versions.
 */
async function partlyHidden(calls: FilesCalls, at: string, signal: AbortSignal): Promise<CollectiveError | undefined> {
  if (at.startsWith('/')) return undefined;
  try {
    for await (const _page of calls.listVersions(at, signal)) break;
    return undefined;
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'PERMISSION_DENIED') throw error;
    return new CollectiveError('PERMISSION_DENIED', `You may not read all of ${at}: what else is in it is not shown to you.`, {
      next: 'Sync the folders that are granted to you one by one: collective grant list --to-me',
      details: { path: at },
    });
  }
}

const missing = (path: string): CollectiveError =>
  new CollectiveError('NOT_FOUND', `There is no ${path}.`, { next: 'Look whether its disk is mounted.', details: { path } });

const notAFolder = (path: string): CollectiveError =>
  new CollectiveError('NOT_A_DIRECTORY', `${path} is not a folder, and sync makes one folder like another.`, {
    next: 'Transfer a single file with put or get.',
    details: { path },
  });
