import { expect } from 'vitest';
import type { Clock, Timers } from '../../../src/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';

export interface TimeSubject {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Timers count whole milliseconds. */
const ROUNDING_MS = 1;

const LONGEST_NODE_TIMER_MS = 2 ** 31 - 1;

/** What every Clock and every Timers promise, together. */
export const timeRules: readonly Rule<TimeSubject>[] = [
  [
    'the wall clock counts milliseconds since 1970',
    async ({ clock }) => {
      const now = clock.nowMs();
      expect(Number.isSafeInteger(now)).toBe(true);
      expect(new Date(now).getUTCFullYear()).toBeGreaterThanOrEqual(2024);
    },
  ],
  [
    'the monotonic clock never goes back, and a sleep takes at least its time',
    async ({ clock, timers }) => {
      let before = clock.monotonicMs();
      for (const durationMs of [0, 1, 5, 20]) {
        await timers.sleep(durationMs);
        const after = clock.monotonicMs();
        expect(after - before).toBeGreaterThanOrEqual(durationMs - ROUNDING_MS);
        before = after;
      }
    },
  ],
  [
    'sleeps end in the order of their durations',
    async ({ timers }) => {
      const ended: number[] = [];
      const sleeping = [30, 10, 20].map((durationMs) => timers.sleep(durationMs).then(() => ended.push(durationMs)));
      await Promise.all(sleeping);
      expect(ended).toEqual([10, 20, 30]);
    },
  ],
  [
    'a sleep is cancelled as soon as its signal aborts',
    async ({ timers }) => {
      const controller = new AbortController();
      const sleeping = failureOf(timers.sleep(3_600_000, controller.signal));
      await timers.sleep(1);
      controller.abort();
      expect(told(await sleeping)).toMatch(/^CANCELLED:/);
      expect(told(await failureOf(timers.sleep(3_600_000, AbortSignal.abort())))).toMatch(/^CANCELLED:/);
    },
  ],
  [
    'a signal that aborts after the sleep is nothing',
    async ({ timers }) => {
      const controller = new AbortController();
      await timers.sleep(1, controller.signal);
      controller.abort();
      await expect(timers.sleep(1)).resolves.toBeUndefined();
    },
  ],
  [
    'a task runs once after its delay, or never when it is cancelled first',
    async ({ timers }) => {
      const ran: string[] = [];
      timers.after(5, () => ran.push('once'));
      const cancelled = timers.after(5, () => ran.push('cancelled'));
      cancelled.cancel();
      cancelled.cancel();
      expect(ran).toEqual([]);
      await timers.sleep(20);
      expect(ran).toEqual(['once']);
    },
  ],
  [
    'a delay of months is not over at once',
    async ({ timers }) => {
      const ran: string[] = [];
      const controller = new AbortController();
      const task = timers.after(LONGEST_NODE_TIMER_MS * 3, () => ran.push('task'));
      const sleeping = failureOf(timers.sleep(LONGEST_NODE_TIMER_MS * 3, controller.signal).then(() => ran.push('sleep')));
      await timers.sleep(20);
      expect(ran).toEqual([]);
      task.cancel();
      controller.abort();
      expect(told(await sleeping)).toMatch(/^CANCELLED:/);
    },
  ],
];
