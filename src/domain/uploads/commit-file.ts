import {
  type ClientId,
  CollectiveError,
  type ExtentListId,
  fail,
  type FileId,
  LIMITS,
  ok,
  type Result,
  type UploadId,
} from '../../base/index.js';
import type { Extent, FileTime } from '../../events/index.js';
import type { ExtentsReader, NamespaceReader, UploadsReader } from '../../projections/index.js';
import type { Decision, DecisionContext } from '../decision.js';
import { checkVersion, isADirectory, type Names, newName, showPath } from '../namespace/lookup.js';
import { EventPlan, findIfThere, parentFor } from '../namespace/plan.js';
import { checkTreeRoom, storedBytesOf } from '../namespace/tree-room.js';
import { type CopiesPolicy, enoughFor } from './copies-policy.js';
import { checkExtents } from './extents.js';
import { checkReceipted, type ReceiptedChunks } from './receipted-copies.js';
import { openUpload } from './upload-decisions.js';

export interface CommitFile {
  readonly uploadId: UploadId;
  readonly clientId: ClientId;
  readonly names: Names;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly modified: FileTime;
  /** Recorded under this upload, in order of offset. Either these or `extents`, or neither. */
  readonly extentListIds: readonly ExtentListId[];
  readonly extents: readonly Extent[];
  /** For the chunks of `extents`. */
  readonly receipted: ReceiptedChunks;
  /** Undefined: as many copies as the upload wants, no fewer. */
  readonly policy?: CopiesPolicy;
  /** 0: must not exist. Undefined: whatever is there. */
  readonly expectedVersion: number | undefined;
  readonly contentType: string;
  readonly makeParents: boolean;
}

interface CommitViews {
  readonly namespace: NamespaceReader;
  readonly uploads: UploadsReader;
  readonly extents: ExtentsReader;
}

/** A version becomes visible: a new file's first, or the next one of the file that is there. A symlink is replaced. */
export function decideCommitFile(command: CommitFile, views: CommitViews, context: DecisionContext): Decision {
  const { names, uploadId } = command;
  const upload = openUpload(uploadId, command.clientId, views.uploads, context.nowMs);
  if (!upload.ok) return upload;
  const whole = checkContent(command, views, enoughFor(upload.value, command.policy));
  if (!whole.ok) return whole;
  const name = newName(names);
  if (!name.ok) return name;
  const there = findIfThere(names, views.namespace);
  if (!there.ok) return there;
  const found = there.value;
  if (found?.row.kind === 'directory') {
    return fail(isADirectory(names, `Write the name that the file is to have in it, such as ${showPath([...names, 'name'])}`));
  }
  const before = found?.row.kind === 'file' ? found.row.version : 0;
  const version = checkVersion(names, before, command.expectedVersion);
  if (!version.ok) return version;
  const room = checkTreeRoom(
    {
      bytes: command.sizeBytes,
      storedBytes: storedBytesOf(command, upload.value.copies, views.extents),
      replacedBytes: before > 0 ? (found?.row.sizeBytes ?? 0) : 0,
    },
    views.namespace,
  );
  if (!room.ok) return room;

  const plan = new EventPlan(context.nextPosition);
  let fileId: FileId;
  if (found?.row.kind === 'file') fileId = found.fileId;
  else {
    const parentId = parentFor(names, {
      makeParents: command.makeParents,
      nowMs: context.nowMs,
      plan,
      namespace: views.namespace,
    });
    if (!parentId.ok) return parentId;
    if (found !== undefined) plan.add({ type: 'EntryRemoved', parentId: parentId.value, name: name.value, fileId: found.fileId });
    const { mode, modified } = command;
    fileId = plan.add({ type: 'FileCreated', parentId: parentId.value, name: name.value, mode, modified });
  }
  plan.add({
    type: 'FileCommitted',
    fileId,
    version: before + 1,
    uploadId,
    sizeBytes: command.sizeBytes,
    extentListIds: command.extentListIds,
    extents: command.extents,
    mode: command.mode,
    modified: command.modified,
    contentType: command.contentType,
    openSessionId: '',
  });
  return ok(plan.events);
}

/** The content must be all there: adjacent from byte 0 to the size, recorded under this upload or receipted. */
function checkContent(command: CommitFile, views: CommitViews, copies: number): Result<undefined, CollectiveError> {
  const { extentListIds, extents, sizeBytes } = command;
  const end = extentListIds.length > 0 ? endOfLists(command, views) : checkExtents(extents, 0, LIMITS.extentsInline);
  if (!end.ok) return end;
  if (end.value !== sizeBytes) {
    return fail(new CollectiveError('REQUEST_INVALID', `The extents cover ${end.value} bytes of a file of ${sizeBytes}.`));
  }
  return checkReceipted(extents, command.receipted, copies);
}

function endOfLists(command: CommitFile, views: CommitViews): Result<number, CollectiveError> {
  const { extentListIds, uploadId } = command;
  const refuse = (why: string): Result<never, CollectiveError> => fail(new CollectiveError('REQUEST_INVALID', why));
  if (command.extents.length > 0) return refuse('A version lists its extents inline or in lists, not both.');
  if (extentListIds.length > LIMITS.listsPerVersion)
    return refuse(`A version has at most ${LIMITS.listsPerVersion} extent lists.`);
  views.uploads.needRecorded(uploadId, extentListIds);
  views.extents.needLists(extentListIds);
  let offset = 0;
  for (const id of extentListIds) {
    const list = views.extents.list(id);
    if (list === undefined || !views.uploads.recorded(uploadId, id))
      return refuse('An extent list was not recorded under this upload.');
    if (list.offsetBytes !== offset) return refuse(`The extent lists are not adjacent at byte ${offset}.`);
    offset += list.lengthBytes;
  }
  return ok(offset);
}
