import { describe, expect, it } from 'vitest';
import { refusalFinding } from '../../../src/coordinator/peers/reaching/refused-there.js';

const nowMs = 1_763_000_000_000;
const of = (standing: 'applied' | 'suspended' | 'removed' | 'refused', chunks = 0) =>
  refusalFinding({ name: 'carol', there: { standing, sinceMs: nowMs - 60_000 }, ours: { chunks, bytes: chunks * 1000 }, nowMs });

describe('a member that does not admit this one', () => {
  it('is waited for without alarm where it only has to approve', () => {
    expect(of('applied')).toMatchObject({
      code: 'not-approved-there',
      severity: 'notice',
      message: 'carol has not approved you yet, for 1 min.',
    });
  });

  it('is named with how this one stands there, since when, and what of ours lies there', () => {
    expect(of('suspended', 12).message).toBe(
      'carol does not admit you any more: you are suspended there, for 1 min. 12 chunks of yours (12.0 kB) lie there and cannot be had.',
    );
    expect(of('removed', 1).message).toContain('1 chunk of yours (1.00 kB) lies there');
    expect(of('refused')).toMatchObject({
      code: 'not-admitted-there',
      severity: 'warning',
      message: 'carol does not admit you: you are refused there, for 1 min.',
    });
  });

  it('says nothing of since when where that is not known, or is in the future by the own clock', () => {
    for (const sinceMs of [0, nowMs + 5]) {
      const there = { standing: 'suspended', sinceMs } as const;
      expect(refusalFinding({ name: 'carol', there, ours: undefined, nowMs }).message).toBe(
        'carol does not admit you any more: you are suspended there.',
      );
    }
  });
});
