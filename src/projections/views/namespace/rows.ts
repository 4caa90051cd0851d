import type { ExtentListId, FileId, UploadId } from '../../../base/index.js';
import type { Extent, FileTime } from '../../../events/index.js';
import { flag, oneOf, optional, record, text, unsigned } from '../../rows/fields.js';
import { fileIdPart, lastTextPart, numberPart, pair, single } from '../../rows/keys.js';
import type { TableDefinition, ViewInfo } from '../../rows/table.js';
import { extents, fileId, fileTime, listIds } from '../fields.js';

export type FileKind = 'file' | 'directory' | 'symlink';

/** What a tree or a part of it holds, each entry once. */
export interface TreeCounts {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Sum of the sizes of the files' current versions. */
  readonly bytes: number;
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
  /** Of a file: number of its current version, 0 before the first. Of a directory: changes of its entries. */
  readonly version: number;
  readonly sizeBytes: number;
  /** When the current version was committed; 0 before, and for what has no versions. */
  readonly committedMs: number;
  readonly contentType: string;
  readonly symlinkTarget: string;
  /** Of a directory: its entries. */
  readonly childCount: number;
  /** Of a directory: all that is below it, itself not counted. Kept when it is removed, so that it can be put back. */
  readonly below: TreeCounts;
  /** Of a directory: no path below it was ever longer, in names. Never gets less: it bounds how deep a move may make a tree. */
  readonly heightMax: number;
}

/** A name in a directory. */
export interface EntryRow {
  readonly fileId: FileId;
  readonly kind: FileKind;
}

export interface VersionRow {
  readonly sizeBytes: number;
  readonly extentListIds: readonly ExtentListId[];
  readonly extents: readonly Extent[];
  readonly mode: number;
  readonly modified: FileTime;
  readonly contentType: string;
  readonly openSessionId: string;
  readonly uploadId: UploadId;
  readonly committedMs: number;
  /** The position of its FileCommitted. */
  readonly epoch: number;
  readonly sequence: number;
}

export const INFO: ViewInfo = { name: 'namespace', id: 5, version: 1, derived: true };

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
    version: unsigned,
    sizeBytes: unsigned,
    committedMs: unsigned,
    contentType: text(),
    symlinkTarget: text(),
    childCount: unsigned,
    below: record<TreeCounts>({ files: unsigned, directories: unsigned, symlinks: unsigned, bytes: unsigned }),
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
    extentListIds: listIds,
    extents,
    mode: unsigned,
    modified: fileTime,
    contentType: text(),
    openSessionId: text(),
    uploadId: text<UploadId>(),
    committedMs: unsigned,
    epoch: unsigned,
    sequence: unsigned,
  }),
};
