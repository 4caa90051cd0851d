import { expect } from 'vitest';
import { CollectiveError } from '../../../src/base/index.js';
import type { ByteStream } from '../../../src/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import type { Rule } from '../../support/rules.js';
import { deferred, StreamReader } from '../../support/streams.js';
import type { NetworkFixture } from './fixture.js';

const MiB = 1024 * 1024;
/** More than the buffers of both ends of a connection take. */
const LONGEST = 24 * MiB;
const PATTERN = Buffer.alloc(LONGEST);
for (let offset = 0; offset < LONGEST; offset += 4) PATTERN.writeUInt32LE(Math.imul(offset, 2_654_435_761) >>> 0, offset);

/** So many bytes, different at every place. */
const pattern = (bytes: number): Uint8Array => PATTERN.subarray(0, bytes);

/** What a Network promises of its streams. */
export const streamRules: readonly Rule<NetworkFixture>[] = [
  [
    'bytes arrive whole, in order, both ways',
    async (subject) => {
      const { near, far } = await subject.pair();
      const [atNear, atFar] = [new StreamReader(near), new StreamReader(far)];
      const sent = pattern(3 * MiB + 17);
      await Promise.all([near.write([sent]), far.write([sent.subarray(0, MiB)])]);
      await Promise.all([atFar.has(sent.length), atNear.has(MiB)]);
      expect(Buffer.compare(atFar.bytes, sent)).toBe(0);
      expect(Buffer.compare(atNear.bytes, sent.subarray(0, MiB))).toBe(0);
    },
  ],

  [
    'parts of every size, empty ones too, arrive as one run of bytes',
    async (subject) => {
      const { near, far } = await subject.pair();
      const atFar = new StreamReader(far);
      const body = pattern(40_000);
      await near.write([]);
      await near.write([pattern(12), body, new Uint8Array(), pattern(5), pattern(7)]);
      await atFar.has(40_024);
      expect(Buffer.compare(atFar.bytes, Buffer.concat([pattern(12), body, pattern(5), pattern(7)]))).toBe(0);
    },
  ],

  [
    'what was sent before start is delivered by start, before the close',
    async (subject) => {
      const { near, far } = await subject.pair();
      await near.write([pattern(200_000)]);
      near.end();
      const atFar = new StreamReader(far);
      expect(await atFar.closed()).toBeUndefined();
      expect(Buffer.compare(atFar.bytes, pattern(200_000))).toBe(0);
    },
  ],

  [
    'nothing is delivered during a pause, and everything after it',
    async (subject) => {
      const { near, far } = await subject.pair();
      const atFar = new StreamReader(far);
      await near.write([pattern(1000)]);
      await atFar.has(1000);
      far.pause();
      const writing = near.write([pattern(8 * MiB)]);
      const echo = new StreamReader(near);
      await far.write([pattern(10)]);
      await echo.has(10);
      expect(atFar.received).toBe(1000);
      far.resume();
      await writing;
      await atFar.has(1000 + 8 * MiB);
      expect(Buffer.compare(atFar.bytes.subarray(1000), pattern(8 * MiB))).toBe(0);
    },
  ],

  [
    'a reader that stands still holds the writer back',
    async (subject) => {
      const { near, far } = await subject.pair();
      const atFar = new StreamReader(far);
      far.pause();
      const writing = near.write([pattern(LONGEST)]);
      let written = false;
      const settled = writing.then(() => {
        written = true;
      });
      const echo = new StreamReader(near);
      await far.write([pattern(10)]);
      await echo.has(10);
      expect(written).toBe(false);
      expect(near.queuedBytes).toBeGreaterThan(0);
      far.resume();
      await settled;
      await atFar.has(LONGEST);
      expect(near.queuedBytes).toBe(0);
    },
  ],

  [
    'end sends what is queued, then both ends close without an error',
    async (subject) => {
      const { near, far } = await subject.pair();
      const [atNear, atFar] = [new StreamReader(near), new StreamReader(far)];
      const writing = near.write([pattern(2 * MiB)]);
      near.end();
      await writing;
      expect(await atFar.closed()).toBeUndefined();
      expect(await atNear.closed()).toBeUndefined();
      expect(atFar.received).toBe(2 * MiB);
      expect([atNear.closes, atFar.closes]).toEqual([1, 1]);
    },
  ],

  [
    'destroy gives its error to its own end, and the other end learns of the cut',
    async (subject) => {
      const { near, far } = await subject.pair();
      const [atNear, atFar] = [new StreamReader(near), new StreamReader(far)];
      await Promise.all([near.write([pattern(10)]), far.write([pattern(10)])]);
      await Promise.all([atNear.has(10), atFar.has(10)]);
      const reason = new CollectiveError('PROTOCOL_ERROR', 'enough');
      near.destroy(reason);
      expect(await atNear.closed()).toBe(reason);
      await atFar.closed();
      expect([atNear.closes, atFar.closes]).toEqual([1, 1]);
    },
  ],

  [
    'writing to a closed stream is refused',
    async (subject) => {
      const { near, far } = await subject.pair();
      const [atNear, atFar] = [new StreamReader(near), new StreamReader(far)];
      near.destroy();
      await Promise.all([atNear.closed(), atFar.closed()]);
      expect(await failureOf(near.write([pattern(10)]))).toBeInstanceOf(CollectiveError);
      const after = await failureOf(far.write([pattern(10)]));
      expect(after).toBeInstanceOf(CollectiveError);
    },
  ],

  [
    'a write that the other end never took is refused when the stream breaks',
    async (subject) => {
      const { near, far } = await subject.pair();
      const atNear = new StreamReader(near);
      const atFar = new StreamReader(far);
      far.pause();
      const writing = failureOf(near.write([pattern(LONGEST)]));
      await far.write([pattern(10)]);
      await atNear.has(10);
      near.destroy();
      expect(await writing).toBeInstanceOf(CollectiveError);
      far.resume();
      await atFar.closed();
    },
  ],

  [
    'what a handler throws closes that stream, with what was thrown',
    async (subject) => {
      const { near, far } = await subject.pair();
      const reason = new CollectiveError('PROTOCOL_ERROR', 'a bad frame');
      const closed = deferred<Error | undefined>();
      far.start({
        onBytes: () => {
          throw reason;
        },
        onClose: (error) => closed.resolve(error),
      });
      const atNear = new StreamReader(near);
      await near.write([pattern(10)]);
      expect(await closed.promise).toBe(reason);
      expect(await atNear.closed()).toBeInstanceOf(Error);
    },
  ],

  [
    'closing a listener closes what it accepted, and then nothing answers there',
    async (subject) => {
      const { near, far, listener } = await subject.pair();
      const [atNear, atFar] = [new StreamReader(near), new StreamReader(far)];
      await listener.close();
      await Promise.all([atNear.closed(), atFar.closed()]);
      expect(told(await failureOf(subject.dial(listener.port)))).toMatch(/^NODE_UNREACHABLE:/);
    },
  ],

  [
    'an address where nothing listens is unreachable',
    async (subject) => {
      const { listener } = await subject.listen();
      await listener.close();
      const failure = await failureOf(subject.dial(listener.port));
      expect(told(failure)).toContain(`NODE_UNREACHABLE: ${subject.host}:${listener.port} `);
    },
  ],

  [
    'an address that is taken cannot be bound again',
    async (subject) => {
      const { listener } = await subject.listen();
      expect(told(await failureOf(subject.listen({ port: listener.port })))).toMatch(/^CONFIG_INVALID:/);
    },
  ],

  [
    'an aborted signal cancels the connecting',
    async (subject) => {
      const { listener } = await subject.listen();
      const connecting = (signal: AbortSignal): Promise<ByteStream> =>
        subject.network.connect({
          host: subject.host,
          port: listener.port,
          credentials: subject.client,
          timeoutMs: 5000,
          signal,
        });
      expect(told(await failureOf(connecting(AbortSignal.abort())))).toMatch(/^CANCELLED:/);
      const controller = new AbortController();
      const attempt = failureOf(connecting(controller.signal));
      controller.abort();
      expect(told(await attempt)).toMatch(/^CANCELLED:/);
    },
  ],

  [
    'more connections than the maximum are refused, and room is made by closing one',
    async (subject) => {
      const { listener, accepted, refusal } = await subject.listen({ connectionsMax: 1 });
      const [first, far] = await Promise.all([subject.dial(listener.port), accepted()]);
      const [atFirst, atFar] = [new StreamReader(first), new StreamReader(far)];
      expect(told(await failureOf(subject.dial(listener.port)))).toMatch(/^NODE_UNREACHABLE:/);
      expect(told(await refusal)).toMatch(/^LIMIT_EXCEEDED:/);
      first.end();
      await Promise.all([atFirst.closed(), atFar.closed()]);
      const [again] = await Promise.all([subject.dial(listener.port), accepted()]);
      expect(again.peer.leaf).toEqual(subject.node.leaf);
    },
  ],
];
