import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/base/index.js';
import { Releases } from '../../../src/coordinator/foreign/releases.js';
import { SimTime, SimTimers } from '../../simulation/ports/index.js';

const BOB = 'bob' as MemberId;
const CAROL = 'carol' as MemberId;
const { signal } = new AbortController();

describe('Releases at a member', () => {
  it('are over before whoever asks it for a place goes on, and hold up nobody who asks another', async () => {
    const releases = new Releases();
    const order: string[] = [];
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const release = releases.during(BOB, signal, async () => {
      await answered;
      order.push('released');
    });
    const asked = releases.isOver(BOB, signal).then(() => order.push('asked bob'));
    await releases.isOver(CAROL, signal).then(() => order.push('asked carol'));
    answer();
    await Promise.all([release, asked]);
    expect(order).toEqual(['asked carol', 'released', 'asked bob']);
  });

  it('that fail tell only who began them', async () => {
    const releases = new Releases();
    const failing = releases.during(BOB, signal, () => Promise.reject(new Error('no answer')));
    const waiting = releases.isOver(BOB, signal);
    await expect(failing).rejects.toThrow('no answer');
    expect(await waiting).toBe(true);
    expect(await releases.isOver(BOB, signal)).toBe(true);
  });

  it('hold up nobody who has given up, or for longer than he would wait', async () => {
    const releases = new Releases();
    const stop = new AbortController();
    let answer = (): void => undefined;
    const release = releases.during(BOB, signal, () => new Promise<void>((resolve) => (answer = resolve)));
    const waiting = releases.isOver(BOB, stop.signal);
    stop.abort();
    expect(await waiting).toBe(false);
    const time = new SimTime();
    const timers = new SimTimers(time);
    let over: boolean | undefined;
    await time.run(async () => {
      over = await releases.isOver(BOB, signal, { timers, timeoutMs: 5000 });
    });
    expect([over, time.nowMs]).toEqual([false, 5000]);
    answer();
    await release;
  });
});
