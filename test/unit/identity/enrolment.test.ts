import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { accept } from '../../../src/base/index.js';
import {
  checkInviteProof,
  createCertificateRequest,
  createInvite,
  createSigner,
  ENROLMENT_NONCE_BYTES,
  type EnrolmentExchange,
  generateKeyPair,
  type Invite,
  issueLeaf,
  openCertificateRequest,
  openEnrolmentAnswer,
  parseInvite,
  proveEnrolmentAnswer,
  proveInvite,
  verifyEnrolmentServer,
} from '../../../src/identity/index.js';
import {
  clientOf,
  coordinatorOf,
  createLeaf,
  createMember,
  flipBit,
  forgeCa,
  hasher,
  nodeOf,
  NOW_MS,
  seededRandom,
  signerFrom,
  type TestLeaf,
  type TestMember,
  verifier,
} from './support.js';

const random = seededRandom('enrolment');
const joinerKeys = generateKeyPair(random, hasher);
let alice: TestMember;
let bob: TestMember;
let server: TestLeaf;
let invite: Invite<'node'>;
let secretHash: Uint8Array;
let exchange: EnrolmentExchange;
let certificate: Uint8Array;

describe('enrolment', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([createMember('alice'), createMember('bob')]);
    server = await createLeaf(alice, coordinatorOf(alice));
    const made = accept(
      createInvite(
        {
          kind: 'node',
          memberId: alice.memberId,
          caSha256: alice.ca.sha256,
          expiresAtMs: NOW_MS + 60_000,
          endpoints: ['127.0.0.1:7401'],
        },
        { random, hasher },
      ),
    );
    secretHash = made.secretHash;
    invite = accept(parseInvite(made.text, { kind: 'node', nowMs: NOW_MS, hasher }));
    exchange = {
      inviteId: invite.inviteId,
      serverLeaf: server.leaf,
      certificateRequest: await createCertificateRequest(joinerKeys),
      nonce: random.bytes(ENROLMENT_NONCE_BYTES),
    };
    const publicKey = accept(await openCertificateRequest(exchange.certificateRequest));
    certificate = await issueLeaf({ ca: alice.ca, caKeys: alice.caKeys, name: nodeOf(alice), publicKey, nowMs: NOW_MS, random });
  });

  const stored = () => ({ secretHash, hasher, verifier });
  const expected = (joinerProof: Uint8Array) => ({
    invite,
    joinerProof,
    ownPublicKey: joinerKeys.publicKey,
    ...accept(verifyEnrolmentServer([server.leaf, alice.ca.der], invite, NOW_MS)),
    nowMs: NOW_MS,
    hasher,
    verifier,
  });

  it('an honest joiner and an honest coordinator agree', () => {
    const proof = proveInvite(invite.secret, exchange, hasher);
    expect(checkInviteProof(proof, exchange, stored())).toBe(true);
    const answer = { certificate, caCertificate: alice.ca.der };
    const serverProof = proveEnrolmentAnswer(proof, exchange, answer, { signer: createSigner(server.keys), hasher });
    const own = accept(openEnrolmentAnswer(serverProof, exchange, answer, expected(proof)));
    expect(own).toMatchObject({ ...nodeOf(alice), publicKey: joinerKeys.publicKey });
  });

  it('a server that does not show the pinned CA, or no leaf of its coordinator, is sent nothing', async () => {
    const forger = await forgeCa(alice);
    const forged = await createLeaf(forger, coordinatorOf(alice));
    const ownLeaf = await createLeaf(bob, coordinatorOf(bob));
    const node = await createLeaf(alice, nodeOf(alice));
    const expired = await createLeaf(alice, coordinatorOf(alice), { nowMs: NOW_MS - 1_000_000, lifeMs: 500_000 });
    const cases: readonly (readonly [readonly Uint8Array[], string])[] = [
      [[], 'does not show the CA'],
      [[server.leaf], 'does not show the CA'],
      [[ownLeaf.leaf, bob.ca.der], 'does not show the CA'],
      [[forged.leaf, forger.ca.der], 'does not show the CA'],
      [[forged.leaf, alice.ca.der], 'forged'],
      [[ownLeaf.leaf, alice.ca.der], 'another CA'],
      [[alice.ca.der], 'malformed'],
      [[node.leaf, alice.ca.der], 'not open to a node'],
      [[expired.leaf, alice.ca.der], 'expired'],
    ];
    for (const [chain, words] of cases) {
      const verified = verifyEnrolmentServer(chain, invite, NOW_MS);
      expect(verified.ok ? '' : verified.error.message).toContain(words);
    }
    expect(verifyEnrolmentServer([server.leaf, alice.ca.der], { ...invite, memberId: bob.memberId }, NOW_MS).ok).toBe(false);
  });

  it('a proof is good for its server, request, nonce, invite and secret only', async () => {
    const proof = proveInvite(invite.secret, exchange, hasher);
    const otherRequest = await createCertificateRequest(generateKeyPair(random, hasher));
    const otherLeaf = (await createLeaf(alice, coordinatorOf(alice))).leaf;
    const changed: readonly EnrolmentExchange[] = [
      { ...exchange, serverLeaf: otherLeaf },
      { ...exchange, certificateRequest: otherRequest },
      { ...exchange, nonce: new Uint8Array(ENROLMENT_NONCE_BYTES) },
      { ...exchange, nonce: exchange.nonce.subarray(1) },
      { ...exchange, inviteId: 'aaaaaaaaaaaaaaaaaaaaaaaaaa' as Invite['inviteId'] },
    ];
    for (const other of changed) expect(checkInviteProof(proof, other, stored())).toBe(false);
    expect(checkInviteProof(proveInvite(random.bytes(16), exchange, hasher), exchange, stored())).toBe(false);
  });

  it('whoever knows all that the issuer stores still cannot make a proof', () => {
    for (const guess of [secretHash, secretHash.subarray(0, 16), hasher.sha256(secretHash)]) {
      expect(checkInviteProof(proveInvite(guess, exchange, hasher), exchange, stored())).toBe(false);
    }
  });

  it('altered, cut or random proofs never pass and never throw', () => {
    const proof = proveInvite(invite.secret, exchange, hasher);
    for (let index = 0; index < proof.length; index += 1) {
      expect(checkInviteProof(flipBit(proof, index), exchange, stored())).toBe(false);
      expect(checkInviteProof(proof.subarray(0, index), exchange, stored())).toBe(false);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !checkInviteProof(bytes, exchange, stored())));
  });

  it("an answer that is not the verified server's word on this very request is refused", async () => {
    const proof = proveInvite(invite.secret, exchange, hasher);
    const signer = createSigner(server.keys);
    const answer = { certificate, caCertificate: alice.ca.der };
    const right = proveEnrolmentAnswer(proof, exchange, answer, { signer, hasher });
    const otherNonce = { ...exchange, nonce: new Uint8Array(ENROLMENT_NONCE_BYTES) };
    const open = (serverProof: Uint8Array, given = answer): string => {
      const opened = openEnrolmentAnswer(serverProof, exchange, given, expected(proof));
      return opened.ok ? 'accepted' : opened.error.message;
    };
    const prove = (given: typeof answer): string => open(proveEnrolmentAnswer(proof, exchange, given, { signer, hasher }), given);
    expect(open(right)).toBe('accepted');
    expect(open(flipBit(right, 5))).toContain('proof is wrong');
    expect(open(new Uint8Array())).toContain('proof is wrong');
    expect(open(proveEnrolmentAnswer(proof, otherNonce, answer, { signer, hasher }))).toContain('proof is wrong');
    expect(open(proveEnrolmentAnswer(flipBit(proof, 3), exchange, answer, { signer, hasher }))).toContain('proof is wrong');
    expect(open(proveEnrolmentAnswer(proof, exchange, answer, { signer: signerFrom('x'), hasher }))).toContain('proof is wrong');
    expect(open(right, { ...answer, certificate: flipBit(certificate, 9) })).toContain('proof is wrong');
    expect(prove({ ...answer, caCertificate: bob.ca.der })).toContain('another CA');
    const asClient = await createLeaf(alice, clientOf(alice));
    expect(prove({ ...answer, certificate: asClient.leaf })).toContain('not open to a client');
    const forOther = await createLeaf(alice, nodeOf(alice));
    expect(prove({ ...answer, certificate: forOther.leaf })).toContain('another key');
  });
});
