import { type FileId, formatRemotePath } from '../../base/index.js';
import type { FileKind, FileRow } from '../../projections/index.js';
import { type EntryInfo, EntryKind } from '../../transport/index.js';

export const KINDS: Readonly<Record<FileKind, EntryKind>> = {
  file: EntryKind.FILE,
  directory: EntryKind.DIRECTORY,
  symlink: EntryKind.SYMLINK,
};

/** What clients are told of an entry at a path. */
export function entryInfo(names: readonly string[], fileId: FileId, row: FileRow): EntryInfo {
  return {
    path: formatRemotePath({ member: undefined, names }),
    name: names.at(-1) ?? '',
    fileId,
    kind: KINDS[row.kind],
    sizeBytes: row.sizeBytes,
    mode: row.mode,
    modified: row.modified,
    version: row.version,
    symlinkTarget: row.symlinkTarget,
    committedMs: row.committedMs,
    contentType: row.contentType,
    childCount: row.childCount,
  };
}
