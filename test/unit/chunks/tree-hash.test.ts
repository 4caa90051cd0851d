import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isChunkId, LIMITS } from '../../../src/base/index.js';
import {
  chunkIdBytes,
  chunkIdFromBytes,
  chunkIdOf,
  chunkIdOfOwned,
  chunkIdOfLeaves,
  leafHashes,
  LeafReceiver,
  leavesCovering,
  proofHashCount,
  proveRange,
  verifyRange,
} from '../../../src/chunks/index.js';
import { hasher, patternedBytes } from './support.js';

const sha = (...parts: readonly Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962 section 2.1, written down a second time, from the text. */
function referenceTop(leaves: readonly Uint8Array[]): Buffer {
  const first = leaves[0];
  if (leaves.length === 1 && first !== undefined) return sha(Uint8Array.of(0), first);
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  return sha(Uint8Array.of(1), referenceTop(leaves.slice(0, left)), referenceTop(leaves.slice(left)));
}

function referenceId(bytes: Uint8Array): string {
  const leaves: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += 65_536) leaves.push(bytes.subarray(offset, offset + 65_536));
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes.length));
  return `01${sha(Uint8Array.of(2), length, referenceTop(leaves)).toString('hex')}`;
}

const lengths = fc.oneof(
  fc.integer({ min: 1, max: 12 * LIMITS.leafBytes }),
  fc.integer({ min: 1, max: 12 }).map((leaves) => leaves * LIMITS.leafBytes),
);

describe('the tree hash', () => {
  it('keeps the ids that were published', () => {
    expect(chunkIdOf(hasher, Uint8Array.of(0))).toBe('01ee8acb9cb20eaf4b807ef586e552774d803cc3dd837bf26e9f509500cc2604bd');
    const sixLeaves = Uint8Array.from({ length: 5 * 65_536 + 17 }, (_, index) => (index * index) % 251);
    expect(chunkIdOf(hasher, sixLeaves)).toBe('012144edc51835f791fe923cf17200d460f5e7506622b82e609738cd67d2e7f453');
  });

  it('follows the document, for every number of leaves', () => {
    fc.assert(
      fc.property(lengths, fc.integer(), (length, seed) => {
        const bytes = patternedBytes(length, seed);
        const id = chunkIdOf(hasher, bytes);
        expect(id).toBe(referenceId(bytes));
        expect(isChunkId(id)).toBe(true);
        expect(chunkIdFromBytes(chunkIdBytes(id))).toBe(id);
        const before = bytes.slice();
        expect(chunkIdOfOwned(hasher, bytes)).toBe(id);
        expect(Buffer.compare(bytes, before)).toBe(0);
        expect(chunkIdOfLeaves(hasher, leafHashes(hasher, bytes), length)).toBe(id);
      }),
      { numRuns: 30 },
    );
  });

  it('gives a chunk of zeros and a longer one of zeros different ids', () => {
    expect(chunkIdOf(hasher, new Uint8Array(10))).not.toBe(chunkIdOf(hasher, new Uint8Array(11)));
  });

  it('refuses to call other bytes a chunk id', () => {
    expect(chunkIdFromBytes(new Uint8Array(33))).toBeUndefined();
    expect(chunkIdFromBytes(Uint8Array.of(1))).toBeUndefined();
  });
});

describe('leaves that arrive in pieces', () => {
  it('give the same id however they are cut', () => {
    fc.assert(
      fc.property(lengths, fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 30 }), (length, cuts) => {
        const bytes = patternedBytes(length, 7);
        const receiver = new LeafReceiver(hasher, new Uint8Array(length + 4096), length);
        for (let offset = 0, turn = 0; offset < length; turn += 1) {
          const end = Math.min(length, offset + (cuts[turn % cuts.length] ?? 1));
          receiver.append(bytes.subarray(offset, end));
          offset = end;
        }
        expect(receiver.complete).toBe(true);
        expect(receiver.chunkId()).toBe(chunkIdOf(hasher, bytes));
        expect(Buffer.compare(receiver.bytes, bytes)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('never grow beyond what was announced', () => {
    const receiver = new LeafReceiver(hasher, new Uint8Array(10), 3);
    receiver.append(new Uint8Array(2));
    expect(() => receiver.append(new Uint8Array(2))).toThrow(/more bytes/);
    expect(() => receiver.chunkId()).toThrow(/before the last/);
  });
});

describe('a range proof', () => {
  const claims = fc
    .record({
      length: lengths,
      seed: fc.integer(),
      from: fc.double({ min: 0, max: 0.999, noNaN: true }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ length, seed, from, part }) => {
      const bytes = patternedBytes(length, seed);
      const offset = Math.floor(from * length);
      const covered = leavesCovering(length, offset, Math.max(1, Math.floor(part * (length - offset))));
      const proof = proveRange(hasher, leafHashes(hasher, bytes), covered.firstLeaf, covered.leaves);
      return {
        covered,
        claim: {
          id: chunkIdOf(hasher, bytes),
          chunkLength: length,
          firstLeaf: covered.firstLeaf,
          proof,
          bytes: bytes.slice(covered.offset, covered.offset + covered.bytes),
        },
      };
    });

  it('holds for every run of leaves of every chunk, and has the announced size', () => {
    fc.assert(
      fc.property(claims, ({ claim, covered }) => {
        expect(verifyRange(hasher, claim)).toBe(true);
        expect(claim.proof.length).toBe(32 * proofHashCount(claim.chunkLength, covered.firstLeaf, covered.leaves));
        expect(claim.proof.length).toBeLessThanOrEqual(32 * 12);
      }),
      { numRuns: 30 },
    );
  });

  it('fails when a bit of the bytes, the proof or the id is flipped', () => {
    fc.assert(
      fc.property(claims, fc.nat(), ({ claim }, place) => {
        const bytes = claim.bytes.slice();
        const at = place % (bytes.length * 8);
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(verifyRange(hasher, { ...claim, bytes })).toBe(false);
        const proof = claim.proof.slice();
        const bit = place % Math.max(1, proof.length * 8);
        proof[bit >> 3] = (proof[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(verifyRange(hasher, { ...claim, proof })).toBe(proof.length === 0);
        expect(verifyRange(hasher, { ...claim, id: chunkIdOf(hasher, Uint8Array.of(1)) })).toBe(false);
      }),
      { numRuns: 30 },
    );
  });

  it('fails for another place, another length, and a shorter or longer run', () => {
    fc.assert(
      fc.property(claims, ({ claim }) => {
        expect(verifyRange(hasher, { ...claim, firstLeaf: claim.firstLeaf + 1 })).toBe(false);
        expect(verifyRange(hasher, { ...claim, firstLeaf: -1 })).toBe(false);
        expect(verifyRange(hasher, { ...claim, chunkLength: claim.chunkLength + 1 })).toBe(false);
        expect(verifyRange(hasher, { ...claim, chunkLength: Number.NaN })).toBe(false);
        expect(verifyRange(hasher, { ...claim, bytes: claim.bytes.subarray(1) })).toBe(false);
        expect(verifyRange(hasher, { ...claim, bytes: new Uint8Array(0) })).toBe(false);
        expect(verifyRange(hasher, { ...claim, proof: new Uint8Array(claim.proof.length + 32) })).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
});
