import { createHash, createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { accept, fromBase32, type MemberId, toBase32, toHex } from '../../../src/base/index.js';
import { createInvite, endorse, parseInvite, proveInvite, signReceipt } from '../../../src/identity/index.js';
import { hasher, NODE_ID, NOW_MS, seededRandom, signerFrom, UPLOAD_ID } from './support.js';

// Written from docs/security-model.md alone: what a program in another language would do.
const signer = signerFrom('layouts');
const memberId = toBase32(new Uint8Array(32).fill(0x11)) as MemberId;
const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const number = (value: number, bytes: number): Buffer => Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex');
const bytesOf = (id: string): Uint8Array => fromBase32(id) ?? new Uint8Array();
const isSigned = (domain: string, signed: Uint8Array, publicKey: Uint8Array): boolean => {
  const message = Buffer.concat([Buffer.from(domain), signed.subarray(0, -64)]);
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  return verify(null, message, key, signed.subarray(-64));
};

describe('layouts are the documented ones, to the byte', () => {
  it('endorsement', () => {
    const subject = new Uint8Array(32).fill(0x22);
    const bytes = endorse({ memberId, purpose: 'member-ca', subject, validFrom: { epoch: 3, sequence: 4 } }, signer);
    const expected = Buffer.concat([Buffer.of(1, 1), signer.keyId, bytesOf(memberId), number(3, 8), number(4, 8), subject]);
    expect(toHex(bytes.subarray(0, -64))).toBe(expected.toString('hex'));
    expect(isSigned('collective/endorsement/v1\0', bytes, signer.publicKey)).toBe(true);
  });

  it('receipt', () => {
    const clientKeyHash = new Uint8Array(32).fill(0x33);
    const listDigest = new Uint8Array(32).fill(0x44);
    const receipt = {
      nodeId: NODE_ID,
      origin: memberId,
      clientKeyHash,
      uploadId: UPLOAD_ID,
      holdExpiresAtMs: NOW_MS,
      listDigest,
    };
    const bytes = signReceipt(receipt, signer);
    const expected = Buffer.concat([
      Buffer.of(1),
      bytesOf(NODE_ID),
      bytesOf(memberId),
      clientKeyHash,
      bytesOf(UPLOAD_ID),
      number(NOW_MS, 8),
      listDigest,
    ]);
    expect(toHex(bytes.subarray(0, -64))).toBe(expected.toString('hex'));
    expect(isSigned('collective/receipt/v1\0', bytes, signer.publicKey)).toBe(true);
  });

  it('invite, and what the issuer keeps of it', () => {
    const caSha256 = new Uint8Array(32).fill(0x55);
    const fields = { kind: 'client', memberId, caSha256, expiresAtMs: NOW_MS, endpoints: ['a:1', '[::1]:65535'] } as const;
    const made = accept(createInvite(fields, { random: seededRandom('layout'), hasher }));
    const secret = seededRandom('layout').bytes(16);
    const body = Buffer.concat([
      Buffer.of(1, 3),
      bytesOf(memberId),
      caSha256,
      secret,
      number(NOW_MS / 1000, 4),
      Buffer.of(2, 3),
      Buffer.from('a:1'),
      Buffer.of(11),
      Buffer.from('[::1]:65535'),
    ]);
    expect(made.text).toBe(`collective1client${toBase32(Buffer.concat([body, sha256(body).subarray(0, 4)]))}`);
    expect(made.inviteId).toBe(toBase32(sha256('collective/invite-id/v1\0', made.secretHash).subarray(0, 16)));
  });

  it('proof of an invite', () => {
    const made = accept(
      createInvite(
        { kind: 'node', memberId, caSha256: new Uint8Array(32), expiresAtMs: NOW_MS, endpoints: ['a:1'] },
        { random: seededRandom('proof'), hasher },
      ),
    );
    const { secret } = accept(parseInvite(made.text, { kind: 'node', nowMs: 0, hasher }));
    const [serverLeaf, certificateRequest, nonce] = [Buffer.from('leaf'), Buffer.from('request'), Buffer.alloc(32, 7)];
    const proof = proveInvite(secret, { inviteId: made.inviteId, serverLeaf, certificateRequest, nonce }, hasher);
    const rawKey = proof.subarray(0, 32);
    expect(new Uint8Array(sha256(rawKey))).toEqual(made.secretHash);
    const message = Buffer.concat([
      bytesOf(made.inviteId),
      sha256(serverLeaf),
      sha256(certificateRequest),
      nonce,
      proof.subarray(32),
    ]);
    const publicKey = Buffer.concat([signer.publicKey.subarray(0, 12), rawKey]);
    expect(isSigned('collective/enrolment-request/v1\0', message, publicKey)).toBe(true);
  });
});
