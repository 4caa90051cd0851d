import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, type MemberId, toBase32 } from '../../../src/base/index.js';
import { openReceipt, type Receipt, type ReceiptCheck, signReceipt } from '../../../src/identity/index.js';
import { flipBit, NODE_ID, NOW_MS, OTHER_NODE_ID, OTHER_UPLOAD_ID, signerFrom, UPLOAD_ID, verifier } from './support.js';

const signer = signerFrom('node');
const receipt: Receipt = {
  nodeId: NODE_ID,
  origin: toBase32(new Uint8Array(32).fill(1)) as MemberId,
  clientKeyHash: new Uint8Array(32).fill(2),
  uploadId: UPLOAD_ID,
  holdExpiresAtMs: NOW_MS + 1000,
  listDigest: new Uint8Array(32).fill(3),
};
const check: ReceiptCheck = {
  verifier,
  nodePublicKey: signer.publicKey,
  nodeId: NODE_ID,
  origin: receipt.origin,
  clientKeyHash: receipt.clientKeyHash,
  uploadId: UPLOAD_ID,
  listDigest: receipt.listDigest,
  nowMs: NOW_MS,
};

describe('receipts', () => {
  it('a receipt opens as what the node signed, and has 195 bytes', () => {
    const bytes = signReceipt(receipt, signer);
    expect(bytes).toHaveLength(195);
    expect(accept(openReceipt(bytes, check))).toEqual(receipt);
  });

  it('a receipt about anything else than the commit is refused, each in its own words', () => {
    const bytes = signReceipt(receipt, signer);
    const cases: readonly (readonly [Partial<ReceiptCheck>, string])[] = [
      [{ nodeId: OTHER_NODE_ID }, 'of another node'],
      [{ nodePublicKey: signerFrom('other node').publicKey }, 'not signed by the key of node'],
      [{ origin: toBase32(new Uint8Array(32)) as MemberId }, "another member's chunks"],
      [{ clientKeyHash: new Uint8Array(32) }, 'another client'],
      [{ uploadId: OTHER_UPLOAD_ID }, 'another upload'],
      [{ listDigest: new Uint8Array(32) }, 'another list'],
      [{ nowMs: receipt.holdExpiresAtMs }, 'too old'],
    ];
    for (const [changed, words] of cases) {
      const opened = openReceipt(bytes, { ...check, ...changed });
      expect(opened.ok ? '' : opened.error.code).toBe('RECEIPT_INVALID');
      expect(opened.ok ? '' : opened.error.message).toContain(words);
    }
  });

  it('altered, cut, lengthened or random bytes never pass and never throw', () => {
    const bytes = signReceipt(receipt, signer);
    for (let index = 0; index < bytes.length; index += 1) {
      expect(openReceipt(flipBit(bytes, index), check).ok).toBe(false);
      expect(openReceipt(bytes.subarray(0, index), check).ok).toBe(false);
    }
    expect(openReceipt(Uint8Array.of(...bytes, 0), check).ok).toBe(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (random) => !openReceipt(random, check).ok));
  });
});
