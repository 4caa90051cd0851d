import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../../src/base/index.js';
import { Quorum } from '../../../src/coordinator/witnesses/quorum.js';

const [a, b, c, d] = ['a', 'b', 'c', 'd'] as NodeId[] as [NodeId, NodeId, NodeId, NodeId];

describe('what enough witnesses hold', () => {
  it('is everything while none are required', () => {
    expect(new Quorum({ keepers: [], required: 0 }).settledSequence).toBe(Number.POSITIVE_INFINITY);
  });

  it('is what as many as are required have said to hold, whoever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }), fc.integer({ min: 1, max: 3 }), (held, required) => {
        const quorum = new Quorum({ keepers: [a, b, c], required });
        for (const [index, nodeId] of [a, b, c].entries()) quorum.note(nodeId, held[index] ?? 0);
        quorum.note(d, 1000);
        const settled = quorum.settledSequence;
        expect(held.filter((sequence) => sequence >= settled).length).toBeGreaterThanOrEqual(required);
        expect(held.filter((sequence) => sequence > settled).length).toBeLessThan(required);
      }),
    );
  });

  it('of a change of witnesses, is held by enough of those before and of those after it', () => {
    const quorum = new Quorum({ keepers: [a], required: 1 });
    quorum.note(a, 9);
    quorum.change({ keepers: [b, c], required: 1 }, 10, false);
    quorum.note(b, 10);
    expect(quorum.settledSequence).toBe(9);
    expect([...quorum.members].sort()).toEqual([a, b, c]);
    quorum.note(a, 10);
    expect(quorum.settledSequence).toBe(10);
    quorum.note(b, 12);
    expect(quorum.settledSequence).toBe(12);
    expect([...quorum.members].sort()).toEqual([b, c]);
  });

  it('does not wait for those before where an operator says that they are lost', () => {
    const quorum = new Quorum({ keepers: [a], required: 1 });
    quorum.change({ keepers: [b], required: 1 }, 10, true);
    quorum.note(b, 10);
    expect(quorum.settledSequence).toBe(10);
  });

  it('does not wait for who is gone for good', () => {
    const quorum = new Quorum({ keepers: [a, b, c], required: 2 });
    expect([quorum.required, quorum.answersNeeded]).toEqual([2, 2]);
    quorum.note(a, 5);
    quorum.lose(b);
    quorum.lose(c);
    expect(quorum.settledSequence).toBe(5);
    expect([quorum.required, quorum.answersNeeded]).toEqual([1, 1]);
  });
});
