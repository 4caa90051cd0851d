import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import type { DamagedChunk } from '../../../src/chunks/index.js';
import { DamageNews } from '../../../src/node/session/damage-news.js';
import { Outbox } from '../../../src/node/session/outbox.js';
import { ReconnectDelay } from '../../../src/node/session/reconnect-delay.js';
import type { SessionHeartbeat, SessionRequest } from '../../../src/transport/index.js';
import { seededRandom } from '../identity/support.js';
import { chunkId } from '../projections/support.js';

const heartbeat = (chunks: number): SessionHeartbeat => ({
  usedBytes: 0,
  freeBytes: 0,
  chunks,
  storeState: 'ready',
  storeReason: '',
  damagedCopies: 0,
});
const damage = (chunkId: string): SessionRequest => ({
  message: { $case: 'damage', value: { chunks: [{ chunkId, code: 'CHUNK_DAMAGED' }], wholeChunkIds: [] } },
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

describe('news of damaged copies', () => {
  const damaged = (name: string): DamagedChunk => ({ chunkId: chunkId(name), reason: 'altered', foundAtMs: 0 });
  const told = (name: string) => ({ chunkId: chunkId(name), code: 'CHUNK_DAMAGED' });

  it('are told once a session', () => {
    const news = new DamageNews();
    news.begin();
    expect(news.take([damaged('a')])).toEqual([{ chunks: [told('a')], wholeChunkIds: [] }]);
    expect(news.take([damaged('a')])).toEqual([]);
    expect(news.take([damaged('a'), damaged('b')])).toEqual([{ chunks: [told('b')], wholeChunkIds: [] }]);
    news.begin();
    expect(news.take([damaged('b')])).toEqual([{ chunks: [told('b')], wholeChunkIds: [] }]);
  });

  it('of a repaired copy come once, behind those of damage, also where that was never told and a session lies between', () => {
    const news = new DamageNews();
    news.repaired([chunkId('a')]);
    news.begin();
    expect(news.take([damaged('b')])).toEqual([
      { chunks: [told('b')], wholeChunkIds: [] },
      { chunks: [], wholeChunkIds: [chunkId('a')] },
    ]);
    expect(news.take([damaged('b')])).toEqual([]);
  });

  it('of a copy that is damaged again after its repair are told again', () => {
    const news = new DamageNews();
    news.begin();
    news.take([damaged('a')]);
    news.repaired([chunkId('a')]);
    news.take([]);
    expect(news.take([damaged('a')])).toEqual([{ chunks: [told('a')], wholeChunkIds: [] }]);
  });

  it('go out in messages of bounded size', () => {
    const news = new DamageNews();
    const many = Array.from({ length: LIMITS.chunksPerCall + 1 }, (_, index) => damaged(`${index}`));
    news.repaired(many.map(({ chunkId: id }) => id));
    expect(news.take(many).map(({ chunks, wholeChunkIds }) => [chunks.length, wholeChunkIds.length])).toEqual([
      [LIMITS.chunksPerCall, 0],
      [1, 0],
      [0, LIMITS.chunksPerCall],
      [0, 1],
    ]);
  });
});
