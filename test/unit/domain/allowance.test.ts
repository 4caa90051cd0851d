import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/base/index.js';
import { Allowances, broughtInAlready } from '../../../src/domain/index.js';

const member = (number: number): MemberId => `${'abcdefgh'[number] ?? 'z'}`.repeat(52) as MemberId;

describe('an allowance', () => {
  it('gives nobody more than there is at once, and what comes back with time', () => {
    const amounts = fc.array(fc.record({ who: fc.nat(2), amount: fc.integer({ min: 1, max: 50 }), laterMs: fc.nat(400) }));
    fc.assert(
      fc.property(amounts, (steps) => {
        const [most, periodMs] = [100, 1000];
        const allowances = new Allowances({ most, periodMs });
        const taken = new Map<number, number>();
        let nowMs = 0;
        for (const { who, amount, laterMs } of steps) {
          nowMs += laterMs;
          if (!allowances.take(member(who), amount, nowMs)) {
            expect(allowances.waitMs(member(who), amount, nowMs)).toBeGreaterThan(0);
            continue;
          }
          taken.set(who, (taken.get(who) ?? 0) + amount);
          expect(taken.get(who)).toBeLessThanOrEqual(most + (most * nowMs) / periodMs + 1e-6);
        }
      }),
    );
  });

  it('is whole again after its period, for each by itself, and what was not used can be given back', () => {
    const allowances = new Allowances({ most: 10, periodMs: 1000 });
    expect(allowances.take(member(1), 10, 0)).toBe(true);
    expect(allowances.take(member(1), 1, 50)).toBe(false);
    expect(allowances.take(member(2), 10, 50)).toBe(true);
    expect(allowances.waitMs(member(1), 1, 50)).toBe(50);
    expect(allowances.take(member(1), 10, 1000)).toBe(true);
    allowances.giveBack(member(1), 10, 1000);
    expect(allowances.left(member(1), 1000)).toBe(10);
    expect(allowances.waitMs(member(1), 11, 1000)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('who came by whom', () => {
  it('is counted for the one whom a person let in, through everybody in between', () => {
    const by = (introducedBy: MemberId | '') => ({ introducedBy });
    const rows = new Map([
      [member(0), by('')],
      [member(1), by(member(0))],
      [member(2), by(member(1))],
      [member(3), by(member(2))],
      [member(4), by('')],
      [member(5), by(member(4))],
    ]);
    expect(broughtInAlready(member(0), rows)).toBe(3);
    expect(broughtInAlready(member(3), rows)).toBe(3);
    expect(broughtInAlready(member(4), rows)).toBe(1);
  });

  it('comes to an end where members say that they brought each other', () => {
    const rows = new Map([
      [member(0), { introducedBy: member(1) }],
      [member(1), { introducedBy: member(0) }],
    ]);
    expect(broughtInAlready(member(0), rows)).toBeLessThanOrEqual(2);
  });
});
