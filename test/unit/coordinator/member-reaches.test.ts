import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { type ConnectionSince, MemberReaches } from '../../../src/coordinator/foreign/member-reaches.js';
import { SimClock, SimTime } from '../../simulation/ports/time.js';
import { memberId } from '../projections/support.js';

const BOB = memberId('bob');

function reaches(connection: ConnectionSince['connection'], calls: { readonly away?: boolean; readonly refused?: boolean } = {}) {
  const clock = new SimClock(new SimTime());
  const sinceMs = clock.nowMs();
  const now = { connection, there: undefined, awaySinceMs: sinceMs };
  return (awayForMs = 0): MemberReaches =>
    new MemberReaches({
      clock,
      trust: { of: () => undefined },
      calls: { isAway: () => calls.away === true, refuses: () => calls.refused === true },
      connectionOf: () => ({ ...now, awaySinceMs: sinceMs - awayForMs }),
    });
}

describe('why a member cannot be reached', () => {
  it('is that it does not let this one in, by its session or by its last answer', () => {
    for (const reach of [reaches('not-admitted'), reaches('away', { refused: true }), reaches('connected', { refused: true })]) {
      expect(reach().of(BOB)).toBe('not-admitted');
      expect(reach().isLongGone(BOB)).toBe(true);
    }
  });

  it('is that it is away where nobody answers, for long or not', () => {
    expect(reaches('away')().of(BOB)).toBe('away');
    expect(reaches('connected', { away: true })().of(BOB)).toBe('away');
    expect(reaches('away')(LIMITS.chunkPatienceMs).isLongGone(BOB)).toBe(false);
    expect(reaches('away')(LIMITS.chunkPatienceMs + 1).isLongGone(BOB)).toBe(true);
    expect(reaches('connected', { away: true })(LIMITS.chunkPatienceMs + 1).isLongGone(BOB)).toBe(false);
  });

  it('is for good where this one has parted with it', () => {
    expect(reaches('cut')().of(BOB)).toBe('away');
    expect(reaches('cut')().isLongGone(BOB)).toBe(true);
  });
});
