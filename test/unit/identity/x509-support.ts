import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { TestMember } from './support.js';
import { NOW_MS } from './support.js';

/** The extensions of a certificate, read by a library that the product does not verify with. */
export async function readExtensions(der: Uint8Array): Promise<{
  readonly basicConstraints:
    | { readonly ca: boolean; readonly pathLength: number | undefined; readonly critical: boolean }
    | undefined;
  readonly keyUsages:
    | { readonly keyCertSign: boolean; readonly digitalSignature: boolean; readonly critical: boolean }
    | undefined;
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
}> {
  const certificate = new x509.X509Certificate(new Uint8Array(der));
  const constraints = certificate.getExtension(x509.BasicConstraintsExtension);
  const usages = certificate.getExtension(x509.KeyUsagesExtension);
  return {
    basicConstraints:
      constraints === null
        ? undefined
        : { ca: constraints.ca, pathLength: constraints.pathLength, critical: constraints.critical },
    keyUsages:
      usages === null
        ? undefined
        : {
            keyCertSign: (usages.usages & x509.KeyUsageFlags.keyCertSign) !== 0,
            digitalSignature: (usages.usages & x509.KeyUsageFlags.digitalSignature) !== 0,
            critical: usages.critical,
          },
    subjectKeyId: certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    authorityKeyId: certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
  };
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export async function createEcdsaRequest(): Promise<Uint8Array> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ signingAlgorithm: ECDSA, keys });
  return new Uint8Array(request.rawData);
}

/** A leaf that the member's CA really signed, with names and usages that the product would never give. */
export async function createOddLeaf(
  member: TestMember,
  odd: {
    readonly names: x509.JsonGeneralNames;
    readonly usages: readonly string[] | undefined;
    readonly ecdsa?: boolean;
    readonly isCa?: boolean;
  },
): Promise<Uint8Array> {
  const pkcs8 = Buffer.from(member.caKeys.privateKeyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, { name: 'Ed25519' }, false, ['sign']);
  const { publicKey } =
    odd.ecdsa === true
      ? await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
      : ((await webcrypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '42',
    subject: 'CN=odd',
    issuer: new x509.X509Certificate(new Uint8Array(member.ca.der)).subjectName,
    notBefore: new Date(NOW_MS - 1000),
    notAfter: new Date(NOW_MS + 1_000_000),
    signingAlgorithm: { name: 'Ed25519' },
    publicKey,
    signingKey,
    extensions: [
      ...(odd.names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(odd.names)]),
      ...(odd.usages === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...odd.usages])]),
      ...(odd.isCa === true ? [new x509.BasicConstraintsExtension(true, undefined, true)] : []),
    ],
  });
  return new Uint8Array(certificate.rawData);
}
