import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CollectiveError } from '../../../src/base/index.js';
import type { TlsCredentials } from '../../../src/ports/index.js';

const SERVER_AUTHENTICATION = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';

const invalid = (message: string): CollectiveError => new CollectiveError('CERTIFICATE_INVALID', message);

const KNOWN_MAX = 64;
/** Leaves whose keys fit, by chain and key: parsing them takes longer than all else of a connection. */
const known = new Map<string, X509Certificate>();

/** The leaf that one end shows: its own key must fit, and it must not have expired. */
export function ownLeaf(credentials: TlsCredentials, nowMs: number): X509Certificate {
  const name = `${credentials.certificateChain} ${credentials.privateKey}`;
  const leaf = known.get(name) ?? new X509Certificate(credentials.certificateChain);
  if (!known.has(name) && !leaf.checkPrivateKey(createPrivateKey(credentials.privateKey)))
    throw invalid('The key of this end is not that of its certificate.');
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(name, leaf);
  if (Date.parse(leaf.validTo) < nowMs) throw invalid(`The certificate of this end expired at ${leaf.validTo}.`);
  return leaf;
}

/** Whether a leaf is of a CA, by both: it never becomes otherwise. */
const issued = new WeakMap<X509Certificate, Map<string, boolean>>();

function isIssuedBy(leaf: X509Certificate, trustedCa: string): boolean {
  const byCa = issued.get(leaf) ?? new Map<string, boolean>();
  issued.set(leaf, byCa);
  const found = byCa.get(trustedCa);
  if (found !== undefined) return found;
  const ca = new X509Certificate(trustedCa);
  const answer = leaf.checkIssued(ca) && leaf.verify(ca.publicKey);
  if (byCa.size < KNOWN_MAX) byCa.set(trustedCa, answer);
  return answer;
}

/** What OpenSSL checks of the other end's leaf when exactly one CA is trusted. */
export function checkLeaf(
  leaf: X509Certificate,
  trustedCa: string,
  remote: string,
  role: 'server' | 'client',
  nowMs: number,
): void {
  const refused = (why: string): CollectiveError => invalid(`The certificate of ${remote} was refused: ${why}.`);
  if (!isIssuedBy(leaf, trustedCa)) throw refused('it comes from another CA');
  if (Date.parse(leaf.validFrom) > nowMs) throw refused('it is not valid yet');
  if (Date.parse(leaf.validTo) < nowMs) throw refused('it has expired');
  // Undefined where the leaf names no uses, whatever the types say.
  const usages: readonly string[] | undefined = leaf.keyUsage;
  const needed = role === 'server' ? SERVER_AUTHENTICATION : CLIENT_AUTHENTICATION;
  if (usages !== undefined && !usages.includes(needed)) throw refused('it is not made for this end of a connection');
}
