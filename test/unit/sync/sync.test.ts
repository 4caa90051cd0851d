import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/base/index.js';
import type { Head } from '../../../src/events/index.js';
import {
  boundMs,
  changedHeads,
  disagreements,
  fanOut,
  isNewer,
  jitteredDelayMs,
  nextStep,
  planPulls,
  pushedRun,
  type Source,
  standingOf,
  withinBound,
} from '../../../src/sync/index.js';

const memberId = (number: number): MemberId => `${'abcdefgh'[number] ?? 'z'}`.repeat(52) as MemberId;
const ORIGIN = memberId(0);
const head = (sequence: number, epoch = 1, hash = sequence % 256): Head => ({
  origin: ORIGIN,
  epoch,
  sequence,
  headerHash: new Uint8Array(32).fill(sequence === 0 ? 0 : hash),
});
const NOTHING = head(0);
const RULES = { rangeEvents: 100 };

/** An empty log is of no epoch. */
const heads = fc
  .record({ sequence: fc.nat(1000), epoch: fc.integer({ min: 1, max: 3 }) })
  .map(({ sequence, epoch }) => head(sequence, sequence === 0 ? 1 : epoch));
const sources = fc.uniqueArray(
  fc.record({
    memberId: fc.nat(7).map(memberId),
    head: heads,
    roundTripMs: fc.option(fc.nat(500), { nil: undefined }),
  }),
  { selector: (source) => source.memberId, maxLength: 6 },
);

describe('what two heads of one log say', () => {
  it('what is ahead on one side is behind on the other by the same number', () => {
    fc.assert(
      fc.property(heads, heads, (left, right) => {
        const there = standingOf(left, right);
        const here = standingOf(right, left);
        const opposite = { level: 'level', ahead: 'behind', behind: 'ahead', forked: 'forked' } as const;
        if (there.kind === 'later-epoch') expect(here.kind).toBe('earlier-epoch');
        else if (there.kind === 'earlier-epoch') expect(here.kind).toBe('later-epoch');
        else expect(here).toEqual({ ...there, kind: opposite[there.kind] });
      }),
    );
  });

  it('another block at the same place of the same epoch is a fork', () => {
    expect(standingOf(head(7, 1, 1), head(7, 1, 2)).kind).toBe('forked');
    expect(standingOf(head(7, 1, 1), head(7, 1, 1)).kind).toBe('level');
  });

  it('of two different heads of one log, one is newer or they stand at the same event', () => {
    fc.assert(
      fc.property(heads, heads, (left, right) => {
        const same = left.epoch === right.epoch && left.sequence === right.sequence;
        expect(isNewer(left, right) !== isNewer(right, left)).toBe(!same);
      }),
    );
  });

  it('only heads that were not told as they are now are told again', () => {
    const told = new Map([[ORIGIN, head(5)]]);
    expect(changedHeads([head(5)], told)).toEqual([]);
    expect(changedHeads([head(6)], told)).toEqual([head(6)]);
    expect(changedHeads([head(5, 2)], told)).toEqual([head(5, 2)]);
  });
});

describe('what is asked of whom', () => {
  it('ranges begin where the copy ends, do not overlap, leave no gap, and are held by who is asked for them', () => {
    fc.assert(
      fc.property(heads, sources, (ours, theirs) => {
        const pulls = planPulls(ours, theirs, RULES);
        expect(pulls.length).toBeLessThanOrEqual(2);
        let next = ours.sequence + 1;
        for (const { fromSequence, toSequence, memberId: asked } of pulls) {
          expect(fromSequence).toBe(next);
          const source = theirs.find((each) => each.memberId === asked);
          expect(isNewer(source?.head ?? NOTHING, ours)).toBe(true);
          if (toSequence === undefined) {
            expect(pulls.at(-1)?.fromSequence).toBe(fromSequence);
            break;
          }
          next = toSequence + 1;
        }
        expect(new Set(pulls.map((pull) => pull.memberId)).size).toBe(pulls.length);
      }),
    );
  });

  it('somebody is asked exactly while somebody has more', () => {
    fc.assert(
      fc.property(heads, sources, (ours, theirs) => {
        const more = theirs.some((source) => ['ahead', 'later-epoch'].includes(standingOf(source.head, ours).kind));
        expect(planPulls(ours, theirs, RULES).length > 0).toBe(more);
      }),
    );
  });

  it('the owner is asked before others, then the nearest', () => {
    const far: Source = { memberId: memberId(1), head: head(50), roundTripMs: 90 };
    const near: Source = { memberId: memberId(2), head: head(40), roundTripMs: 9 };
    const owner: Source = { memberId: ORIGIN, head: head(45), roundTripMs: 300 };
    expect(planPulls(NOTHING, [far, near, owner], RULES)[0]?.memberId).toBe(ORIGIN);
    expect(planPulls(NOTHING, [far, near], RULES)[0]?.memberId).toBe(near.memberId);
  });

  it('a log that is known to be forked takes nothing but a later epoch', () => {
    fc.assert(
      fc.property(heads, sources, (ours, theirs) => {
        const step = nextStep(ours, true, theirs, RULES);
        const later = theirs.some((source) => standingOf(source.head, ours).kind === 'later-epoch');
        expect(step.kind).toBe(later ? 'follow-epoch' : 'nothing');
      }),
    );
  });

  it('who holds another block at the same place is compared with', () => {
    const other: Source = { memberId: memberId(1), head: head(7, 1, 1), roundTripMs: undefined };
    expect(nextStep(head(7, 1, 2), false, [other], RULES)).toEqual({ kind: 'compare', memberId: other.memberId });
  });

  it('a later epoch that ends before what is held is followed, not pulled', () => {
    const other: Source = { memberId: memberId(1), head: head(5, 2), roundTripMs: undefined };
    expect(nextStep(head(7), false, [other], RULES)).toEqual({ kind: 'follow-epoch', memberId: other.memberId });
  });
});

