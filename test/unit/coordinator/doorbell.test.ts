import { describe, expect, it } from 'vitest';
import { Doorbell } from '../../../src/coordinator/doorbell.js';
import { SimTime, SimTimers } from '../../simulation/ports/index.js';

/** In virtual time: how long a wait took. */
async function waited(act: (bell: Doorbell, timers: SimTimers, stop: AbortController) => Promise<void>): Promise<number> {
  const time = new SimTime();
  const timers = new SimTimers(time);
  await time.run(() => act(new Doorbell(), timers, new AbortController()));
  return time.nowMs;
}

describe('A doorbell', () => {
  it('wakes whoever waits when it is rung', async () => {
    const tookMs = await waited(async (bell, timers, { signal }) => {
      timers.after(700, () => bell.ring());
      await bell.wait(signal, { timers, timeoutMs: 5000 });
    });
    expect(tookMs).toBe(700);
  });

  it('keeps a ring for the next wait until it is answered', async () => {
    const tookMs = await waited(async (bell, timers, { signal }) => {
      bell.ring();
      await bell.wait(signal, { timers, timeoutMs: 5000 });
      bell.answer();
      await bell.wait(signal, { timers, timeoutMs: 40 });
    });
    expect(tookMs).toBe(40);
  });

  it('ends the wait when the signal aborts, also one that has aborted before', async () => {
    const tookMs = await waited(async (bell, timers, stop) => {
      timers.after(300, () => stop.abort());
      await bell.wait(stop.signal);
      await bell.wait(stop.signal);
    });
    expect(tookMs).toBe(300);
  });
});
