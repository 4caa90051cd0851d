import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { SourceFaults } from '../../../src/coordinator/peers/fetching/source-faults.js';
import { originOf } from '../../support/events.js';

const LIAR = originOf(1);

describe('whom not to ask for a log', () => {
  it('whoever tells of a later epoch and does not show it is asked ever more seldom, up to once in ten minutes', () => {
    const clock = { ms: 0, nowMs: () => clock.ms, monotonicMs: () => clock.ms };
    const faults = new SourceFaults(clock);
    const waits: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      faults.failed(LIAR);
      faults.unproven(LIAR);
      expect(faults.blocked(LIAR)).toBe(true);
      const waitMs = faults.waitMs() ?? 0;
      waits.push(waitMs);
      clock.ms += waitMs;
      expect(faults.blocked(LIAR)).toBe(false);
    }
    expect(waits[0]).toBe(LIMITS.peerRefusalMinMs);
    expect(waits).toEqual(waits.toSorted((left, right) => left - right));
    expect(waits.at(-1)).toBe(LIMITS.peerRefusalMaxMs);
    faults.worked(LIAR);
    expect(faults.waitMs()).toBeUndefined();
  });
});
