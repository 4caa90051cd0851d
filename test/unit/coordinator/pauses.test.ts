import { expect, it } from 'vitest';
import { CollectiveError, LIMITS, type MemberId } from '../../../src/base/index.js';
import { Pauses } from '../../../src/coordinator/foreign/pauses.js';

const memberId = 'a'.repeat(52) as MemberId;
const other = 'b'.repeat(52) as MemberId;

function pauses() {
  const time = { nowMs: 0 };
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  return { time, pauses: new Pauses(clock) };
}

it('a member that used up what its calls may add to the log is let be until some of it is back, and nobody else', () => {
  const { time, pauses: all } = pauses();
  const usedUp = new CollectiveError('LIMIT_EXCEEDED', 'That is used up.', { details: { waitMs: 40_000 } });
  expect(all.failed(memberId, usedUp)).toBe(40_000);
  expect(all.isDue(other)).toBe(true);
  time.nowMs = 39_999;
  expect(all.isDue(memberId)).toBe(false);
  time.nowMs = 40_000;
  expect(all.isDue(memberId)).toBe(true);
});

it('a member with which something goes wrong is let be twice as long each time, an hour at most, until all is well again', () => {
  const { pauses: all } = pauses();
  const failure = new CollectiveError('IO_FAILED', 'A disk failed.');
  const waits = Array.from({ length: 20 }, () => all.failed(memberId, failure));
  expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(waits.at(-1)).toBe(LIMITS.keptMendMaxMs);
  const never = new CollectiveError('LIMIT_EXCEEDED', 'More than there ever is.', { details: { waitMs: 1e15 } });
  expect(all.failed(memberId, never)).toBe(LIMITS.keptMendMaxMs);
  all.over(memberId);
  expect(all.isDue(memberId)).toBe(true);
  expect(all.failed(memberId, failure)).toBe(1_000);
});
