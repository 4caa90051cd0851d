import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { ForkProofs } from '../../../src/coordinator/peers/fetching/fork-proofs.js';
import { blockOf, firstPlace } from '../../support/blocks.js';
import { hasher, originOf } from '../../support/events.js';

const draft = {
  event: { type: 'MemberRenamed', memberId: originOf(9), name: 'name' },
  actor: 'coordinator',
  request: undefined,
  cause: undefined,
} as const;
const at = (firstSequence: number): Uint8Array => blockOf([draft], { ...firstPlace(), firstSequence }).bytes;

describe('proofs of forks that wait', () => {
  it('one that lies far ahead keeps out none of somebody else', () => {
    const proofs = new ForkProofs(hasher);
    proofs.add(originOf(1), [at(1_000_000), at(1_000_000)]);
    proofs.add(originOf(2), [at(5), at(5)]);
    expect(proofs.take(4)?.memberId).toBe(originOf(2));
    expect(proofs.take(4)).toBeUndefined();
  });

  it('what cannot be read is given out at once, to be refused', () => {
    const proofs = new ForkProofs(hasher);
    proofs.add(originOf(1), [new Uint8Array(10), new Uint8Array(0)]);
    expect(proofs.take(0)?.memberId).toBe(originOf(1));
  });

  it('what is longer than two blocks is not kept', () => {
    const proofs = new ForkProofs(hasher);
    proofs.add(originOf(1), [new Uint8Array(2 * LIMITS.blockBytes), new Uint8Array(2 * LIMITS.blockBytes)]);
    expect(proofs.take(0)).toBeUndefined();
  });

  it('of one member one is kept, and of no more than sixteen members', () => {
    const proofs = new ForkProofs(hasher);
    for (let seed = 1; seed <= 40; seed += 1) proofs.add(originOf(1 + (seed % 20)), [at(5), at(5)]);
    let taken = 0;
    while (proofs.take(4) !== undefined) taken += 1;
    expect(taken).toBe(16);
  });
});
