import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS, type MemberId } from '../../../src/base/index.js';
import type { PutTicket } from '../../../src/identity/index.js';
import { TicketBudgets } from '../../../src/node/tickets/ticket-budgets.js';
import { NODE_ID, NOW_MS, UPLOAD_ID } from '../identity/support.js';

const OWN = 'a'.repeat(52) as MemberId;

const ticket = (id: number, byteBudget: number, expiresAtMs = NOW_MS + 1000): PutTicket => ({
  kind: 'put',
  origin: OWN,
  nodeId: NODE_ID,
  clientKeyHash: new Uint8Array(32),
  expiresAtMs,
  ticketId: Uint8Array.of(id),
  revocationPosition: 0,
  uploadId: UPLOAD_ID,
  byteBudget,
});

describe('the budget of a put ticket', () => {
  it('never lets in more than it says, whatever is asked in whatever order', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.array(fc.record({ bytes: fc.nat(300), fails: fc.boolean() })), (budget, asked) => {
        const budgets = new TicketBudgets(OWN);
        const own = ticket(1, budget);
        let received = 0;
        for (const { bytes, fails } of asked) {
          try {
            budgets.spend(own, bytes, NOW_MS);
          } catch (error) {
            expect(error).toMatchObject({ code: 'TICKET_INVALID' });
            expect(received + bytes).toBeGreaterThan(budget);
            continue;
          }
          if (fails) budgets.refund(own, bytes);
          else received += bytes;
        }
        expect(received).toBeLessThanOrEqual(budget);
      }),
    );
  });

  it('is counted for each ticket alone', () => {
    const budgets = new TicketBudgets(OWN);
    budgets.spend(ticket(1, 100), 100, NOW_MS);
    budgets.spend(ticket(2, 100), 100, NOW_MS);
    expect(() => {
      budgets.spend(ticket(1, 100), 1, NOW_MS);
    }).toThrow(expect.objectContaining({ code: 'TICKET_INVALID' }));
  });

  it('is remembered for a bounded number of tickets; those that are over make room, others do not', () => {
    const budgets = new TicketBudgets(OWN, 2);
    budgets.spend(ticket(1, 100), 1, NOW_MS);
    budgets.spend(ticket(2, 100), 1, NOW_MS);
    expect(() => {
      budgets.spend(ticket(3, 100), 1, NOW_MS);
    }).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
    budgets.spend(ticket(2, 100), 1, NOW_MS);
    const laterMs = NOW_MS + 1000 + LIMITS.clockSkewMs;
    budgets.spend(ticket(3, 100, laterMs + 1000), 1, laterMs);
    expect(() => {
      budgets.spend(ticket(3, 100), 100, laterMs);
    }).toThrow(expect.objectContaining({ code: 'TICKET_INVALID' }));
  });

  it('of another member is one of a quarter of all at most, so that the own member always has room', () => {
    const budgets = new TicketBudgets(OWN, 8);
    const origin = 'b'.repeat(52) as MemberId;
    const foreign = (id: number): PutTicket => ({ ...ticket(id, 10), origin });
    budgets.spend(foreign(1), 1, NOW_MS);
    budgets.spend(foreign(2), 1, NOW_MS);
    budgets.spend(foreign(2), 1, NOW_MS);
    expect(() => budgets.spend(foreign(3), 1, NOW_MS)).toThrow('Too many tickets');
    for (let id = 4; id < 10; id += 1) budgets.spend(ticket(id, 10), 1, NOW_MS);
    expect(() => budgets.spend(ticket(10, 10), 1, NOW_MS)).toThrow('Too many tickets');
    budgets.spend(foreign(3), 1, NOW_MS + 1000 + LIMITS.clockSkewMs);
  });
});
