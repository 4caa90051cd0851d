import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { accept, LIMITS } from '../../../src/base/index.js';
import {
  certificatePem,
  certificatesOfPem,
  createCertificateRequest,
  createMemberCa,
  formatPeerUri,
  generateKeyPair,
  issueLeaf,
  joinPem,
  openCa,
  openCertificateRequest,
} from '../../../src/identity/index.js';
import {
  coordinatorOf,
  clientOf,
  createLeaf,
  createMember,
  flipBit,
  hasher,
  nodeOf,
  NOW_MS,
  seededRandom,
  type TestMember,
} from './support.js';
import { readExtensions } from './x509-support.js';

let alice: TestMember;
let bob: TestMember;
const MINUTE_MS = 60_000;

describe('certificates', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([createMember('alice'), createMember('bob')]);
  });

  it('a CA may sign leaves and nothing below them, for twenty years', async () => {
    const extensions = await readExtensions(alice.ca.der);
    expect(extensions.basicConstraints).toEqual({ ca: true, pathLength: 0, critical: true });
    expect(extensions.keyUsages).toEqual({ keyCertSign: true, digitalSignature: false, critical: true });
    expect(extensions.subjectKeyId).toMatch(/^[0-9a-f]{40}$/);
    expect(alice.ca.notBeforeMs).toBe(NOW_MS - MINUTE_MS);
    expect(alice.ca.notAfterMs).toBe(NOW_MS + LIMITS.caLifeMs);
    expect(alice.ca.certificate.subject).toContain(alice.memberId);
  });

  it('a leaf names one role of one member, for thirty days, a minute backdated', async () => {
    const server = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
    for (const [name, usages] of [
      [coordinatorOf(alice), server],
      [nodeOf(alice), server],
      [clientOf(alice), ['1.3.6.1.5.5.7.3.2']],
    ] as const) {
      const { leaf } = await createLeaf(alice, name);
      const certificate = new X509Certificate(leaf);
      const extensions = await readExtensions(leaf);
      expect(certificate.subjectAltName).toBe(`URI:${formatPeerUri(name)}`);
      expect([...certificate.keyUsage].sort()).toEqual(usages);
      expect(certificate.ca).toBe(false);
      expect(extensions.keyUsages).toEqual({ keyCertSign: false, digitalSignature: true, critical: true });
      expect(extensions.authorityKeyId).toBe((await readExtensions(alice.ca.der)).subjectKeyId);
      expect(Date.parse(certificate.validFrom)).toBe(NOW_MS - MINUTE_MS);
      expect(Date.parse(certificate.validTo)).toBe(NOW_MS + LIMITS.leafLifeMs);
      expect(certificate.checkIssued(alice.ca.certificate) && certificate.verify(alice.ca.certificate.publicKey)).toBe(true);
      expect(leaf.length).toBeLessThan(LIMITS.certificateBytes);
    }
  });

  it('serial numbers are 16 random positive bytes', async () => {
    const random = { ...seededRandom('serials'), bytes: (count: number) => new Uint8Array(count).fill(0xff) };
    const low = { ...random, bytes: (count: number) => new Uint8Array(count) };
    const leaf = { ca: alice.ca, caKeys: alice.caKeys, name: nodeOf(alice), publicKey: alice.caKeys.publicKey, nowMs: NOW_MS };
    expect(new X509Certificate(await issueLeaf({ ...leaf, random })).serialNumber).toBe(`7F${'FF'.repeat(15)}`);
    expect(new X509Certificate(await issueLeaf({ ...leaf, random: low })).serialNumber).toBe(`40${'00'.repeat(15)}`);
  });

  it('a leaf does not outlive its CA', async () => {
    const { leaf } = await createLeaf(alice, nodeOf(alice), { lifeMs: LIMITS.caLifeMs * 2 });
    expect(Date.parse(new X509Certificate(leaf).validTo)).toBe(alice.ca.notAfterMs);
  });

  it('a CA certificate is read from DER and from PEM alike', () => {
    expect(accept(openCa(alice.ca.pem)).der).toEqual(alice.ca.der);
    expect(accept(openCa(alice.ca.der)).sha256).toEqual(hasher.sha256(alice.ca.der));
  });

  it('what is no CA certificate, or not signed by itself, is not read as one', async () => {
    const { leaf } = await createLeaf(alice, nodeOf(alice));
    const stolenName = { ca: alice.ca, caKeys: bob.caKeys, name: nodeOf(alice), publicKey: bob.caKeys.publicKey, nowMs: NOW_MS };
    const forged = await issueLeaf({ ...stolenName, random: alice.random });
    for (const source of [leaf, forged, new Uint8Array(), new Uint8Array(50_000), '', joinPem([alice.ca.pem, bob.ca.pem])]) {
      const opened = openCa(source);
      expect(opened.ok ? '' : opened.error.code).toBe('CERTIFICATE_INVALID');
    }
    for (let index = 0; index < alice.ca.der.length; index += 1) expect(openCa(flipBit(alice.ca.der, index)).ok).toBe(false);
  });

  it('two CAs in one bundle are both readable, whether or not their texts ended in a newline', () => {
    const bundle = joinPem([alice.ca.pem.trimEnd(), bob.ca.pem]);
    expect(accept(certificatesOfPem(bundle))).toEqual([alice.ca.der, bob.ca.der]);
    expect(bundle.split('\n').filter((line) => line.startsWith('-----'))).toHaveLength(4);
    expect(bundle.endsWith('-----END CERTIFICATE-----\n')).toBe(true);
    expect(certificatePem(alice.ca.der)).toBe(alice.ca.certificate.toString());
    expect(certificatesOfPem('nothing').ok).toBe(false);
  });

  it('the same seed makes the same CA', async () => {
    const keys = generateKeyPair(seededRandom('ca'), hasher);
    const make = (): Promise<Uint8Array> =>
      createMemberCa({ memberId: alice.memberId, keys, nowMs: NOW_MS, random: seededRandom('s') });
    expect(await make()).toEqual(await make());
  });
});

describe('certificate requests', () => {
  const keys = generateKeyPair(seededRandom('joiner'), hasher);

  it('a request proves its key, and nothing else is taken from it', async () => {
    expect(accept(await openCertificateRequest(await createCertificateRequest(keys)))).toEqual(keys.publicKey);
  });

  it('a request with a wrong signature, an altered one, or random bytes is refused and never throws', async () => {
    const request = await createCertificateRequest(keys);
    const wrong = [new Uint8Array(), new Uint8Array(LIMITS.certificateRequestBytes + 1), request.subarray(0, 60)];
    for (let index = 0; index < request.length; index += 1) wrong.push(flipBit(request, index));
    for (const bytes of wrong) {
      const opened = await openCertificateRequest(bytes);
      expect(opened.ok ? '' : opened.error.code).toBe('REQUEST_INVALID');
    }
  });

  it('a request for a key that is not Ed25519 is refused', async () => {
    const { createEcdsaRequest } = await import('./x509-support.js');
    const opened = await openCertificateRequest(await createEcdsaRequest());
    expect(opened.ok ? '' : opened.error.message).toContain('not for an Ed25519 key');
  });
});
