import 'reflect-metadata';
import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { generateKeyPair, type KeyPair, type OwnCredentials, type TrustedCa } from '../../../../src/identity/index.js';
import { NodeHasher, SystemRandom } from '../../../../src/runtime/index.js';

const DAY_MS = 24 * 3600 * 1000;
const ED25519 = { name: 'Ed25519' } as const;

/** A leaf that a CA has really signed, with a name and usages that the product would never give, and its key. */
export async function oddLeaf(
  issuer: { readonly ca: TrustedCa; readonly caKeys: KeyPair; readonly memberId: OwnCredentials['memberId'] },
  odd: { readonly names: x509.JsonGeneralNames; readonly usages: readonly string[] },
): Promise<OwnCredentials> {
  const keys = generateKeyPair(new SystemRandom(), new NodeHasher());
  const signing = createPrivateKey(issuer.caKeys.privateKeyPem).export({ format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(keys.privateKeyPem).export({ format: 'der', type: 'spki' });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '4242',
    subject: 'CN=odd',
    issuer: new x509.X509Certificate(new Uint8Array(issuer.ca.der)).subjectName,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: ED25519,
    signingKey: await webcrypto.subtle.importKey('pkcs8', signing, ED25519, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', spki, ED25519, true, ['verify']),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([...odd.usages]),
      ...(odd.names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(odd.names)]),
    ],
  });
  return {
    memberId: issuer.memberId,
    ca: issuer.ca,
    leaf: new Uint8Array(certificate.rawData),
    privateKeyPem: keys.privateKeyPem,
  };
}

export const CLIENT_USAGE = '1.3.6.1.5.5.7.3.2';
export const SERVER_USAGE = '1.3.6.1.5.5.7.3.1';
