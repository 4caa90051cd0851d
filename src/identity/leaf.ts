import { createHash, type X509Certificate } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { CollectiveError, fail, formatDuration, LIMITS, ok, type MemberId, type Result } from '../base/index.js';
import { describePeer, parsePeerUri, type PeerName, type Role } from './peer-name.js';
import { ed25519KeyOf, parseCertificate, sha256Of, validityOf, type TrustedCa } from './trusted-ca.js';

/** Who showed a certificate, after it was verified. Shared between calls: never change its bytes. */
export type PeerIdentity = PeerName & {
  /** Lower-case hex SHA-256 of the leaf's DER. */
  readonly fingerprint: string;
  /** SPKI DER. */
  readonly publicKey: Uint8Array;
  /** SHA-256 of `publicKey`: what tickets and receipts name a client by. */
  readonly publicKeyHash: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
};

export interface LeafCheck {
  /** The CA of `memberId`, and only that: pooled CAs would let one member name another's nodes. */
  readonly ca: TrustedCa;
  readonly memberId: MemberId;
  readonly nowMs: number;
  /** Roles that may do what is being asked; all of them by default. */
  readonly roles?: readonly Role[];
}

const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';
const USAGES: Readonly<Record<Role, readonly string[]>> = {
  coordinator: [CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION],
  node: [CLIENT_AUTHENTICATION, SERVER_AUTHENTICATION],
  client: [CLIENT_AUTHENTICATION],
};

// Only what was found good is kept: whoever sends bad certificates cannot push good ones out.
const verified = new WeakMap<TrustedCa, LRUCache<string, PeerIdentity>>();

/**
 * Who this leaf (DER; empty: none was shown) speaks for, by one CA. That the other end holds its key is for the TLS handshake
 * to prove; all else is checked here, so a listener may let TLS accept any chain in order to say why one is refused. What does
 * not change with time is remembered by fingerprint; time, member and role are checked at every call.
 * Errors: CERTIFICATE_INVALID; PERMISSION_DENIED for a role that may not.
 */
export function verifyLeaf(leafDer: Uint8Array, check: LeafCheck): Result<PeerIdentity, CollectiveError> {
  if (leafDer.length === 0) {
    return invalid('No certificate was shown.', { next: 'Join first: every connection needs a certificate of this member.' });
  }
  const fingerprint = createHash('sha256').update(leafDer).digest('hex');
  let identity = verified.get(check.ca)?.get(fingerprint);
  if (identity === undefined) {
    const inspected = inspect(leafDer, fingerprint, check);
    if (!inspected.ok) return inspected;
    identity = inspected.value;
    remember(check.ca, identity);
  }
  return checkTime(identity, check) ?? checkMember(identity, check) ?? checkRole(identity, check) ?? ok(identity);
}

function remember(ca: TrustedCa, identity: PeerIdentity): void {
  const known = verified.get(ca) ?? new LRUCache<string, PeerIdentity>({ max: LIMITS.verifiedLeaves });
  known.set(identity.fingerprint, identity);
  verified.set(ca, known);
}

function inspect(leafDer: Uint8Array, fingerprint: string, { ca, memberId }: LeafCheck): Result<PeerIdentity, CollectiveError> {
  const leaf = parseCertificate(leafDer);
  if (leaf === undefined) return invalid('The certificate cannot be read: it is not exact DER of a reasonable size.');
  if (leaf.issuer !== ca.certificate.subject) {
    return invalid(
      `The certificate was issued by another CA (${clip(leaf.issuer)}), not by that of member ${memberId.slice(0, 8)}.`,
      {
        next: 'Use a certificate of this member: join it with an invite of its own.',
      },
    );
  }
  if (!leaf.checkIssued(ca.certificate) || !leaf.verify(ca.publicKey)) {
    return invalid(
      `The certificate names the CA of member ${memberId.slice(0, 8)} as its issuer but is not signed by that CA's key: ` +
        'it is forged, or from a CA of the same name.',
    );
  }
  const name = nameOf(leaf);
  if (name === undefined) {
    return invalid(
      `The certificate's name is malformed (${clip(leaf.subjectAltName ?? 'none')}): it must be one collective:// URI.`,
    );
  }
  const key = ed25519KeyOf(leaf);
  if (key === undefined || leaf.ca || !hasUsages(leaf, USAGES[name.role])) {
    return invalid(`The certificate of ${describePeer(name)} is not made for that role (usages or kind of key).`);
  }
  const publicKey = new Uint8Array(key.export({ format: 'der', type: 'spki' }));
  return ok({ ...name, fingerprint, publicKey, publicKeyHash: sha256Of(publicKey), ...validityOf(leaf) });
}

