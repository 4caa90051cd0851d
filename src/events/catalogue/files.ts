import type { ExtentListId, FileId, UploadId } from '../../base/index.js';
import type { Extent } from './uploads.js';

export interface FileTime {
  /** Since 1970 UTC; may be negative. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** The new directory's id is this event's position. */
export interface DirectoryCreated {
  readonly type: 'DirectoryCreated';
  readonly parentId: FileId;
  readonly name: string;
  /** Permission bits. */
  readonly mode: number;
  readonly modified: FileTime;
}

/** The new file's id is this event's position. It has no version, and so no bytes, before its first FileCommitted. */
export interface FileCreated {
  readonly type: 'FileCreated';
  readonly parentId: FileId;
  readonly name: string;
  readonly mode: number;
  readonly modified: FileTime;
}

/** The new symlink's id is this event's position. */
export interface SymlinkCreated {
  readonly type: 'SymlinkCreated';
  readonly parentId: FileId;
  readonly name: string;
  readonly target: string;
  readonly modified: FileTime;
}

/** A version becomes visible, whole. */
export interface FileCommitted {
  readonly type: 'FileCommitted';
  readonly fileId: FileId;
  /** One more than the version before; the first is 1. */
  readonly version: number;
  /** Under which the content was received. A copy, or an older version that becomes current again, names the one of its source. */
  readonly uploadId: UploadId;
  readonly sizeBytes: number;
  /** Long content, in order of offset. Either these, or `extents`, or neither (an empty file). */
  readonly extentListIds: readonly ExtentListId[];
  /** Short content: up to 64, ordered and adjacent. */
  readonly extents: readonly Extent[];
  readonly mode: number;
  readonly modified: FileTime;
  /** Empty: unknown. */
  readonly contentType: string;
  /** Commits of one open session of a program supersede each other. Empty: none. */
  readonly openSessionId: string;
}

/** A rename or move. What stood at the target name, if anything, is unlinked by it. */
export interface EntryMoved {
  readonly type: 'EntryMoved';
  readonly fileId: FileId;
  readonly fromParentId: FileId;
  readonly fromName: string;
  readonly toParentId: FileId;
  readonly toName: string;
  /** What stood there before. */
  readonly replacedFileId: FileId | undefined;
}

/** A name leaves its directory; of a directory, everything below goes with it. */
export interface EntryRemoved {
  readonly type: 'EntryRemoved';
  readonly parentId: FileId;
  readonly name: string;
  readonly fileId: FileId;
}

export interface AttributesChanged {
  readonly type: 'AttributesChanged';
  readonly fileId: FileId;
  /** Undefined: unchanged. */
  readonly mode: number | undefined;
  readonly modified: FileTime | undefined;
}

/** Something that was removed has a name again, the old one or another, and all that was below it with it. */
export interface EntryLinked {
  readonly type: 'EntryLinked';
  readonly fileId: FileId;
  readonly parentId: FileId;
  readonly name: string;
}

/** asked: somebody wanted them gone; retention: their time was over. */
export type PurgeReason = 'asked' | 'retention';

/** Older versions of files are gone for good. The current version of a file never is while the file is not. */
export interface VersionsPurged {
  readonly type: 'VersionsPurged';
  readonly reason: PurgeReason;
  /** 1 to 256. */
  readonly versions: readonly { readonly fileId: FileId; readonly version: number }[];
}

/** Removed things are gone for good: all their versions, and all that was below them. */
export interface EntriesPurged {
  readonly type: 'EntriesPurged';
  readonly reason: PurgeReason;
  /** 1 to 256. */
  readonly fileIds: readonly FileId[];
}
