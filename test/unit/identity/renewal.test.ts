import { describe, expect, it } from 'vitest';
import { accept } from '../../../src/base/index.js';
import {
  acceptTrust,
  checkRenewalProof,
  createMemberCa,
  createSigner,
  endorse,
  generateKeyPair,
  LiveCredentials,
  openCa,
  proveRenewal,
  renewalDueMs,
  type ToldTrust,
  verifyMemberLeaf,
} from '../../../src/identity/index.js';
import { createLeaf, createMember, DAY_MS, hasher, NOW_MS, nodeOf, seededRandom, type TestMember, verifier } from './support.js';

const FIRST = { epoch: 1, sequence: 1 };

/** Another CA of the same member, as its coordinator makes one later. */
async function rotated(member: TestMember, nowMs = NOW_MS + DAY_MS): Promise<TestMember> {
  const random = seededRandom('the next CA');
  const caKeys = generateKeyPair(random, hasher);
  const der = await createMemberCa({ memberId: member.memberId, keys: caKeys, nowMs, random });
  return { ...member, caKeys, ca: accept(openCa(der)), random };
}

function told(member: TestMember, cas: readonly TestMember[], untilMs = NOW_MS + 10 * DAY_MS): ToldTrust {
  const signer = createSigner(member.identityKeys);
  const { memberId } = member;
  return {
    identityPublicKey: member.identityKeys.publicKey,
    cas: cas.map(({ ca }, index) => ({
      certificate: ca.der,
      endorsement: endorse({ memberId, purpose: 'member-ca', subject: ca.sha256, validFrom: FIRST }, signer),
      acceptedUntilMs: index === 0 ? 0 : untilMs,
    })),
  };
}

describe('the renewal of a certificate', () => {
  it('is due at two thirds of the life that it was issued for', async () => {
    const member = await createMember('due');
    const { leaf } = await createLeaf(member, nodeOf(member), { nowMs: NOW_MS, lifeMs: 30 * DAY_MS });
    const { notBeforeMs, notAfterMs } = accept(verifyMemberLeaf(leaf, member, { nowMs: NOW_MS }));
    expect(renewalDueMs({ notBeforeMs, notAfterMs })).toBe(NOW_MS + 20 * DAY_MS);
  });
});

describe('a renewal by proof of a key', () => {
  const keys = generateKeyPair(seededRandom('lapsed'), hasher);
  const renewal = {
    serverLeaf: Uint8Array.of(1),
    certificate: Uint8Array.of(2),
    certificateRequest: Uint8Array.of(3),
    nonce: new Uint8Array(32),
  };
  const proof = proveRenewal(renewal, createSigner(keys), hasher);
  const check = { publicKey: keys.publicKey, hasher, verifier };

  it('is proved by the key of the certificate alone, for this connection, request and nonce', () => {
    expect(checkRenewalProof(proof, renewal, check)).toBe(true);
    const other = generateKeyPair(seededRandom('somebody else'), hasher);
    expect(checkRenewalProof(proof, renewal, { ...check, publicKey: other.publicKey })).toBe(false);
    for (const change of ['serverLeaf', 'certificate', 'certificateRequest'] as const) {
      expect(checkRenewalProof(proof, { ...renewal, [change]: Uint8Array.of(9) }, check)).toBe(false);
    }
    expect(checkRenewalProof(proof, { ...renewal, nonce: new Uint8Array(32).fill(1) }, check)).toBe(false);
    expect(checkRenewalProof(proof, { ...renewal, nonce: new Uint8Array(31) }, check)).toBe(false);
  });
});

describe('a CA that replaces another', () => {
  it('is accepted by the endorsement of the identity key that the member id stands for', async () => {
    const member = await createMember('trust');
    const next = await rotated(member);
    const trust = accept(acceptTrust(told(member, [next, member]), member, { hasher, verifier }));
    expect(trust.ca.sha256).toEqual(next.ca.sha256);
    expect(trust.previousCas.map(({ ca }) => ca.sha256)).toEqual([member.ca.sha256]);
  });

  it('is refused without it, by another identity, and when it is older than the known one', async () => {
    const member = await createMember('trust');
    const next = await rotated(member);
    const stranger = await createMember('stranger');
    const ports = { hasher, verifier };
    const bare = told(member, [next]);
    const forged = {
      ...bare,
      cas: bare.cas.map((each) => ({ ...each, endorsement: told(stranger, [next]).cas[0]?.endorsement ?? each.endorsement })),
    };
    expect(acceptTrust(forged, member, ports).ok).toBe(false);
    expect(acceptTrust(told(stranger, [stranger]), member, ports).ok).toBe(false);
    expect(acceptTrust({ ...bare, cas: [] }, member, ports).ok).toBe(false);
    expect(acceptTrust(told(member, [member]), { memberId: member.memberId, ca: next.ca }, ports).ok).toBe(false);
  });

  it('leaves the certificates of the one before good until the overlap ends, and says afterwards what they are', async () => {
    const member = await createMember('overlap');
    const next = await rotated(member);
    const untilMs = NOW_MS + 2 * DAY_MS;
    const { leaf } = await createLeaf(member, nodeOf(member), { nowMs: NOW_MS, lifeMs: 30 * DAY_MS });
    const own = { memberId: member.memberId, ca: next.ca, previousCas: [{ ca: member.ca, untilMs }] };
    expect(verifyMemberLeaf(leaf, own, { nowMs: untilMs }).ok).toBe(true);
    const late = verifyMemberLeaf(leaf, own, { nowMs: untilMs + 1 });
    expect(late.ok ? '' : late.error.message).toMatch(/is of a CA that its member has replaced/);
    const unknown = verifyMemberLeaf(leaf, { memberId: member.memberId, ca: next.ca }, { nowMs: untilMs });
    expect(unknown.ok ? '' : unknown.error.message).toMatch(/forged, or from a CA of the same name/);
  });
});

describe('credentials in use', () => {
  it('are replaced as a whole, and whoever listens is told until it stops', async () => {
    const member = await createMember('live');
    const first = await createLeaf(member, nodeOf(member));
    const second = await createLeaf(member, nodeOf(member));
    const setOf = ({ leaf, keys }: typeof first) => ({
      memberId: member.memberId,
      ca: member.ca,
      leaf,
      privateKeyPem: keys.privateKeyPem,
    });
    const live = new LiveCredentials(setOf(first));
    let heard = 0;
    const stop = live.onChange(() => {
      heard += 1;
      expect([live.leaf, live.privateKeyPem]).toEqual([second.leaf, second.keys.privateKeyPem]);
    });
    live.replace(setOf(second));
    stop();
    live.replace(setOf(first));
    expect(heard).toBe(1);
  });
});
