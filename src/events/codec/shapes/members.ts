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
import { bytes, certificate, digest, ed25519PublicKey, integer, label, memberId, nodeId, note, text, timeMs } from '../fields.js';
import type { FieldsOfEvent } from './fields-of-event.js';

const endorsement = bytes(1, LIMITS.endorsementBytes);
const position = integer(1, Number.MAX_SAFE_INTEGER);
const endpoints = list(text(LIMITS.endpointBytes), 0, LIMITS.endpointsPerDaemon);

function witnessesProblem({ witnesses, required }: FieldsOfEvent<WitnessesChanged>): string | undefined {
  if (required > witnesses.length) return 'more witnesses are required than there are';
  return new Set(witnesses).size === witnesses.length ? undefined : 'a witness is listed twice';
}

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
  CoordinatorEndpointsChanged: firstVersion(
    record<FieldsOfEvent<CoordinatorEndpointsChanged>>({ home: endpoints, enrolment: endpoints }),
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
    record<FieldsOfEvent<WitnessesChanged>>(
      { witnesses: list(nodeId, 0, LIMITS.witnesses), required: integer(0, LIMITS.witnesses) },
      { check: witnessesProblem },
    ),
  ),
};
