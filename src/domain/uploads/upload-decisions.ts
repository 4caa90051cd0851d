import { type ClientId, CollectiveError, fail, LIMITS, ok, type Result, type UploadId } from '../../base/index.js';
import type { Spread } from '../../events/index.js';
import type { UploadsReader, UploadRow } from '../../projections/index.js';
import type { Decision, DecisionContext } from '../decision.js';

export function decideOpenUpload(
  command: {
    readonly uploadId: UploadId;
    readonly clientId: ClientId;
    readonly copies: number;
    /** By default all of them. */
    readonly minimumCopies?: number;
    readonly spread?: Spread;
  },
  uploads: UploadsReader,
  context: Pick<DecisionContext, 'nowMs'>,
): Decision {
  const { uploadId, clientId, copies, minimumCopies = copies, spread = 'nodes' } = command;
  if (!Number.isInteger(copies) || copies < 1 || copies > LIMITS.copiesMax) {
    return fail(new CollectiveError('REQUEST_INVALID', `An upload keeps 1 to ${LIMITS.copiesMax} copies, not ${copies}.`));
  }
  if (uploads.openCount(clientId) >= LIMITS.openUploadsPerClient) {
    return fail(
      new CollectiveError('LIMIT_EXCEEDED', `This client has ${LIMITS.openUploadsPerClient} uploads open already.`, {
        next: 'Wait until one ends; those of programs that were killed expire by themselves.',
      }),
    );
  }
  const expiresAtMs = context.nowMs + LIMITS.uploadLifeMs;
  return ok([{ type: 'UploadOpened', uploadId, clientId, copies, expiresAtMs, minimumCopies, spread }]);
}

/** The open upload, if this client opened it. Error: UPLOAD_UNKNOWN (for another client's too: its existence is not told). */
export function openUpload(
  uploadId: UploadId,
  clientId: ClientId,
  uploads: UploadsReader,
  nowMs: number,
): Result<UploadRow, CollectiveError> {
  const row = uploads.get(uploadId);
  const refuse = (why: string): Result<never, CollectiveError> =>
    fail(new CollectiveError('UPLOAD_UNKNOWN', `The upload ${why}.`, { next: 'Put the file again.', details: { uploadId } }));
  if (row === undefined || row.clientId !== clientId) return refuse('is not known');
  if (row.state !== 'open') return refuse(`is ${row.state}`);
  return row.expiresAtMs <= nowMs ? refuse('has expired') : ok(row);
}

/** Closing what is closed already changes nothing. */
export function decideCloseUpload(
  command: { readonly uploadId: UploadId; readonly clientId: ClientId; readonly abandoned: boolean },
  uploads: UploadsReader,
): Decision {
  const { uploadId } = command;
  const row = uploads.get(uploadId);
  if (row === undefined || row.clientId !== command.clientId) {
    return fail(new CollectiveError('UPLOAD_UNKNOWN', 'The upload is not known.', { details: { uploadId } }));
  }
  if (row.state !== 'open') return ok([]);
  return ok([
    command.abandoned ? { type: 'UploadAbandoned', uploadId, reason: 'client' } : { type: 'UploadCompleted', uploadId },
  ]);
}

export function decideExpireUpload(uploadId: UploadId, uploads: UploadsReader, nowMs: number): Decision {
  const row = uploads.get(uploadId);
  if (row === undefined || row.state !== 'open' || row.expiresAtMs > nowMs) return ok([]);
  return ok([{ type: 'UploadAbandoned', uploadId, reason: 'expired' }]);
}