describe('blocks that come without being asked for', () => {
  it('follow where they begin no later than right after the copy, and bring something new', () => {
    expect(pushedRun({ firstSequence: 8, lastSequence: 9 }, head(7))).toBe('follows');
    expect(pushedRun({ firstSequence: 6, lastSequence: 9 }, head(7))).toBe('follows');
    expect(pushedRun({ firstSequence: 6, lastSequence: 7 }, head(7))).toBe('held');
    expect(pushedRun({ firstSequence: 9, lastSequence: 9 }, head(7))).toBe('gap');
  });

  it('are taken up to a bound, in epoch and in sequence', () => {
    const bound = { epoch: 2, sequence: 10 };
    expect(withinBound({ epoch: 2, lastSequence: 10 }, bound)).toBe(true);
    expect(withinBound({ epoch: 1, lastSequence: 9 }, bound)).toBe(true);
    expect(withinBound({ epoch: 2, lastSequence: 11 }, bound)).toBe(false);
    expect(withinBound({ epoch: 3, lastSequence: 10 }, bound)).toBe(false);
    expect(withinBound({ epoch: 3, lastSequence: 99 }, undefined)).toBe(true);
  });
});

describe('who gets a new block', () => {
  const rules = { pushToAllUpTo: 16, pushedOfMore: 6, smallBytes: 1024 };
  const peers = fc.uniqueArray(
    fc.record({ memberId: fc.string({ minLength: 1 }).map((id) => id as MemberId), order: fc.nat() }),
    {
      selector: (peer) => peer.memberId,
      maxLength: 40,
    },
  );

  it('everybody is served once: all at once up to sixteen, six at once of more', () => {
    fc.assert(
      fc.property(peers, fc.integer({ min: 1025, max: 100_000 }), (all, bytes) => {
        const { pushed, announced } = fanOut(all, bytes, rules);
        expect([...pushed, ...announced].toSorted()).toEqual(all.map((peer) => peer.memberId).toSorted());
        expect(pushed.length).toBe(all.length <= 16 ? all.length : 6);
      }),
    );
  });

  it('a block that is smaller than the talk about it goes to everybody', () => {
    fc.assert(
      fc.property(peers, fc.integer({ min: 0, max: 1024 }), (all, bytes) => {
        expect(fanOut(all, bytes, rules).announced).toEqual([]);
      }),
    );
  });
});

describe('states of views', () => {
  const mark = (sequence: number, hash: number, version = 1) => ({
    origin: ORIGIN,
    position: { epoch: 1, sequence },
    views: [
      { name: 'namespace', projectionVersion: version, stateHash: new Uint8Array(32).fill(hash) },
      { name: 'nodes', projectionVersion: 1, stateHash: new Uint8Array(32) },
    ],
  });

  it('disagree where the same version of a view is different at the same event', () => {
    expect(disagreements(mark(5, 1), mark(5, 2))).toEqual([{ view: 'namespace', projectionVersion: 1 }]);
    expect(disagreements(mark(5, 1), mark(5, 1))).toEqual([]);
  });

  it('are not compared at different events or in different versions', () => {
    expect(disagreements(mark(5, 1), mark(6, 2))).toEqual([]);
    expect(disagreements(mark(5, 1, 1), mark(5, 2, 2))).toEqual([]);
  });
});

describe('waits after failures', () => {
  it('grow up to a bound, and are never longer than it', () => {
    const rules = { minMs: 250, maxMs: 30_000 };
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, fraction) => {
          const delayMs = jitteredDelayMs(failures, fraction, rules);
          expect(delayMs).toBeLessThanOrEqual(boundMs(failures, rules));
          expect(boundMs(failures + 1, rules)).toBeGreaterThanOrEqual(boundMs(failures, rules));
          expect(boundMs(failures, rules)).toBeLessThanOrEqual(rules.maxMs);
        },
      ),
    );
  });
});
