import { LIMITS } from '../../../base/index.js';
import type {
  CollectiveFounded,
  CoordinatorEndpointsChanged,
  EpochStarted,
  LogKeyRotated,
  MemberCaRotated,
  WitnessesChanged,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { list, record } from '../field.js';
import {
  certificate,
  digest,
  ed25519PublicKey,
  endorsement,
  endpoints,
  integer,
  label,
  memberId,
  nodeId,
  note,
  timeMs,
} from '../fields.js';
import type { FieldsOfEvent } from './fields-of-event.js';

const position = integer(1, Number.MAX_SAFE_INTEGER);

type Witnesses = FieldsOfEvent<WitnessesChanged>;

function witnessesProblem({ witnesses, members: peers = [], required }: FirstWitnesses & Partial<Witnesses>): string | undefined {
  const all = [...witnesses, ...peers];
  if (all.length > LIMITS.witnesses) return `more than ${LIMITS.witnesses} witnesses`;
  if (required > all.length) return 'more witnesses are required than there are';
  return new Set<string>(all).size === all.length ? undefined : 'a witness is listed twice';
}

type FirstEndpoints = Omit<FieldsOfEvent<CoordinatorEndpointsChanged>, 'peer'>;
type FirstWitnesses = Omit<Witnesses, 'members'>;

export const members = {
  CollectiveFounded: firstVersion(
    record<FieldsOfEvent<CollectiveFounded>>({
      memberId,
      name: label,
      identityPublicKey: ed25519PublicKey,
      caCertificate: certificate,
      caEndorsement: endorsement,
      logPublicKey: ed25519PublicKey,
      logKeyEndorsement: endorsement,
    }),
  ),
  CoordinatorEndpointsChanged: firstVersion(record<FirstEndpoints>({ home: endpoints, enrolment: endpoints })).next(
    record<FieldsOfEvent<CoordinatorEndpointsChanged>>({ home: endpoints, enrolment: endpoints, peer: endpoints }),
    (older) => ({ ...older, peer: [] }),
  ),
  LogKeyRotated: firstVersion(
    record<FieldsOfEvent<LogKeyRotated>>({ logPublicKey: ed25519PublicKey, logKeyEndorsement: endorsement }),
  ),
  MemberCaRotated: firstVersion(
    record<FieldsOfEvent<MemberCaRotated>>({ caCertificate: certificate, caEndorsement: endorsement, previousUntilMs: timeMs }),
  ),
  EpochStarted: firstVersion(
    record<FieldsOfEvent<EpochStarted>>(
      {
        epoch: position,
        previousEpoch: position,
        cutSequence: position,
        cutHash: digest,
        logPublicKey: ed25519PublicKey,
        logKeyEndorsement: endorsement,
        reason: note,
      },
      { check: ({ epoch, previousEpoch }) => (epoch > previousEpoch ? undefined : 'the epoch does not follow the one before') },
    ),
  ),
  WitnessesChanged: firstVersion(
    record<FirstWitnesses>(
      { witnesses: list(nodeId, 0, LIMITS.witnesses), required: integer(0, LIMITS.witnesses) },
      { check: witnessesProblem },
    ),
  ).next(
    record<Witnesses>(
      {
        witnesses: list(nodeId, 0, LIMITS.witnesses),
        members: list(memberId, 0, LIMITS.witnesses),
        required: integer(0, LIMITS.witnesses),
      },
      { check: witnessesProblem },
    ),
    (older) => ({ ...older, members: [] }),
  ),
};
