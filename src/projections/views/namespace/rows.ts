import type { ExtentListId, FileId, UploadId } from '../../../base/index.js';
import type { Actor, Extent, FileTime } from '../../../events/index.js';
import { flag, oneOf, optional, record, text, unsigned } from '../../rows/fields.js';
import { descendingPart, fileIdPart, lastTextPart, namePart, numberPart, only, pair, single, triple } from '../../rows/keys.js';
import type { TableDefinition, ViewInfo } from '../../rows/table.js';
import { extents, fileId, fileTime, listIds, present } from '../fields.js';

export type FileKind = 'file' | 'directory' | 'symlink';

/** What a tree or a part of it holds, each entry once. */
export interface TreeCounts {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Sum of the sizes of the files' current versions. */
  readonly bytes: number;
  /** What their copies take: chunks without holes, times the copies wanted; shared chunks with each file. */
  readonly storedBytes: number;
  /** Older versions of these files that can be restored. */
  readonly keptVersions: number;
  readonly keptBytes: number;
  readonly keptStoredBytes: number;
  /** Files, directories and symlinks that were deleted here and can be restored, with all versions. */
  readonly deletedEntries: number;
  readonly deletedBytes: number;
  readonly deletedStoredBytes: number;
}

/** What is gone for good: it counts nowhere in the tree. */
export interface PurgedCounts {
  readonly entries: number;
  /** Those that were purged one by one, not as part of something. */
  readonly versions: number;
  readonly bytes: number;
  readonly storedBytes: number;
}

export interface FileRow {
  readonly kind: FileKind;
  /** Permission bits. */
  readonly mode: number;
  /** As it was last set; a directory's does not follow what happens in it, so that a restored tree keeps its times. */
  readonly modified: FileTime;
  /** Undefined for the root only. Of something removed: where it was. */
  readonly parentId: FileId | undefined;
  readonly name: string;
  /** Its name was taken from its directory. What is below a removed directory is not marked, and not reachable by path. */
  readonly removed: boolean;
  /** When it was removed; 0 unless it is. */
  readonly removedMs: number;
  /** Removed, and gone for good. */
  readonly purged: boolean;
  /** Of a file: number of its current version, 0 before the first. Of a directory: changes of its entries. */
  readonly version: number;
  readonly sizeBytes: number;
  /** What the copies of the current version take. */
  readonly storedBytes: number;
  /** When the current version was committed; 0 before, and for what has no versions. */
  readonly committedMs: number;
  readonly contentType: string;
  readonly symlinkTarget: string;
  /** Of a directory: its entries. */
  readonly childCount: number;
  /**
   * Of a directory: all that is below it, itself not counted. Of a file: its older versions. Kept when it is removed, so that
   * it can be put back.
   */
  readonly below: TreeCounts;
  /** Of a directory: no path below it was ever longer, in names. Never gets less: it bounds how deep a move may make a tree. */
  readonly heightMax: number;
}

/** A name in a directory. */
export interface EntryRow {
  readonly fileId: FileId;
  readonly kind: FileKind;
}

/** Something that was removed from a directory and is not purged. */
export interface DeletedRow {
  readonly fileId: FileId;
  readonly kind: FileKind;
  readonly removedBy: Actor;
}

export interface VersionRow {
  readonly sizeBytes: number;
  readonly storedBytes: number;
  readonly extentListIds: readonly ExtentListId[];
  readonly extents: readonly Extent[];
  readonly mode: number;
  readonly modified: FileTime;
  readonly contentType: string;
  readonly openSessionId: string;
  readonly uploadId: UploadId;
  readonly committedMs: number;
  readonly committedBy: Actor;
  /** Gone for good. */
  readonly purged: boolean;
  /** The position of its FileCommitted. */
  readonly epoch: number;
  readonly sequence: number;
}

export const INFO: ViewInfo = { name: 'namespace', id: 5, version: 2, derived: true };

const counts = record<TreeCounts>({
  files: unsigned,
  directories: unsigned,
  symlinks: unsigned,
  bytes: unsigned,
  storedBytes: unsigned,
  keptVersions: unsigned,
  keptBytes: unsigned,
  keptStoredBytes: unsigned,
  deletedEntries: unsigned,
  deletedBytes: unsigned,
  deletedStoredBytes: unsigned,
});

const kind = oneOf<FileKind>('file', 'directory', 'symlink');

export const FILES: TableDefinition<FileId, FileRow> = {
  view: INFO,
  name: 'files',
  id: 1,
  key: single(fileIdPart),
  row: record<FileRow>({
    kind,
    mode: unsigned,
    modified: fileTime,
    parentId: optional(fileId),
    name: text(),
    removed: flag,
    removedMs: unsigned,
    purged: flag,
    version: unsigned,
    sizeBytes: unsigned,
    storedBytes: unsigned,
    committedMs: unsigned,
    contentType: text(),
    symlinkTarget: text(),
    childCount: unsigned,
    below: counts,
    heightMax: unsigned,
  }),
};

export const ENTRIES: TableDefinition<readonly [parentId: FileId, name: string], EntryRow> = {
  view: INFO,
  name: 'entries',
  id: 2,
  key: pair(fileIdPart, lastTextPart),
  row: record<EntryRow>({ fileId, kind }),
};

export const VERSIONS: TableDefinition<readonly [fileId: FileId, version: number], VersionRow> = {
  view: INFO,
  name: 'versions',
  id: 3,
  key: pair(fileIdPart, numberPart),
  row: record<VersionRow>({
    sizeBytes: unsigned,
    storedBytes: unsigned,
    extentListIds: listIds,
    extents,
    mode: unsigned,
    modified: fileTime,
    contentType: text(),
    openSessionId: text(),
    uploadId: text<UploadId>(),
    committedMs: unsigned,
    committedBy: text<Actor>(),
    purged: flag,
    epoch: unsigned,
    sequence: unsigned,
  }),
};

/** By the name that it had, what was removed last before the others. */
export const DELETED: TableDefinition<readonly [parentId: FileId, name: string, removedMs: number], DeletedRow> = {
  view: INFO,
  name: 'deleted',
  id: 4,
  key: triple(fileIdPart, namePart, descendingPart),
  row: record<DeletedRow>({ fileId, kind, removedBy: text<Actor>() }),
};

/**
 * Whose retention time began when: a version when the next one was committed, something removed (as version 0) when it was
 * removed. What is purged is not here.
 */
export const AGEING: TableDefinition<readonly [sinceMs: number, fileId: FileId, version: number], true> = {
  view: INFO,
  name: 'ageing',
  id: 5,
  key: triple(numberPart, fileIdPart, numberPart),
  row: present,
};

export const PURGED: TableDefinition<'only', PurgedCounts> = {
  view: INFO,
  name: 'purged',
  id: 6,
  key: only,
  resident: true,
  row: record<PurgedCounts>({ entries: unsigned, versions: unsigned, bytes: unsigned, storedBytes: unsigned }),
};
