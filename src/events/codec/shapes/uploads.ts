import { LIMITS, type MemberId, type NodeId } from '../../../base/index.js';
import type {
  CopiesLost,
  CopiesRecorded,
  CopyHolder,
  ExtentsRecorded,
  UploadAbandoned,
  UploadCompleted,
  UploadOpened,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { list, mapped, record, type Field } from '../field.js';
import { chunkId, clientId, extentListId, integer, memberId, nodeId, oneOf, orEmpty, timeMs, uploadId } from '../fields.js';
import { WireProblem } from '../wire-value.js';
import { copiedChunks, copiesProblem } from './copies.js';
import { extents } from './extent.js';
import type { FieldsOfEvent } from './fields-of-event.js';
import { spread } from './sharing.js';

type Opened = FieldsOfEvent<UploadOpened>;
type Recorded = FieldsOfEvent<CopiesRecorded>;
type Lost = FieldsOfEvent<CopiesLost>;
type FirstOpened = Omit<Opened, 'minimumCopies' | 'spread'>;
type FirstRecorded = Omit<Recorded, 'memberIds'>;

interface FirstLost {
  readonly nodeId: NodeId;
  readonly reason: 'damaged' | 'missing';
  readonly chunkIds: Lost['chunkIds'];
}

const opened = {
  uploadId,
  clientId,
  copies: integer(1, LIMITS.copiesMax),
  expiresAtMs: timeMs,
};

interface PlacedHolder {
  readonly nodeId: NodeId | '';
  readonly memberId: MemberId | '';
}

/** Node id and member id, one of them nil. */
const holder: Field<CopyHolder> = mapped(
  record<PlacedHolder>(
    { nodeId: orEmpty(nodeId), memberId: orEmpty(memberId) },
    { check: (value) => ((value.nodeId === '') === (value.memberId === '') ? 'not one holder' : undefined) },
  ),
  (value: CopyHolder): PlacedHolder => {
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) throw new WireProblem('not one holder');
    return 'nodeId' in value ? { nodeId: value.nodeId, memberId: '' } : { nodeId: '', memberId: value.memberId };
  },
  ({ nodeId: node, memberId: member }): CopyHolder => {
    if (node !== '') return { nodeId: node };
    if (member !== '') return { memberId: member };
    throw new WireProblem('not one holder');
  },
);

const chunkIds = list(chunkId, 1, LIMITS.chunksPerCall);

export const uploads = {
  UploadOpened: firstVersion(record<FirstOpened>(opened)).next<Opened>(
    record<Opened>(
      { ...opened, minimumCopies: integer(0, LIMITS.copiesMax), spread },
      { check: ({ copies, minimumCopies }) => (minimumCopies <= copies ? undefined : 'more copies are needed than wanted') },
    ),
    (older) => ({ ...older, minimumCopies: 0, spread: 'nodes' }),
  ),
  UploadCompleted: firstVersion(record<FieldsOfEvent<UploadCompleted>>({ uploadId })),
  UploadAbandoned: firstVersion(record<FieldsOfEvent<UploadAbandoned>>({ uploadId, reason: oneOf('client', 'expired') })),
  ExtentsRecorded: firstVersion(
    record<FieldsOfEvent<ExtentsRecorded>>({ uploadId, extentListId, extents: extents(1, LIMITS.extentsPerList) }),
  ),
  CopiesRecorded: firstVersion(
    record<FirstRecorded>(
      { nodeIds: list(nodeId, 1, LIMITS.nodes), chunks: copiedChunks(LIMITS.nodes) },
      { check: ({ nodeIds, chunks }) => copiesProblem(nodeIds, chunks) },
    ),
  ).next<Recorded>(
    record<Recorded>(
      {
        nodeIds: list(nodeId, 0, LIMITS.nodes),
        memberIds: list(memberId, 0, LIMITS.members),
        chunks: copiedChunks(LIMITS.nodes + LIMITS.members),
      },
      { check: ({ nodeIds, memberIds, chunks }) => copiesProblem([...nodeIds, ...memberIds], chunks) },
    ),
    (older) => ({ ...older, memberIds: [] }),
  ),
  CopiesLost: firstVersion(record<FirstLost>({ nodeId, reason: oneOf('damaged', 'missing'), chunkIds })).next<Lost>(
    record<Lost>({ holder, reason: oneOf('damaged', 'missing', 'released', 'forfeited'), chunkIds }),
    ({ nodeId: node, ...rest }) => ({ holder: { nodeId: node }, ...rest }),
  ),
};
