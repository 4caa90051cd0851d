import { LIMITS } from '../../../base/index.js';
import type { CollectiveFounded, CoordinatorEndpointsChanged } from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { list, record } from '../field.js';
import { bytes, certificate, ed25519PublicKey, label, memberId, text } from '../fields.js';
import type { FieldsOfEvent } from './fields-of-event.js';

const endorsement = bytes(1, LIMITS.endorsementBytes);
const endpoints = list(text(LIMITS.endpointBytes), 0, LIMITS.endpointsPerDaemon);

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
};
