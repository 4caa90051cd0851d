import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { CollectiveError, equalBytes, fail, LIMITS, type MemberId, ok, type Result } from '../base/index.js';
import { certificatePem, certificatesOfPem } from './pem.js';

/** A member's CA certificate, read and checked; whether it is trusted is for its holder to know. */
export interface TrustedCa {
  readonly certificate: X509Certificate;
  readonly publicKey: KeyObject;
  readonly der: Uint8Array;
  /** One block, ending in a newline. */
  readonly pem: string;
  /** SHA-256 of the DER: what invites pin and endorsements name. */
  readonly sha256: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Reads a CA certificate (DER, or PEM of one). It must be self-signed and Ed25519. Error: CERTIFICATE_INVALID. */
export function openCa(source: Uint8Array | string): Result<TrustedCa, CollectiveError> {
  const der = typeof source === 'string' ? onlyCertificate(source) : source;
  const certificate = der === undefined ? undefined : parseCertificate(der);
  if (der === undefined || certificate === undefined) return invalid('The CA certificate cannot be read.');
  if (!certificate.ca) return invalid('The certificate is not one of a CA.');
  const publicKey = ed25519KeyOf(certificate);
  if (publicKey === undefined) return invalid('The CA key is not an Ed25519 key.');
  if (!certificate.checkIssued(certificate) || !certificate.verify(publicKey)) {
    return invalid('The CA certificate is not signed by its own key.');
  }
  const { notBeforeMs, notAfterMs } = validityOf(certificate);
  return ok({
    certificate,
    publicKey,
    der: new Uint8Array(der),
    pem: certificatePem(der),
    sha256: sha256Of(der),
    notBeforeMs,
    notAfterMs,
  });
}

/** Whether the CA bears its member's name, and so cannot be taken for that of another in a handshake with many CAs. */
export const isMemberCa = ({ certificate }: TrustedCa, memberId: MemberId): boolean =>
  certificate.subject === `CN=${memberId}\nO=Collective` && certificate.issuer === certificate.subject;

/** Undefined unless the bytes are one certificate in exact DER, with nothing after it. */
export function parseCertificate(der: Uint8Array): X509Certificate | undefined {
  if (der.length > LIMITS.certificateBytes) return undefined;
  const certificate = tryParse(der);
  return certificate !== undefined && equalBytes(certificate.raw, der) ? certificate : undefined;
}

function tryParse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Undefined for a key of another kind, and for one that cannot be decoded. */
export function ed25519KeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    const { publicKey } = certificate;
    return publicKey.asymmetricKeyType === 'ed25519' ? publicKey : undefined;
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

export function validityOf(certificate: X509Certificate): { readonly notBeforeMs: number; readonly notAfterMs: number } {
  return { notBeforeMs: Date.parse(certificate.validFrom), notAfterMs: Date.parse(certificate.validTo) };
}

export const sha256Of = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

function onlyCertificate(pem: string): Uint8Array | undefined {
  const blocks = certificatesOfPem(pem);
  return blocks.ok && blocks.value.length === 1 ? blocks.value[0] : undefined;
}

const invalid = (message: string): Result<never, CollectiveError> => fail(new CollectiveError('CERTIFICATE_INVALID', message));
