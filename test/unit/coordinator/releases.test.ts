import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../../src/base/index.js';
import { Releases } from '../../../src/coordinator/foreign/releases.js';

const BOB = 'bob' as MemberId;
const CAROL = 'carol' as MemberId;

describe('Releases at a member', () => {
  it('are over before whoever asks it for a place goes on, and hold up nobody who asks another', async () => {
    const releases = new Releases();
    const order: string[] = [];
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const release = releases.during(BOB, async () => {
      await answered;
      order.push('released');
    });
    const asked = releases.settled(BOB).then(() => order.push('asked bob'));
    await releases.settled(CAROL).then(() => order.push('asked carol'));
    answer();
    await Promise.all([release, asked]);
    expect(order).toEqual(['asked carol', 'released', 'asked bob']);
  });

  it('that fail tell only who began them', async () => {
    const releases = new Releases();
    const failing = releases.during(BOB, () => Promise.reject(new Error('no answer')));
    await expect(releases.settled(BOB)).resolves.toBeUndefined();
    await expect(failing).rejects.toThrow('no answer');
    await expect(releases.settled(BOB)).resolves.toBeUndefined();
  });
});
