import { LIMITS } from '../../../base/index.js';
import type {
  CopiesLost,
  CopiesRecorded,
  ExtentsRecorded,
  UploadAbandoned,
  UploadCompleted,
  UploadOpened,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { list, record } from '../field.js';
import { chunkId, clientId, extentListId, integer, nodeId, oneOf, timeMs, uploadId } from '../fields.js';
import { extents } from './extent.js';
import type { FieldsOfEvent } from './fields-of-event.js';

type Copies = FieldsOfEvent<CopiesRecorded>;

/** Each copy is named once: a holder of the list, not repeated within a chunk. */
function copiesProblem({ nodeIds, chunks }: Copies): string | undefined {
  for (const { holders } of chunks) {
    if (holders.some((holder) => holder >= nodeIds.length)) return 'a holder is not in the list of nodes';
    if (new Set(holders).size !== holders.length) return 'a chunk names a holder twice';
  }
  return new Set(nodeIds).size === nodeIds.length ? undefined : 'a node is listed twice';
}

export const uploads = {
  UploadOpened: firstVersion(
    record<FieldsOfEvent<UploadOpened>>({ uploadId, clientId, copies: integer(1, LIMITS.copiesMax), expiresAtMs: timeMs }),
  ),
  UploadCompleted: firstVersion(record<FieldsOfEvent<UploadCompleted>>({ uploadId })),
  UploadAbandoned: firstVersion(record<FieldsOfEvent<UploadAbandoned>>({ uploadId, reason: oneOf('client', 'expired') })),
  ExtentsRecorded: firstVersion(
    record<FieldsOfEvent<ExtentsRecorded>>({ uploadId, extentListId, extents: extents(1, LIMITS.extentsPerList) }),
  ),
  CopiesRecorded: firstVersion(
    record<Copies>(
      {
        nodeIds: list(nodeId, 1, LIMITS.nodes),
        chunks: list(
          record<Copies['chunks'][number]>({
            chunkId,
            lengthBytes: integer(1, LIMITS.chunkBytesLarge),
            holders: list(integer(0, LIMITS.nodes - 1), 1, LIMITS.copiesMax),
          }),
          1,
          LIMITS.chunksPerCall,
        ),
      },
      { check: copiesProblem },
    ),
  ),
  CopiesLost: firstVersion(
    record<FieldsOfEvent<CopiesLost>>({
      nodeId,
      reason: oneOf('damaged', 'missing'),
      chunkIds: list(chunkId, 1, LIMITS.chunksPerCall),
    }),
  ),
};
