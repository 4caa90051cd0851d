import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { encodeFrame, FRAME } from '../../../src/transport/chunk-protocol/frames.js';
import { encodeHello, encodePut, encodeTicket, OWN_HELLO } from '../../../src/transport/chunk-protocol/messages.js';
import { ALICE, bytesOf, entryOf, UPLOAD } from '../../conformance/chunk-store/fixture.js';
import { SimClock, SimNetwork, SimTime, SimTimers } from '../../simulation/ports/index.js';
import { failureOf, told } from '../../support/failures.js';
import { StreamReader } from '../../support/streams.js';
import { options, ProtocolFixture } from './fixture.js';

/** Runs the body in virtual time, with the network whose links it may cut. */
function simulated(body: (fixture: ProtocolFixture, network: SimNetwork, time: SimTime) => Promise<void>): Promise<void> {
  const time = new SimTime();
  const clock = new SimClock(time, Date.now());
  const network = new SimNetwork({ time, clock });
  const world = {
    network: { node: network.from('node'), client: network.from('client') },
    clock,
    timers: new SimTimers(time),
    host: 'node',
  };
  return time.run(async () => {
    const fixture = await ProtocolFixture.create(world);
    await body(fixture, network, time);
    await fixture.close();
  });
}

const hello = encodeFrame(FRAME.hello, 0, encodeHello(OWN_HELLO));

describe('time in the chunk protocol', () => {
  it('closes a connection that never says hello', () =>
    simulated(async (fixture, _network, time) => {
      const reader = new StreamReader(await fixture.dial());
      const startMs = time.nowMs;
      await reader.closed();
      expect(time.nowMs - startMs).toBeLessThan(LIMITS.handshakeTimeoutMs + 10_000);
      expect(Buffer.from(reader.bytes).toString('latin1')).toContain('DEADLINE_EXCEEDED');
    }));

  it('closes a connection that is idle for long, and not one that is used', () =>
    simulated(async (fixture, _network, time) => {
      const used = await fixture.connect();
      const idle = await fixture.connect();
      const startMs = time.nowMs;
      while (idle.usable) {
        await fixture.world.timers.sleep(20_000);
        await used.ping(options);
      }
      expect(told(await idle.closed)).toMatch(/^DEADLINE_EXCEEDED/);
      expect(time.nowMs - startMs).toBeGreaterThanOrEqual(LIMITS.connectionIdleMs);
      expect(used.usable).toBe(true);
    }));

  it('takes the buffer from a sender that stops in the middle of a chunk', () =>
    simulated(async (fixture) => {
      const entry = entryOf(bytesOf(1_000_000, 1));
      const stream = await fixture.dial();
      const reader = new StreamReader(stream);
      await stream.write([
        hello,
        encodeFrame(FRAME.ticket, 1, encodeTicket({ slot: 0, ticket: fixture.ticket({ kind: 'put' }), label: '', chunks: [] })),
        encodeFrame(FRAME.put, 2, encodePut({ slot: 0, chunk: entry })),
        encodeFrame(FRAME.data, 2, new Uint8Array(1000)),
      ]);
      await reader.closed();
      expect(Buffer.from(reader.bytes).toString('latin1')).toContain('Nothing moved');
      expect(fixture.server.connections).toBe(0);
    }));

  it('gives up at the deadline of a request when the node is cut off, and frees what it used', () =>
    simulated(async (fixture, network, time) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const content = bytesOf(1_000_000, 1);
      network.partition('client', 'node');
      expect(told(await failureOf(connection.put(slot, entryOf(content), content, { ...options, timeoutMs: 3000 })))).toMatch(
        /^(NODE_UNREACHABLE|DEADLINE_EXCEEDED)/,
      );
      expect(time.nowMs).toBeLessThan(60_000);
      expect(connection.usable).toBe(false);
    }));

  it('answers a request that the node works on too long with DEADLINE_EXCEEDED', () =>
    simulated(async (fixture) => {
      const connection = await fixture.connect();
      const slot = await fixture.showPut(connection);
      const holder = await fixture.connect();
      const holding = await fixture.showPut(holder);
      const content = bytesOf(4_000_000, 1);
      // Every buffer of that size is taken: the node waits, the client need not.
      const never = new AbortController().signal;
      const taken = await Promise.all(
        Array.from({ length: LIMITS.chunkBuffersLarge }, () =>
          fixture.store.receive({ origin: ALICE, uploadId: UPLOAD, ...entryOf(content) }, never),
        ),
      );
      expect(told(await failureOf(connection.put(slot, entryOf(content), content, { ...options, timeoutMs: 3000 })))).toMatch(
        /^DEADLINE_EXCEEDED/,
      );
      for (const incoming of taken) incoming.discard();
      await holder.put(holding, entryOf(content), content, options);
      expect(await holder.held(holding, [entryOf(content)], options)).toEqual([true]);
    }));
});
