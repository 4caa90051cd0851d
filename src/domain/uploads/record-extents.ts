import { type ClientId, CollectiveError, type ExtentListId, fail, LIMITS, ok, type UploadId } from '../../base/index.js';
import type { CollectiveEvent, Extent } from '../../events/index.js';
import type { UploadsReader } from '../../projections/index.js';
import type { Decision, DecisionContext } from '../decision.js';
import { type CopiesPolicy, enoughFor } from './copies-policy.js';
import { checkExtents } from './extents.js';
import { checkReceipted, type CopiesViews, newCopies, type ReceiptedChunks } from './receipted-copies.js';
import { openUpload } from './upload-decisions.js';

export interface RecordExtents {
  readonly uploadId: UploadId;
  readonly clientId: ClientId;
  /** What these extents are named by; computed by the shell. */
  readonly extentListId: ExtentListId;
  readonly extents: readonly Extent[];
  readonly receipted: ReceiptedChunks;
  /** Undefined: as many copies as the upload wants, no fewer. */
  readonly policy?: CopiesPolicy;
}

/** Part of a long file, and the copies of its chunks. A list that this upload has recorded already is not recorded again. */
export function decideRecordExtents(
  command: RecordExtents,
  views: CopiesViews & { readonly uploads: UploadsReader },
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  const { uploadId, extents, receipted } = command;
  const upload = openUpload(uploadId, command.clientId, views.uploads, context.nowMs);
  if (!upload.ok) return upload;
  const [first] = extents;
  if (first === undefined) return fail(new CollectiveError('REQUEST_INVALID', 'A list holds at least one extent.'));
  const checked = checkExtents(extents, first.offsetBytes, LIMITS.extentsPerList);
  if (!checked.ok) return checked;
  const enough = checkReceipted(extents, receipted, enoughFor(upload.value, command.policy));
  if (!enough.ok) return enough;
  const copies = newCopies(receipted, views);
  if (!copies.ok) return copies;
  const events: CollectiveEvent[] = [...copies.value];
  if (!views.uploads.recorded(uploadId, command.extentListId)) {
    events.push({ type: 'ExtentsRecorded', uploadId, extentListId: command.extentListId, extents });
  }
  return ok(events);
}

/** The copies of the chunks of many small files at once, before those are committed. */
export function decideRecordCopies(
  command: { readonly uploadId: UploadId; readonly clientId: ClientId; readonly receipted: ReceiptedChunks },
  views: CopiesViews & { readonly uploads: UploadsReader },
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  const upload = openUpload(command.uploadId, command.clientId, views.uploads, context.nowMs);
  if (!upload.ok) return upload;
  return newCopies(command.receipted, views);
}
