import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { Reservations } from '../../../src/coordinator/foreign/reservations.js';
import { originOf } from '../../support/events.js';

const PLEDGED_BYTES = 100;

/** How often one byte may be placed at one moment. */
function placed(reservations: Reservations, nowMs: number, seed = 1): number {
  let count = 0;
  while (reservations.allow(originOf(seed), 1, PLEDGED_BYTES, nowMs)) count += 1;
  return count;
}

describe('what is placed for another member', () => {
  it('is four times its pledge in a day, whatever becomes of it', () => {
    const reservations = new Reservations();
    expect(placed(reservations, 0)).toBe(4 * PLEDGED_BYTES);
    expect(placed(reservations, LIMITS.uploadLifeMs - 1)).toBe(0);
    expect(placed(reservations, LIMITS.uploadLifeMs)).toBe(4 * PLEDGED_BYTES);
  });

  it('takes nothing from what is placed for others', () => {
    const reservations = new Reservations();
    placed(reservations, 0);
    expect(placed(reservations, 0, 2)).toBe(4 * PLEDGED_BYTES);
  });
});
