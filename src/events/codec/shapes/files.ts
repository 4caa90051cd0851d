import { LIMITS } from '../../../base/index.js';
import type {
  AttributesChanged,
  DirectoryCreated,
  EntriesPurged,
  EntryLinked,
  EntryMoved,
  EntryRemoved,
  FileCommitted,
  FileCreated,
  FileTime,
  PurgeReason,
  SymlinkCreated,
  VersionsPurged,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { list, optional, record, type Field } from '../field.js';
import { entryName, extentListIds, fileId, integer, mode, oneOf, text, uploadId } from '../fields.js';
import { extents } from './extent.js';
import type { FieldsOfEvent } from './fields-of-event.js';

const fileTime: Field<FileTime> = record<FileTime>({
  seconds: integer(-LIMITS.fileTimeSeconds, LIMITS.fileTimeSeconds),
  nanoseconds: integer(0, 999_999_999),
});

const purgeReason = oneOf<PurgeReason>('asked', 'retention');

type Commit = FieldsOfEvent<FileCommitted>;

function commitProblem({ sizeBytes, extentListIds: lists, extents: inline }: Commit): string | undefined {
  if (lists.length > 0 && inline.length > 0) return 'extents and extent lists exclude each other';
  if (lists.length > 0) return sizeBytes > 0 ? undefined : 'an empty file has no extents';
  const last = inline.at(-1);
  const end = last === undefined ? 0 : last.offsetBytes + last.lengthBytes;
  if (inline.length > 0 && inline[0]?.offsetBytes !== 0) return 'the first extent does not start the file';
  return end === sizeBytes ? undefined : 'the extents do not make up the size';
}

export const files = {
  DirectoryCreated: firstVersion(
    record<FieldsOfEvent<DirectoryCreated>>({ parentId: fileId, name: entryName, mode, modified: fileTime }),
  ),
  FileCreated: firstVersion(record<FieldsOfEvent<FileCreated>>({ parentId: fileId, name: entryName, mode, modified: fileTime })),
  SymlinkCreated: firstVersion(
    record<FieldsOfEvent<SymlinkCreated>>({
      parentId: fileId,
      name: entryName,
      target: text(LIMITS.symlinkTargetBytes),
      modified: fileTime,
    }),
  ),
  FileCommitted: firstVersion(
    record<Commit>(
      {
        fileId,
        version: integer(1, Number.MAX_SAFE_INTEGER),
        uploadId,
        sizeBytes: integer(0, LIMITS.fileBytes),
        extentListIds: extentListIds(LIMITS.listsPerVersion),
        extents: extents(0, LIMITS.extentsInline),
        mode,
        modified: fileTime,
        contentType: text(LIMITS.contentTypeBytes),
        openSessionId: text(LIMITS.openSessionIdBytes),
      },
      { reserved: ['userMetadata', 'furtherDigests'], check: commitProblem },
    ),
  ),
  EntryMoved: firstVersion(
    record<FieldsOfEvent<EntryMoved>>({
      fileId,
      fromParentId: fileId,
      fromName: entryName,
      toParentId: fileId,
      toName: entryName,
      replacedFileId: optional(fileId),
    }),
  ),
  EntryRemoved: firstVersion(record<FieldsOfEvent<EntryRemoved>>({ parentId: fileId, name: entryName, fileId })),
  EntryLinked: firstVersion(record<FieldsOfEvent<EntryLinked>>({ fileId, parentId: fileId, name: entryName })),
  VersionsPurged: firstVersion(
    record<FieldsOfEvent<VersionsPurged>>({
      reason: purgeReason,
      versions: list(
        record<VersionsPurged['versions'][number]>({ fileId, version: integer(1, Number.MAX_SAFE_INTEGER) }),
        1,
        LIMITS.purgedAtOnce,
      ),
    }),
  ),
  EntriesPurged: firstVersion(
    record<FieldsOfEvent<EntriesPurged>>({ reason: purgeReason, fileIds: list(fileId, 1, LIMITS.purgedAtOnce) }),
  ),
  AttributesChanged: firstVersion(
    record<FieldsOfEvent<AttributesChanged>>({ fileId, mode: optional(mode), modified: optional(fileTime) }),
  ),
};
