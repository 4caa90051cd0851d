import { equalBytes } from '../../base/index.js';
import type { CertificateIssued } from '../../events/index.js';
import { bytes, list, oneOf, record, text, unsigned } from '../rows/fields.js';
import { bytesPart, pair, shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import type { View } from './view.js';

export type CertificateRole = CertificateIssued['role'];

export interface CertificateRow {
  readonly role: CertificateRole;
  readonly subjectId: string;
  readonly name: string;
  readonly publicKeyHash: Uint8Array;
  /** SPKI DER. */
  readonly publicKey: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly issuedMs: number;
}

export interface CertificatesReader {
  /** By SHA-256 of the leaf's DER. */
  byFingerprint(fingerprint: Uint8Array): CertificateRow | undefined;
  /** Of a node, client or coordinator (empty id): the newest first, at most four. */
  of(role: CertificateRole, subjectId: string): readonly CertificateRow[];
}

/** A receipt may have been signed with the key before the newest; older ones have expired long since. */
const KEPT_PER_SUBJECT = 4;
const FINGERPRINT_BYTES = 32;

interface SubjectRow {
  /** Newest first. */
  readonly fingerprints: readonly Uint8Array[];
}

const INFO: ViewInfo = { name: 'certificates', id: 2, version: 1, derived: true };
const ROLES: readonly [CertificateRole, CertificateRole, CertificateRole] = ['coordinator', 'node', 'client'];

const CERTIFICATES: TableDefinition<Uint8Array, CertificateRow> = {
  view: INFO,
  name: 'certificates',
  id: 1,
  key: single(bytesPart(FINGERPRINT_BYTES)),
  row: record<CertificateRow>({
    role: oneOf(...ROLES),
    subjectId: text(),
    name: text(),
    publicKeyHash: bytes,
    publicKey: bytes,
    notBeforeMs: unsigned,
    notAfterMs: unsigned,
    issuedMs: unsigned,
  }),
};

const SUBJECTS: TableDefinition<readonly [CertificateRole, string], SubjectRow> = {
  view: INFO,
  name: 'subjects',
  id: 2,
  key: pair(shortTextPart<CertificateRole>(), shortTextPart<string>()),
  row: record<SubjectRow>({ fingerprints: list(bytes) }),
};

export function certificatesView(bind: Bind): View<CertificatesReader> {
  const certificates = bind(CERTIFICATES);
  const subjects = bind(SUBJECTS);
  return {
    info: INFO,
    read: {
      byFingerprint: (fingerprint) => certificates.get(fingerprint),
      of(role, subjectId) {
        const fingerprints = subjects.get([role, subjectId])?.fingerprints ?? [];
        certificates.need(fingerprints);
        return fingerprints.map((fingerprint) => certificates.get(fingerprint)).filter((row) => row !== undefined);
      },
    },
    apply(event, facts) {
      if (event.type !== 'CertificateIssued') return;
      const { role, subjectId, name, publicKeyHash, publicKey, notBeforeMs, notAfterMs } = event;
      const subject: readonly [CertificateRole, string] = [role, subjectId];
      const older = (subjects.get(subject)?.fingerprints ?? []).filter((known) => !equalBytes(known, event.fingerprint));
      const issuedMs = facts.timeMs;
      certificates.put(event.fingerprint, { role, subjectId, name, publicKeyHash, publicKey, notBeforeMs, notAfterMs, issuedMs });
      subjects.put(subject, { fingerprints: [event.fingerprint, ...older].slice(0, KEPT_PER_SUBJECT) });
    },
  };
}
