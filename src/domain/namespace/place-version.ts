import { CollectiveError, fail, type FileId, ok, type Result } from '../../base/index.js';
import type { FileTime } from '../../events/index.js';
import type { ExtentsReader, NamespaceReader, PlacementReader, UploadsReader, VersionRow } from '../../projections/index.js';
import { holdersOf } from '../protection.js';
import { alreadyExists, checkVersion, type Found, isADirectory, type Names, newName, showPath } from './lookup.js';
import { type EventPlan, findIfThere, parentFor } from './plan.js';
import { checkTreeRoom, storedBytesOf } from './tree-room.js';

export interface CopyViews {
  readonly namespace: NamespaceReader;
  readonly uploads: UploadsReader;
  readonly extents: ExtentsReader;
  readonly placement: PlacementReader;
}

/** Where a version goes, and how. */
export interface Target {
  readonly names: Names;
  /** In place of a file or symlink that is there. */
  readonly replace: boolean;
  readonly makeParents: boolean;
  readonly expectedVersion: number | undefined;
}

/** A version that exists, with the attributes that the new one shall have. */
export interface Source {
  readonly names: Names;
  readonly version: VersionRow;
  readonly mode: number;
  readonly modified: FileTime;
}

/**
 * Content that is stored becomes the next version of the file at a path, or a new file there: no bytes move. Adds its events to
 * the plan. Errors: ALREADY_EXISTS, IS_A_DIRECTORY, VERSION_CONFLICT, CHUNK_UNAVAILABLE, LIMIT_EXCEEDED, and those of the path.
 */
export function placeVersion(
  source: Source,
  target: Target,
  views: CopyViews,
  plan: EventPlan,
  nowMs: number,
): Result<undefined, CollectiveError> {
  const { names } = target;
  const { namespace } = views;
  const name = newName(names);
  if (!name.ok) return name;
  const there = findIfThere(names, namespace);
  if (!there.ok) return there;
  const found = there.value;
  if (found?.row.kind === 'directory') return fail(isADirectory(names));
  const before = found?.row.kind === 'file' ? found.row.version : 0;
  const expected = checkVersion(names, before, target.expectedVersion);
  if (!expected.ok) return expected;
  if (found !== undefined && !target.replace) return fail(alreadyExists(names));
  const checked = checkSource(source, before > 0 ? (found?.row.sizeBytes ?? 0) : 0, views);
  if (!checked.ok) return checked;
  const fileId = fileFor(source, { ...target, found, name: name.value }, namespace, plan, nowMs);
  if (!fileId.ok) return fileId;
  addCommit(source, fileId.value, before + 1, plan);
  return ok(undefined);
}

/** An earlier version becomes the next one of the same file. Errors: CHUNK_UNAVAILABLE, LIMIT_EXCEEDED. */
export function repeatVersion(
  source: Source,
  file: Found,
  views: CopyViews,
  plan: EventPlan,
): Result<undefined, CollectiveError> {
  const checked = checkSource(source, file.row.sizeBytes, views);
  if (!checked.ok) return checked;
  addCommit(source, file.fileId, file.row.version + 1, plan);
  return ok(undefined);
}

function fileFor(
  source: Source,
  target: Target & { readonly found: Found | undefined; readonly name: string },
  namespace: NamespaceReader,
  plan: EventPlan,
  nowMs: number,
): Result<FileId, CollectiveError> {
  const { found, name, names, makeParents } = target;
  if (found?.row.kind === 'file') return ok(found.fileId);
  const parentId = parentFor(names, { makeParents, nowMs, plan, namespace });
  if (!parentId.ok) return parentId;
  if (found !== undefined) plan.add({ type: 'EntryRemoved', parentId: parentId.value, name, fileId: found.fileId });
  const { mode, modified } = source;
  return ok(plan.add({ type: 'FileCreated', parentId: parentId.value, name, mode, modified }));
}

function addCommit({ version, mode, modified }: Source, fileId: FileId, number: number, plan: EventPlan): void {
  const { uploadId, sizeBytes, extentListIds, extents, contentType } = version;
  plan.add({
    type: 'FileCommitted',
    fileId,
    version: number,
    uploadId,
    sizeBytes,
    extentListIds,
    extents,
    mode,
    modified,
    contentType,
    openSessionId: '',
  });
}

/** Whether it can be read at all, as far as the version lists its chunks itself; of lists, whoever asked has looked before. */
function checkSource({ names, version }: Source, replacedBytes: number, views: CopyViews): Result<undefined, CollectiveError> {
  const { placement, uploads, extents, namespace } = views;
  const chunkIds = version.extents.map(({ chunkId }) => chunkId).filter((id) => id !== undefined);
  placement.need(chunkIds);
  const lost = chunkIds.find((id) => holdersOf(placement.chunk(id)).length === 0);
  if (lost !== undefined) return fail(noCopyLeft(names, lost));
  extents.needLists(version.extentListIds);
  const copies = uploads.get(version.uploadId)?.copies ?? 0;
  return checkTreeRoom(
    { bytes: version.sizeBytes, storedBytes: storedBytesOf(version, copies, extents), replacedBytes },
    namespace,
  );
}

export const noCopyLeft = (names: Names, chunkId: string): CollectiveError =>
  new CollectiveError('CHUNK_UNAVAILABLE', `No copy is left of a chunk of ${showPath(names)}: it cannot be copied or restored.`, {
    next: `See what is left: collective whereis ${showPath(names)}`,
    details: { path: showPath(names), chunkId },
  });