/** The member that a leaf (DER) names, whoever issued it; undefined if it names none. Proves nothing. */
export function memberNamedIn(leafDer: Uint8Array): MemberId | undefined {
  const leaf = parseCertificate(leafDer);
  return leaf === undefined ? undefined : nameOf(leaf)?.memberId;
}

/** The whole extension must be one URI of ours: OpenSSL's text form quotes whatever could be mistaken for another name. */
function nameOf(leaf: X509Certificate): PeerName | undefined {
  const text = leaf.subjectAltName ?? '';
  return text.startsWith('URI:') ? parsePeerUri(text.slice('URI:'.length)) : undefined;
}

function hasUsages(leaf: X509Certificate, wanted: readonly string[]): boolean {
  // Undefined where the extension is missing, whatever the declaration says.
  const usages: readonly string[] | undefined = leaf.keyUsage;
  return usages !== undefined && usages.length === wanted.length && wanted.every((usage) => usages.includes(usage));
}

function checkTime(identity: PeerIdentity, { ca, nowMs }: LeafCheck): Result<never, CollectiveError> | undefined {
  const who = describePeer(identity);
  if (!(nowMs >= identity.notBeforeMs)) {
    return invalid(
      `The certificate of ${who} is valid only from ${instant(identity.notBeforeMs)}; here it is ${instant(nowMs)}.`,
      {
        next: `Compare the clocks: on this machine it is ${instant(nowMs)}; the coordinator, which issued it, is ahead, or this one is behind.`,
      },
    );
  }
  if (!(nowMs <= identity.notAfterMs)) {
    return invalid(
      `The certificate of ${who} expired at ${instant(identity.notAfterMs)}, ${formatDuration(nowMs - identity.notAfterMs)} ago.`,
      {
        next:
          `If it should be valid still, compare the clocks: on this machine it is ${instant(nowMs)}. ` +
          'Else start the program that it belongs to, which renews it by itself; after 90 days only a new invite helps.',
      },
    );
  }
  if (!(nowMs >= ca.notBeforeMs && nowMs <= ca.notAfterMs)) {
    return invalid(`The CA that issued the certificate of ${who} is valid only until ${instant(ca.notAfterMs)}.`);
  }
  return undefined;
}

function checkMember(identity: PeerIdentity, { memberId }: LeafCheck): Result<never, CollectiveError> | undefined {
  if (identity.memberId === memberId) return undefined;
  return invalid(
    `The certificate names member ${identity.memberId.slice(0, 8)}, for which the CA of member ${memberId.slice(0, 8)} cannot speak.`,
  );
}

function checkRole(identity: PeerIdentity, { roles }: LeafCheck): Result<never, CollectiveError> | undefined {
  if (roles === undefined || roles.includes(identity.role)) return undefined;
  return fail(
    new CollectiveError(
      'PERMISSION_DENIED',
      `This is not open to a ${identity.role}: the certificate is of ${describePeer(identity)}, and a ${roles.join(' or a ')} is needed.`,
      { details: { role: identity.role, allowed: [...roles] } },
    ),
  );
}

/** Whether this CA has signed the leaf (DER). */
export function isIssuedBy(leafDer: Uint8Array, ca: TrustedCa): boolean {
  const leaf = parseCertificate(leafDer);
  return leaf?.checkIssued(ca.certificate) === true && leaf.verify(ca.publicKey);
}

/** From when until when the leaf (DER) is good; undefined if it cannot be read. */
export function leafValidity(leafDer: Uint8Array): Pick<PeerIdentity, 'notBeforeMs' | 'notAfterMs'> | undefined {
  const leaf = parseCertificate(leafDer);
  return leaf === undefined ? undefined : validityOf(leaf);
}

/** The refusal of a leaf whose CA its member has replaced. */
export const replacedCa = (identity: PeerIdentity, untilMs: number): Result<never, CollectiveError> =>
  invalid(
    `The certificate of ${describePeer(identity)} is of a CA that its member has replaced; those were accepted until ${instant(untilMs)}.`,
    { next: 'Start it again: it renews its certificate by itself. If that fails, join again with a new invite.' },
  );

const instant = (timeMs: number): string => {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? 'an unreadable time' : date.toISOString().replace('.000Z', 'Z');
};

/** Text out of a stranger's certificate, made safe to print. */
const clip = (text: string): string =>
  text
    .replace(/\s*\n\s*/g, ', ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 120);

const invalid = (message: string, options: { readonly next?: string } = {}): Result<never, CollectiveError> =>
  fail(new CollectiveError('CERTIFICATE_INVALID', message, options));
