import { equalBytes } from '../../base/index.js';
import type { CertificateIssued } from '../../events/index.js';
import { bytes, list, oneOf, optional, record, text, unsigned } from '../rows/fields.js';
import { bytesPart, only, pair, shortTextPart, single } from '../rows/keys.js';
import type { Bind, TableDefinition, ViewInfo } from '../rows/table.js';
import { refuse, type View } from './view.js';

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

/** That every certificate of a subject is refused. */
export interface Revocation {
  readonly revokedMs: number;
  /** Of the event: what a node must have heard of. */
  readonly sequence: number;
  readonly note: string;
}

export interface Subject {
  readonly role: CertificateRole;
  readonly subjectId: string;
  readonly revocation: Revocation | undefined;
  /** The one issued last. */
  readonly newest: CertificateRow | undefined;
}

export interface CertificatesReader {
  /** By SHA-256 of the leaf's DER. */
  byFingerprint(fingerprint: Uint8Array): CertificateRow | undefined;
  /** Of a node, client or coordinator (empty id): the newest first, at most four. */
  of(role: CertificateRole, subjectId: string): readonly CertificateRow[];
  /** Undefined where nothing was revoked. */
  revocation(role: CertificateRole, subjectId: string): Revocation | undefined;
  /** Everybody of that role who was ever issued a certificate, in the order of ids. */
  subjects(role: CertificateRole): readonly Subject[];
  /** Sequence of the last revocation; 0 before the first. */
  revocationPosition(): number;
}

/** A receipt may have been signed with the key before the newest; older ones have expired long since. */
const KEPT_PER_SUBJECT = 4;
const FINGERPRINT_BYTES = 32;

interface SubjectRow {
  /** Newest first. */
  readonly fingerprints: readonly Uint8Array[];
  readonly revocation: Revocation | undefined;
}

interface PositionRow {
  readonly sequence: number;
}

const INFO: ViewInfo = { name: 'certificates', id: 2, version: 2, derived: true };
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

const ROLE_PART = shortTextPart<CertificateRole>();

const SUBJECTS: TableDefinition<readonly [CertificateRole, string], SubjectRow> = {
  view: INFO,
  name: 'subjects',
  id: 2,
  key: pair(ROLE_PART, shortTextPart<string>()),
  row: record<SubjectRow>({
    fingerprints: list(bytes),
    revocation: optional(record<Revocation>({ revokedMs: unsigned, sequence: unsigned, note: text() })),
  }),
};

const POSITION: TableDefinition<'only', PositionRow> = {
  view: INFO,
  name: 'revocations',
  id: 3,
  key: only,
  resident: true,
  row: record<PositionRow>({ sequence: unsigned }),
};

export function certificatesView(bind: Bind): View<CertificatesReader> {
  const certificates = bind(CERTIFICATES);
  const subjects = bind(SUBJECTS);
  const position = bind(POSITION);
  return {
    info: INFO,
    read: {
      byFingerprint: (fingerprint) => certificates.get(fingerprint),
      of(role, subjectId) {
        const fingerprints = subjects.get([role, subjectId])?.fingerprints ?? [];
        certificates.need(fingerprints);
        return fingerprints.map((fingerprint) => certificates.get(fingerprint)).filter((row) => row !== undefined);
      },
      revocation: (role, subjectId) => subjects.get([role, subjectId])?.revocation,
      subjects(role) {
        const { rows } = subjects.page({ prefix: ROLE_PART.encode(role), limit: Number.MAX_SAFE_INTEGER });
        const newest = rows.map(([, { fingerprints }]) => fingerprints[0]);
        certificates.need(newest.filter((fingerprint) => fingerprint !== undefined));
        return rows.map(([[, subjectId], { fingerprints, revocation }]) => {
          const [last] = fingerprints;
          return { role, subjectId, revocation, newest: last === undefined ? undefined : certificates.get(last) };
        });
      },
      revocationPosition: () => position.get('only')?.sequence ?? 0,
    },
    apply(event, facts) {
      switch (event.type) {
        case 'CertificateIssued': {
          const { role, subjectId, name, publicKeyHash, publicKey, notBeforeMs, notAfterMs } = event;
          const subject: readonly [CertificateRole, string] = [role, subjectId];
          const known = subjects.get(subject);
          if (known?.revocation !== undefined) refuse('the subject of the certificate was revoked');
          const older = (known?.fingerprints ?? []).filter((fingerprint) => !equalBytes(fingerprint, event.fingerprint));
          const issuedMs = facts.timeMs;
          const row = { role, subjectId, name, publicKeyHash, publicKey, notBeforeMs, notAfterMs, issuedMs };
          certificates.put(event.fingerprint, row);
          const fingerprints = [event.fingerprint, ...older].slice(0, KEPT_PER_SUBJECT);
          subjects.put(subject, { fingerprints, revocation: undefined });
          return;
        }
        case 'CertificateRevoked': {
          const subject: readonly [CertificateRole, string] = [event.role, event.subjectId];
          const known = subjects.get(subject) ?? refuse('the subject was never issued a certificate');
          if (known.revocation !== undefined) refuse('the subject was revoked before');
          const { sequence } = facts.position;
          subjects.put(subject, { ...known, revocation: { revokedMs: facts.timeMs, sequence, note: event.note } });
          position.put('only', { sequence });
          return;
        }
        default:
      }
    },
  };
}
