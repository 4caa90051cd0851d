import { describe, expect, it } from 'vitest';
import { SystemClock, SystemTimers } from '../../../src/runtime/index.js';
import { failureOf, told } from '../../support/failures.js';
import { holdRules } from '../../support/rules.js';
import { SimClock, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { timeRules } from './rules.js';

describe("this machine's clock and timers", () => {
  holdRules(timeRules, (body) => body({ clock: new SystemClock(), timers: new SystemTimers() }));
});

describe('simulated clock and timers', () => {
  holdRules(timeRules, (body) => {
    const time = new SimTime();
    return time.run(() => body({ clock: new SimClock(time), timers: new SimTimers(time) }));
  });

  it('years pass at once, and exactly', async () => {
    const time = new SimTime();
    await time.run(() => new SimTimers(time).sleep(10 * 365 * 24 * 3600 * 1000));
    expect(time.nowMs).toBe(10 * 365 * 24 * 3600 * 1000);
  });

  it('time stands still but for what is advanced, and what is due at once happens in order', async () => {
    const time = new SimTime();
    const timers = new SimTimers(time);
    const ended: string[] = [];
    const note = (name: string) => () => {
      ended.push(`${name}@${time.nowMs}`);
    };
    const sleeping = [timers.sleep(20).then(note('b')), timers.sleep(10).then(note('a')), timers.sleep(20).then(note('c'))];
    const nested = timers.sleep(10).then(() => timers.sleep(5).then(note('nested')));
    await time.advance(9);
    expect(ended).toEqual([]);
    await time.advance(11);
    await Promise.all([...sleeping, nested]);
    expect(ended).toEqual(['a@10', 'nested@15', 'b@20', 'c@20']);
    expect(time.nowMs).toBe(20);
  });

  it('the wall clock may jump, the monotonic one does not', () => {
    const clock = new SimClock(new SimTime(), Date.UTC(2030, 0, 1));
    clock.jump(-24 * 3600 * 1000);
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([Date.UTC(2029, 11, 31), 0]);
  });

  it('what the body throws comes out of the run', async () => {
    const time = new SimTime();
    const attempt = time.run(async () => {
      await new SimTimers(time).sleep(1);
      throw new RangeError('no');
    });
    expect(told(await failureOf(attempt))).toBe('RangeError: no');
  });
});
