import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { ChunkArena, type Lease } from '../../../src/client/flow/chunk-arena.js';
import { Permits } from '../../../src/client/flow/permits.js';
import { TaskGroup } from '../../../src/client/flow/task-group.js';
import { eachUntilAborted, untilAborted } from '../../../src/client/flow/until-aborted.js';
import { signal } from './support/world.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A promise and what settles it. */
function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Value>((accept, refuse) => {
    resolve = accept;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

describe('permits', () => {
  it('never hand out more than there are, and serve everybody', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 30 }),
        async (capacity, weights) => {
          const permits = new Permits(capacity);
          let inUse = 0;
          let served = 0;
          const tasks = weights.map((weight) =>
            permits.run(weight, signal, async () => {
              inUse += Math.min(weight, capacity);
              expect(inUse).toBeLessThanOrEqual(capacity);
              await turn();
              inUse -= Math.min(weight, capacity);
              served += 1;
            }),
          );
          await Promise.all(tasks);
          expect(served).toBe(weights.length);
          expect(permits.inUse).toBe(0);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('give a heavy request its turn before lighter ones that came later', async () => {
    const permits = new Permits(4);
    const order: string[] = [];
    const first = deferred<void>();
    const running = [
      permits.run(3, signal, () => first.promise),
      permits.run(4, signal, async () => void order.push('heavy')),
      permits.run(1, signal, async () => void order.push('light')),
    ];
    await turn();
    expect(order).toEqual([]);
    first.resolve();
    await Promise.all(running);
    expect(order).toEqual(['heavy', 'light']);
  });

  it('let a waiter go that gave up, and the next one pass', async () => {
    const permits = new Permits(2);
    const first = deferred<void>();
    const controller = new AbortController();
    const holding = permits.run(1, signal, () => first.promise);
    const waiting = permits.run(2, controller.signal, () => Promise.resolve());
    const next = permits.run(1, signal, () => Promise.resolve('passed'));
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await next).toBe('passed');
    first.resolve();
    await holding;
    expect(permits.inUse).toBe(0);
  });
});

describe('a task group', () => {
  it('aborts the others when one fails, waits for them, and throws the first failure', async () => {
    const group = new TaskGroup(signal);
    let ended = false;
    group.spawn(async () => {
      await new Promise<void>((resolve) => group.signal.addEventListener('abort', () => resolve()));
      await turn();
      ended = true;
      throw new Error('later');
    });
    group.spawn(() => Promise.reject(new Error('first')));
    await expect(group.join()).rejects.toThrow('first');
    expect(ended).toBe(true);
  });

  it('waits for tasks that its tasks spawn', async () => {
    const group = new TaskGroup(signal);
    let done = 0;
    group.spawn(async () => {
      await turn();
      group.spawn(async () => {
        await turn();
        done += 1;
      });
    });
    await group.join();
    expect(done).toBe(1);
  });

  it('ends as cancelled with its outer signal', async () => {
    const controller = new AbortController();
    const group = new TaskGroup(controller.signal);
    group.spawn(() => untilAborted(new Promise<void>(() => undefined), group.signal));
    controller.abort();
    await expect(group.join()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('the chunk arena', () => {
  const arenaOf = (slabs: number, onPressure: () => void = () => undefined): ChunkArena =>
    new ChunkArena({ slabs, allocate: (bytes) => new Uint8Array(bytes), onPressure });

  it('never lends one byte twice, and lends again what came back', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: LIMITS.chunkBytesLarge }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 4 }), async (lengths, slabs) => {
        const arena = arenaOf(slabs);
        const open: Lease[] = [];
        const overlap = (left: Uint8Array, right: Uint8Array): boolean =>
          left.buffer === right.buffer &&
          left.byteOffset < right.byteOffset + right.length &&
          right.byteOffset < left.byteOffset + left.length;
        for (const length of lengths) {
          const asked = arena.lease(length, signal);
          if (arena.waiting > 0) for (const lease of open.splice(0)) lease.release();
          const lease = await asked;
          expect(lease.bytes.length).toBe(length);
          expect(lease.padded.length % 4096).toBe(0);
          expect(lease.bytes.byteOffset % 4096).toBe(0);
          expect(open.some((other) => overlap(other.padded, lease.padded))).toBe(false);
          open.push(lease);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('says when somebody has to wait, and serves in order', async () => {
    let pressed = 0;
    const arena = arenaOf(1, () => {
      pressed += 1;
    });
    const whole = await arena.lease(LIMITS.chunkBytesLarge, signal);
    const order: number[] = [];
    const waiting = [1, 2].map(async (number) => {
      const lease = await arena.lease(LIMITS.chunkBytesLarge, signal);
      order.push(number);
      lease.release();
    });
    expect(pressed).toBe(2);
    whole.release();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2]);
  });

  it('refuses a buffer that comes back twice', async () => {
    const lease = await arenaOf(1).lease(10, signal);
    lease.release();
    expect(() => lease.release()).toThrow('twice');
  });

  it('lets a waiter go that gave up', async () => {
    const arena = arenaOf(1);
    const whole = await arena.lease(LIMITS.chunkBytesLarge, signal);
    const controller = new AbortController();
    const waiting = arena.lease(1, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    whole.release();
    expect((await arena.lease(1, signal)).bytes.length).toBe(1);
  });
});

describe('items until aborted', () => {
  it('pass through to the last one', async () => {
    async function* three(): AsyncGenerator<number> {
      yield* [1, 2, 3];
    }
    const seen: number[] = [];
    for await (const item of eachUntilAborted(three(), signal)) seen.push(item);
    expect(seen).toEqual([1, 2, 3]);
  });

  it('close their source when the consumer stops', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<number> {
      try {
        for (;;) yield 1;
      } finally {
        closed = true;
      }
    }
    for await (const item of eachUntilAborted(endless(), signal)) if (item === 1) break;
    await turn();
    expect(closed).toBe(true);
  });
});
