import { describe, expect, it } from 'vitest';
import type { MemberId, NodeId } from '../../../src/base/index.js';
import { planMembers, planWitnesses, requiredOf, type WitnessCandidate } from '../../../src/domain/index.js';

const node = (name: string): NodeId => name as NodeId;
const at = (name: string, diskId: string, present = true): WitnessCandidate => ({ nodeId: node(name), diskId, present });
const nobody = { nodeIds: [], byOperator: false };

const plan = (
  candidates: readonly WitnessCandidate[],
  current: { nodeIds: readonly NodeId[]; byOperator: boolean } = nobody,
  gone: readonly string[] = [],
) => planWitnesses({ current, candidates, gone: new Set(gone.map(node)), ownDiskId: 'own' });

describe('who keeps the log', () => {
  it('is nobody while there is no node', () => {
    expect(plan([])).toEqual([]);
    expect(requiredOf(0)).toBe(0);
  });

  it('is one node of each other disk first, then more of these, then nodes of the own disk, up to three', () => {
    expect(plan([at('a', 'own'), at('b', 'x'), at('c', 'x'), at('d', 'y'), at('e', 'z')]).toSorted()).toEqual(
      ['c', 'd', 'e'].map(node),
    );
    expect(plan([at('a', 'own'), at('b', 'x'), at('c', 'x')]).toSorted()).toEqual(['a', 'b', 'c'].map(node));
  });

  it('is asked of nodes that are here only, but nobody is dropped for being away', () => {
    const current = { nodeIds: [node('a'), node('b')], byOperator: false };
    expect(plan([at('a', 'x', false), at('c', 'y', false)], current)).toEqual(current.nodeIds);
  });

  it('gives the place of a node on a disk that others cover to one on a disk that has none', () => {
    const current = { nodeIds: [node('a'), node('b'), node('c')], byOperator: false };
    const there = [at('a', 'own'), at('b', 'x'), at('c', 'y'), at('d', 'z')];
    expect(plan(there, current).toSorted()).toEqual(['b', 'c', 'd'].map(node));
    expect(plan([...there.slice(0, 3), at('d', 'own')], current)).toEqual(current.nodeIds);
  });

  it('loses who is gone for good, also where a person had named them', () => {
    const current = { nodeIds: [node('a'), node('b')], byOperator: true };
    expect(plan([at('a', 'x'), at('b', 'y'), at('c', 'z')], current, ['a'])).toEqual([node('b')]);
  });

  it('is left as a person has named it', () => {
    const current = { nodeIds: [node('a')], byOperator: true };
    expect(plan([at('a', 'own'), at('b', 'x'), at('c', 'y')], current)).toEqual(current.nodeIds);
  });

  it('any answers that are asked for at a start include one that holds whatever was acknowledged', () => {
    for (let witnesses = 1; witnesses <= 8; witnesses += 1) {
      const required = requiredOf(witnesses);
      const answers = witnesses - required + 1;
      expect(required + answers).toBeGreaterThan(witnesses);
      expect(required).toBeGreaterThan(0);
    }
    expect([1, 2, 3].map(requiredOf)).toEqual([1, 1, 2]);
  });
});

describe('which other members keep the log', () => {
  const [bob, carol, dora, emil] = ['bob', 'carol', 'dora', 'emil'] as MemberId[] as [MemberId, MemberId, MemberId, MemberId];
  const members = (
    here: readonly MemberId[],
    { named = [] as readonly MemberId[], onAnotherDisk = false, byOperator = false } = {},
  ) => planMembers({ current: { members: named, byOperator }, here, gone: new Set(), onAnotherDisk });

  it('is three of them where no node on another disk does, so that one may be away', () => {
    expect(members([bob, carol, dora, emil])).toEqual([bob, carol, dora]);
  });

  it('is nobody while there are fewer, or a node on another disk, or a person has chosen', () => {
    expect(members([bob, carol])).toEqual([]);
    expect(members([bob, carol, dora], { onAnotherDisk: true })).toEqual([]);
    expect(members([bob, carol, dora], { byOperator: true })).toEqual([]);
  });

  it('stays as it is for whoever is named', () => {
    expect(members([], { named: [bob], byOperator: true })).toEqual([bob]);
    expect(members([carol, dora, emil], { named: [bob, carol, dora] })).toEqual([bob, carol, dora]);
    expect(members([bob], { named: [bob], onAnotherDisk: true })).toEqual([bob]);
  });
});
