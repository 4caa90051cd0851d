import { createPrivateKey, createPublicKey, subtle } from 'node:crypto';
import type * as X509 from '@peculiar/x509';
import { assert, CollectiveError, equalBytes, fail, LIMITS, ok, toHex, type MemberId, type Result } from '../base/index.js';
import type { Random } from '../ports/index.js';
import { isEd25519PublicKey, type KeyPair } from './keys.js';
import { describePeer, formatPeerUri, type PeerName } from './peer-name.js';
import type { TrustedCa } from './trusted-ca.js';

const ALGORITHM = 'Ed25519';
/** Leaves begin that much before they are issued, for clocks that run late. */
export const BACKDATE_MS = 60_000;
const SERIAL_BYTES = 16;

/** The library is slow to load and only this file needs it, so it is loaded by the first certificate that is made. */
async function loadX509(): Promise<typeof X509> {
  // Its dependency injection needs the Reflect polyfill in place before it is evaluated.
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** A member's self-signed CA certificate (DER) over `keys`. */
export async function createMemberCa(options: {
  readonly memberId: MemberId;
  readonly keys: KeyPair;
  readonly nowMs: number;
  readonly random: Random;
  readonly lifeMs?: number;
}): Promise<Uint8Array> {
  const x509 = await loadX509();
  const publicKey = await importPublicKey(options.keys.publicKey);
  const name = [{ CN: [options.memberId] }, { O: ['Collective'] }];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(options.random),
    subject: name,
    issuer: name,
    ...validity(options.nowMs, options.nowMs + (options.lifeMs ?? LIMITS.caLifeMs)),
    signingAlgorithm: { name: ALGORITHM },
    publicKey,
    signingKey: await importPrivateKey(options.keys),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return new Uint8Array(certificate.rawData);
}

/** A leaf (DER) that names `name` and nothing else; it never outlives its CA. */
export async function issueLeaf(options: {
  readonly ca: TrustedCa;
  readonly caKeys: KeyPair;
  readonly name: PeerName;
  /** SPKI DER of the subject's Ed25519 key. */
  readonly publicKey: Uint8Array;
  readonly nowMs: number;
  readonly random: Random;
  readonly lifeMs?: number;
}): Promise<Uint8Array> {
  assert(isEd25519PublicKey(options.publicKey), 'leaves are issued for Ed25519 keys only');
  const x509 = await loadX509();
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const publicKey = await importPublicKey(options.publicKey);
  const notAfterMs = Math.min(options.nowMs + (options.lifeMs ?? LIMITS.leafLifeMs), options.ca.notAfterMs);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(options.random),
    subject: [{ CN: [describePeer(options.name)] }],
    issuer: new x509.X509Certificate(new Uint8Array(options.ca.der)).subjectName,
    ...validity(options.nowMs, notAfterMs),
    signingAlgorithm: { name: ALGORITHM },
    publicKey,
    signingKey: await importPrivateKey(options.caKeys),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(options.name.role === 'client' ? [clientAuth] : [serverAuth, clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: formatPeerUri(options.name) }]),
      await x509.AuthorityKeyIdentifierExtension.create(await importPublicKey(options.caKeys.publicKey)),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return new Uint8Array(certificate.rawData);
}

/** A PKCS#10 request (DER) for a certificate over `keys`, made where the keys are. It asks for no name. */
export async function createCertificateRequest(keys: KeyPair): Promise<Uint8Array> {
  const x509 = await loadX509();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    signingAlgorithm: { name: ALGORITHM },
    keys: { publicKey: await importPublicKey(keys.publicKey), privateKey: await importPrivateKey(keys) },
  });
  return new Uint8Array(request.rawData);
}

/**
 * The Ed25519 public key (SPKI DER) that a PKCS#10 request proves possession of. Names and extensions in it are ignored: the
 * issuer decides them. Error: REQUEST_INVALID.
 */
export async function openCertificateRequest(der: Uint8Array): Promise<Result<Uint8Array, CollectiveError>> {
  if (der.length > LIMITS.certificateRequestBytes) return invalid('is too long');
  if (!isFramedExactly(der)) return invalid('is not for an Ed25519 key, or not in exact DER');
  const x509 = await loadX509();
  try {
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(der));
    const publicKey = new Uint8Array(request.publicKey.rawData);
    if (!isEd25519PublicKey(publicKey)) return invalid('is not for an Ed25519 key');
    return (await request.verify()) ? ok(publicKey) : invalid('is not signed by the key it is for');
  } catch (error) {
    return invalid('cannot be read', error);
  }
}

// What stands before the 64 bytes of an Ed25519 signature: its algorithm, and the head of a bit string without spare bits.
const SIGNATURE_HEAD = Uint8Array.of(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x41, 0x00);

/** The library reads sloppy encodings of what is outside the signature; two spellings of one request must not both pass. */
function isFramedExactly(der: Uint8Array): boolean {
  const signatureStart = der.length - 64;
  const head = der.subarray(Math.max(0, signatureStart - SIGNATURE_HEAD.length), Math.max(0, signatureStart));
  if (!equalBytes(head, SIGNATURE_HEAD)) return false;
  const [sequence, first = 0, second = 0, third = 0] = der;
  if (sequence !== 0x30) return false;
  if (first < 0x80) return first === der.length - 2;
  if (first === 0x81) return second >= 0x80 && second === der.length - 3;
  return first === 0x82 && second > 0 && second * 256 + third === der.length - 4;
}

const invalid = (why: string, cause?: unknown): Result<never, CollectiveError> =>
  fail(new CollectiveError('REQUEST_INVALID', `The certificate request ${why}.`, cause === undefined ? {} : { cause }));

/** Certificates count in whole seconds. */
const validity = (nowMs: number, notAfterMs: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
  notBefore: new Date(nowMs - BACKDATE_MS),
  notAfter: new Date(notAfterMs),
});

/** 16 bytes, positive and without a leading zero in DER. */
function serial(random: Random): string {
  const [first = 0, ...rest] = random.bytes(SERIAL_BYTES);
  return toHex(Uint8Array.of((first & 0x3f) | 0x40, ...rest));
}

function importPrivateKey(keys: KeyPair): ReturnType<typeof subtle.importKey> {
  const pkcs8 = createPrivateKey({ key: keys.privateKeyPem, format: 'pem' }).export({ format: 'der', type: 'pkcs8' });
  return subtle.importKey('pkcs8', pkcs8, { name: ALGORITHM }, false, ['sign']);
}

function importPublicKey(spki: Uint8Array): ReturnType<typeof subtle.importKey> {
  const der = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).export({ format: 'der', type: 'spki' });
  return subtle.importKey('spki', der, { name: ALGORITHM }, true, ['verify']);
}
