import { LIMITS } from '../../../base/index.js';
import type {
  ForeignCopiesAccepted,
  ForeignCopiesLost,
  ForeignCopiesMoved,
  ForeignCopiesReleased,
  GrantGiven,
  GrantRight,
  GrantWithdrawn,
  PledgeChanged,
  PolicySet,
  Spread,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { list, mapped, record, type Field } from '../field.js';
import { chunkId, fileId, grantId, integer, memberId, nodeId, oneOf, sizeBytes, timeMs, uploadId } from '../fields.js';
import { WireProblem } from '../wire-value.js';
import { copiedChunks, copiesProblem } from './copies.js';
import type { FieldsOfEvent } from './fields-of-event.js';

export const spread: Field<Spread> = oneOf<Spread>('nodes', 'members');

/** In the order of their bits. */
const RIGHTS: readonly GrantRight[] = ['read', 'write'];

/** A sum of 1 for reading and 2 for writing. */
const rights: Field<readonly GrantRight[]> = mapped(
  integer(1, 3),
  (values: readonly GrantRight[]) => {
    if (!Array.isArray(values)) throw new WireProblem('not an array');
    const ordered = RIGHTS.filter((right) => values.includes(right));
    if (ordered.join() !== values.join()) throw new WireProblem('not rights in their order, each once');
    return ordered.reduce((bits, right) => bits | (1 << RIGHTS.indexOf(right)), 0);
  },
  (bits) => RIGHTS.filter((_, index) => (bits & (1 << index)) !== 0),
);

const chunkIds = list(chunkId, 1, LIMITS.chunksPerCall);
const copies = integer(0, LIMITS.copiesMax);

export const sharing = {
  GrantGiven: firstVersion(record<FieldsOfEvent<GrantGiven>>({ directoryId: fileId, memberId, rights, untilMs: timeMs })),
  GrantWithdrawn: firstVersion(record<FieldsOfEvent<GrantWithdrawn>>({ grantId })),
  PledgeChanged: firstVersion(record<FieldsOfEvent<PledgeChanged>>({ memberId, bytes: sizeBytes })),
  PolicySet: firstVersion(
    record<FieldsOfEvent<PolicySet>>(
      { directoryId: fileId, copies, minimumCopies: copies, spread },
      {
        check: ({ copies: wanted, minimumCopies }) =>
          minimumCopies <= wanted && (wanted === 0) === (minimumCopies === 0)
            ? undefined
            : 'the least of the copies does not fit',
      },
    ),
  ),
  ForeignCopiesAccepted: firstVersion(
    record<FieldsOfEvent<ForeignCopiesAccepted>>(
      { origin: memberId, uploadId, nodeIds: list(nodeId, 1, LIMITS.nodes), chunks: copiedChunks(LIMITS.nodes) },
      { check: ({ nodeIds, chunks }) => copiesProblem(nodeIds, chunks) },
    ),
  ),
  ForeignCopiesMoved: firstVersion(
    record<FieldsOfEvent<ForeignCopiesMoved>>(
      { origin: memberId, fromNodeId: nodeId, toNodeId: nodeId, chunkIds },
      { check: ({ fromNodeId, toNodeId }) => (fromNodeId === toNodeId ? 'a move to where they are' : undefined) },
    ),
  ),
  ForeignCopiesReleased: firstVersion(record<FieldsOfEvent<ForeignCopiesReleased>>({ origin: memberId, chunkIds })),
  ForeignCopiesLost: firstVersion(
    record<FieldsOfEvent<ForeignCopiesLost>>({
      origin: memberId,
      nodeId,
      reason: oneOf('damaged', 'missing', 'forfeited'),
      chunkIds,
    }),
  ),
};
