import { describe, expect, it } from 'vitest';
import { CollectiveError, type MemberId } from '../../../src/base/index.js';
import { Dialler } from '../../../src/coordinator/peers/reaching/dialler.js';
import { Links } from '../../../src/coordinator/peers/session/links.js';
import type { PeerMember } from '../../../src/identity/index.js';
import { SimTime, SimTimers } from '../../simulation/ports/index.js';
import { MemoryLogger } from '../../support/rpc.js';
import { TestPool } from '../../support/peers/peer-member.js';
import { createMember } from '../identity/support.js';

const OWN = 'a'.repeat(52) as MemberId;

describe('dialling other members', () => {
  const dialling = async (reason: () => CollectiveError) => {
    const { memberId, ca } = await createMember('bob');
    const bob = (): PeerMember => ({ memberId, ca, endpoints: ['127.0.0.1:1'] });
    const time = new SimTime();
    const pool = new TestPool();
    pool.set(bob());
    const tries: number[] = [];
    const dialler = new Dialler({
      own: OWN,
      peers: pool,
      links: new Links(OWN, { opened: () => undefined, closed: () => undefined }),
      session: () => {
        tries.push(time.nowMs);
        return Promise.reject(reason());
      },
      clock: { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs },
      timers: new SimTimers(time),
      random: { bytes: (length) => new Uint8Array(length), fraction: () => 0.999 },
      logger: new MemoryLogger(),
    });
    const stop = new AbortController();
    const ran = dialler.run(stop.signal);
    const end = async (): Promise<void> => {
      stop.abort();
      await ran;
    };
    return { time, tries, end, trustedAnew: () => pool.set(bob()) };
  };

  it('waits longer and longer for whoever is away, and not at all once something about it has changed', async () => {
    const { time, tries, end, trustedAnew } = await dialling(() => new CollectiveError('COORDINATOR_UNREACHABLE', 'away'));
    await time.advance(200_000);
    const [last = 0, before = 0] = tries.toReversed();
    expect(last - before).toBeGreaterThan(20_000);
    const made = tries.length;
    trustedAnew();
    await time.advance(1);
    expect(tries.length).toBe(made + 1);
    await time.advance(1_000);
    expect(tries.length).toBeGreaterThan(made + 2);
    await end();
  });

  it('waits a few seconds only for whoever answers that it is not admitted yet', async () => {
    const { time, tries, end } = await dialling(() => new CollectiveError('PERMISSION_DENIED', 'not admitted'));
    await time.advance(200_000);
    const [last = 0, before = 0] = tries.toReversed();
    expect(last - before).toBeLessThan(5_100);
    await end();
  });
});
