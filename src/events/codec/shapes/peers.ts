import type {
  LogForkDetected,
  MemberAdmitted,
  MemberApplied,
  MemberRefused,
  MemberReinstated,
  MemberRemoved,
  MemberRenamed,
  MemberSuspended,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { record } from '../field.js';
import {
  certificate,
  digest,
  ed25519PublicKey,
  endorsement,
  endpoints,
  integer,
  inviteId,
  label,
  memberId,
  note,
  orEmpty,
} from '../fields.js';
import type { FieldsOfEvent } from './fields-of-event.js';

const position = integer(1, Number.MAX_SAFE_INTEGER);
const positionOrNone = integer(0, Number.MAX_SAFE_INTEGER);

const facts = record<FieldsOfEvent<MemberApplied> & FieldsOfEvent<MemberAdmitted>>({
  memberId,
  name: label,
  identityPublicKey: ed25519PublicKey,
  caCertificate: certificate,
  caEndorsement: endorsement,
  endpoints,
  inviteId: orEmpty(inviteId),
  introducedBy: orEmpty(memberId),
});

const stopped = record<FieldsOfEvent<MemberSuspended> & FieldsOfEvent<MemberRemoved>>(
  { memberId, epoch: positionOrNone, sequence: positionOrNone, note },
  { check: ({ epoch, sequence }) => ((epoch === 0) === (sequence === 0) ? undefined : 'half a position') },
);

export const peers = {
  MemberApplied: firstVersion(facts),
  MemberAdmitted: firstVersion(facts),
  MemberRefused: firstVersion(record<FieldsOfEvent<MemberRefused>>({ memberId, note })),
  MemberRenamed: firstVersion(record<FieldsOfEvent<MemberRenamed>>({ memberId, name: label })),
  MemberSuspended: firstVersion(stopped),
  MemberReinstated: firstVersion(record<FieldsOfEvent<MemberReinstated>>({ memberId })),
  MemberRemoved: firstVersion(stopped),
  LogForkDetected: firstVersion(
    record<FieldsOfEvent<LogForkDetected>>({
      origin: memberId,
      epoch: position,
      sequence: position,
      heldHash: digest,
      otherHash: digest,
      toldBy: orEmpty(memberId),
    }),
  ),
};
