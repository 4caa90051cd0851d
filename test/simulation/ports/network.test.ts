import { beforeAll, describe, expect, it } from 'vitest';
import type { ByteStream, Network, TlsCredentials } from '../../../src/ports/index.js';
import { createAuthority, createCredentials } from '../../support/certificates.js';
import { failureOf, told } from '../../support/failures.js';
import { deferred, StreamReader } from '../../support/streams.js';
import { SeededRandom, SimClock, SimNetwork, SimTime } from './index.js';

const PORT = 7000;

describe('the simulated network', () => {
  let node: TlsCredentials;
  let client: TlsCredentials;

  beforeAll(async () => {
    const authority = await createAuthority();
    node = await createCredentials(authority, { role: 'node' });
    client = await createCredentials(authority, { role: 'client' });
  });

  interface World {
    readonly time: SimTime;
    readonly network: SimNetwork;
    readonly dial: () => Promise<ByteStream>;
    readonly accepted: Promise<ByteStream>;
  }

  const world = (seed: number, body: (world: World) => Promise<void>, cutChance = 0): Promise<void> => {
    const time = new SimTime();
    const random = new SeededRandom(seed);
    const network = new SimNetwork({ time, clock: new SimClock(time, Date.now()), random, cutChance });
    const accepted = deferred<ByteStream>();
    const options = { host: 'node', port: PORT, credentials: node, connectionsMax: 4, handshakeTimeoutMs: 1000 };
    const dialler: Network = network.from('client');
    return time.run(async () => {
      await network.from('node').listen(options, (stream) => accepted.resolve(stream));
      await body({
        time,
        network,
        accepted: accepted.promise,
        dial: () =>
          dialler.connect({
            host: 'node',
            port: PORT,
            credentials: client,
            timeoutMs: 5000,
            signal: new AbortController().signal,
          }),
      });
    });
  };

  it('the same seed delivers the same pieces at the same times', async () => {
    const trace = async (seed: number): Promise<string> => {
      const pieces: string[] = [];
      await world(seed, async ({ time, dial, accepted }) => {
        const [near, far] = await Promise.all([dial(), accepted]);
        const all = deferred<void>();
        let left = 500_000;
        far.start({
          onBytes: (bytes) => {
            pieces.push(`${time.nowMs}:${bytes.length}`);
            left -= bytes.length;
            if (left === 0) all.resolve();
          },
          onClose: () => undefined,
        });
        await near.write([new Uint8Array(500_000)]);
        await all.promise;
      });
      return pieces.join(' ');
    };
    expect(await trace(1)).toBe(await trace(1));
    expect(await trace(1)).not.toBe(await trace(2));
  });

  it('a cut breaks what is open, at both ends, and the next connection works', () =>
    world(1, async ({ network, dial, accepted }) => {
      const [near, far] = await Promise.all([dial(), accepted]);
      const [atNear, atFar] = [new StreamReader(near), new StreamReader(far)];
      await near.write([new Uint8Array(10)]);
      await atFar.has(10);
      network.cut('client', 'node');
      expect(told(await atNear.closed())).toMatch(/^NODE_UNREACHABLE:/);
      expect(told(await atFar.closed())).toMatch(/^NODE_UNREACHABLE:/);
      expect((await dial()).remote).toBe('node:7000');
    }));

  it('a partition lets nothing through until it is healed, and dialling takes the whole timeout', () =>
    world(1, async ({ time, network, dial }) => {
      network.partition('node', 'client');
      const startMs = time.nowMs;
      expect(told(await failureOf(dial()))).toMatch(/^NODE_UNREACHABLE: .*in time/);
      expect(time.nowMs - startMs).toBe(5000);
      network.heal('client', 'node');
      expect((await dial()).remote).toBe('node:7000');
    }));

  it('a killed host is gone with its listeners and connections', () =>
    world(1, async ({ network, dial, accepted }) => {
      const [near] = await Promise.all([dial(), accepted]);
      const reader = new StreamReader(near);
      network.killHost('node');
      expect(told(await reader.closed())).toMatch(/^NODE_UNREACHABLE:/);
      expect(told(await failureOf(dial()))).toMatch(/^NODE_UNREACHABLE: .*ECONNREFUSED/);
    }));

  it('with a chance of cuts, connections break in the middle, and what arrived is a beginning of what was sent', async () => {
    const sent = new SeededRandom(1).bytes(300_000);
    const received: number[] = [];
    for (let seed = 0; seed < 10; seed += 1) {
      const run = async ({ dial, accepted }: World): Promise<void> => {
        const [near, far] = await Promise.all([dial(), accepted]);
        const reader = new StreamReader(far);
        const writing = near.write([sent]).then(
          () => near.end(),
          (error: unknown) => error,
        );
        await Promise.all([reader.closed(), writing]);
        expect(Buffer.compare(reader.bytes, sent.subarray(0, reader.received))).toBe(0);
        received.push(reader.received);
      };
      await world(seed, run, 0.05);
    }
    expect(received.filter((bytes) => bytes < sent.length).length).toBeGreaterThan(3);
    expect(new Set(received).size).toBeGreaterThan(3);
  });
});
