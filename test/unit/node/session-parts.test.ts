import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { Outbox } from '../../../src/node/session/outbox.js';
import { ReconnectDelay } from '../../../src/node/session/reconnect-delay.js';
import type { SessionHeartbeat, SessionRequest } from '../../../src/transport/index.js';
import { seededRandom } from '../identity/support.js';

const heartbeat = (chunks: number): SessionHeartbeat => ({
  usedBytes: 0,
  freeBytes: 0,
  chunks,
  storeState: 'ready',
  storeReason: '',
  damagedCopies: 0,
});
const damage = (chunkId: string): SessionRequest => ({
  message: { $case: 'damage', value: { chunks: [{ chunkId, code: 'CHUNK_DAMAGED' }] } },
});

describe('dialling again', () => {
  it('every wait is within its bound, the bound doubles up to the most, and there is always another', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 200 }), (seed, failures) => {
        const delay = new ReconnectDelay(seededRandom(seed));
        for (let failure = 0; failure < failures; failure += 1) {
          const waitMs = delay.nextMs();
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThanOrEqual(Math.min(LIMITS.reconnectDelayMaxMs, LIMITS.reconnectDelayMinMs * 2 ** failure));
        }
        delay.reset();
        expect(delay.nextMs()).toBeLessThanOrEqual(LIMITS.reconnectDelayMinMs);
      }),
    );
  });

  it('waits of different nodes are spread over the whole bound', () => {
    const waits = Array.from({ length: 200 }, (_, seed) => {
      const delay = new ReconnectDelay(seededRandom(`node ${seed}`));
      for (let failure = 0; failure < 10; failure += 1) delay.nextMs();
      return delay.nextMs();
    });
    expect(Math.min(...waits)).toBeLessThan(LIMITS.reconnectDelayMaxMs * 0.1);
    expect(Math.max(...waits)).toBeGreaterThan(LIMITS.reconnectDelayMaxMs * 0.9);
  });
});

describe('what a node has to say', () => {
  it('goes out in order, and of heartbeats that wait only the last', async () => {
    const outbox = new Outbox();
    outbox.heartbeat(heartbeat(1));
    outbox.push(damage('a'));
    outbox.heartbeat(heartbeat(2));
    outbox.push(damage('b'));
    const messages = outbox[Symbol.asyncIterator]();
    const taken = [await messages.next(), await messages.next(), await messages.next()].map(({ value }) => value);
    expect(taken).toEqual([damage('a'), damage('b'), { message: { $case: 'heartbeat', value: heartbeat(2) } }]);
  });

  it('wakes whoever waits for it, and ends when it is ended', async () => {
    const outbox = new Outbox();
    const messages = outbox[Symbol.asyncIterator]();
    const waiting = messages.next();
    outbox.push(damage('a'));
    expect((await waiting).value).toEqual(damage('a'));
    const last = messages.next();
    outbox.end();
    expect((await last).done).toBe(true);
  });

  it('is bounded: a coordinator that takes nothing is given up', () => {
    const outbox = new Outbox();
    for (let count = 0; count < LIMITS.sessionMessagesQueued; count += 1) outbox.push(damage('a'));
    expect(() => {
      outbox.push(damage('a'));
    }).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});
