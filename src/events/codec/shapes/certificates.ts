import { isClientId, isNodeId } from '../../../base/index.js';
import type {
  CertificateIssued,
  CertificateRevoked,
  InviteIssued,
  InviteRedeemed,
  InviteRevoked,
} from '../../catalogue/index.js';
import { firstVersion } from '../event-shape.js';
import { record } from '../field.js';
import { digest, flag, inviteId, label, note, oneOf, publicKey, text, timeMs } from '../fields.js';
import type { FieldsOfEvent } from './fields-of-event.js';

type FirstInvite = Omit<FieldsOfEvent<InviteIssued>, 'kind' | 'approved'> & { readonly kind: 'node' | 'client' };

const SUBJECT_ID_BYTES = 16;

const subjectFits = ({ role, subjectId }: Pick<CertificateIssued, 'role' | 'subjectId'>): boolean => {
  if (role === 'coordinator') return subjectId === '';
  return role === 'node' ? isNodeId(subjectId) : isClientId(subjectId);
};

export const certificates = {
  CertificateIssued: firstVersion(
    record<FieldsOfEvent<CertificateIssued>>(
      {
        fingerprint: digest,
        role: oneOf('coordinator', 'node', 'client'),
        subjectId: text(SUBJECT_ID_BYTES),
        name: label,
        publicKeyHash: digest,
        publicKey,
        notBeforeMs: timeMs,
        notAfterMs: timeMs,
      },
      { check: (value) => (subjectFits(value) ? undefined : 'the subject id does not fit the role') },
    ),
  ),
  CertificateRevoked: firstVersion(
    record<FieldsOfEvent<CertificateRevoked>>(
      { role: oneOf('node', 'client'), subjectId: text(SUBJECT_ID_BYTES), note },
      { check: (value) => (subjectFits(value) ? undefined : 'the subject id does not fit the role') },
    ),
  ),
  InviteIssued: firstVersion(
    record<FirstInvite>({ inviteId, kind: oneOf('node', 'client'), name: label, secretHash: digest, expiresAtMs: timeMs }),
  ).next(
    record<FieldsOfEvent<InviteIssued>>({
      inviteId,
      kind: oneOf('node', 'client', 'member'),
      name: label,
      secretHash: digest,
      expiresAtMs: timeMs,
      approved: flag,
    }),
    (older) => ({ ...older, approved: false }),
  ),
  InviteRedeemed: firstVersion(record<FieldsOfEvent<InviteRedeemed>>({ inviteId, fingerprint: digest })),
  InviteRevoked: firstVersion(record<FieldsOfEvent<InviteRevoked>>({ inviteId, reason: oneOf('wrong-tries', 'withdrawn') })),
};
