import { describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import { Settling } from '../../../src/coordinator/witnesses/settling.js';
import { SimTime, SimTimers } from '../../simulation/ports/index.js';

const outcome = (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => 'settled',
    (error: unknown) => (error instanceof CollectiveError ? error.code : String(error)),
  );

describe('waiting for witnesses', () => {
  it('ends for everybody up to what they hold, and goes on for the rest', async () => {
    const settling = new Settling(new SimTimers(new SimTime()), () => undefined);
    const [first, second] = [outcome(settling.wait(3)), outcome(settling.wait(5))];
    settling.reached(4);
    expect(await first).toBe('settled');
    settling.reached(5);
    expect(await second).toBe('settled');
  });

  it('ends after a bounded time, and says whom it waited for in vain', async () => {
    const time = new SimTime();
    const late: number[] = [];
    const settling = new Settling(new SimTimers(time), (sequence) => late.push(sequence));
    const waiting = outcome(settling.wait(7));
    await time.advance(LIMITS.witnessPatienceMs + 1);
    expect(await waiting).toBe('WITNESSES_UNREACHABLE');
    expect(late).toEqual([7]);
    const again = outcome(settling.wait(7));
    settling.reached(7);
    expect(await again).toBe('settled');
  });

  it('ends at once when the coordinator stops', async () => {
    const settling = new Settling(new SimTimers(new SimTime()), () => undefined);
    const waiting = outcome(settling.wait(1));
    settling.end(new CollectiveError('UNAVAILABLE', 'stopping'));
    expect([await waiting, await outcome(settling.wait(1))]).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
  });
});
