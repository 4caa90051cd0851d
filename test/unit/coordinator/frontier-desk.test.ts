import { describe, expect, it } from 'vitest';
import { LIMITS, type MemberId } from '../../../src/base/index.js';
import { FrontierDesk } from '../../../src/coordinator/peers/telling/frontier-desk.js';
import { Links } from '../../../src/coordinator/peers/session/links.js';
import { PeerLink } from '../../../src/coordinator/peers/session/peer-link.js';
import type { Head } from '../../../src/events/index.js';
import { SeededRandom, SimTime, SimTimers } from '../../simulation/ports/index.js';

const memberOf = (index: number): MemberId =>
  `${String.fromCharCode(97 + Math.floor(index / 26))}${String.fromCharCode(97 + (index % 26))}`.padEnd(52, 'a') as MemberId;
const headOf = (origin: MemberId, sequence: number): Head => ({
  origin,
  epoch: 1,
  sequence,
  headerHash: new Uint8Array(32).fill(sequence),
});

/** So many members, all connected but those who are away; the first is the own one, and holds ten events of each log. */
function meshOf(count: number, away: readonly number[]) {
  const time = new SimTime();
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const links = new Links(memberOf(0), { opened: () => undefined, closed: () => undefined });
  const held = new Map<MemberId, Head>();
  for (let index = 1; index < count; index += 1) {
    const memberId = memberOf(index);
    held.set(memberId, headOf(memberId, 10));
    if (!away.includes(index)) links.offer(new PeerLink({ memberId, dialledHere: true, address: '', clock }));
  }
  const random = new SeededRandom('mesh');
  const desk = new FrontierDesk({
    foreign: {
      get: (origin) => {
        const head = held.get(origin);
        return head === undefined ? undefined : { origin, head };
      },
      all: () => Array.from(held, ([origin, head]) => ({ origin, head })),
    },
    links,
    mayHave: () => Promise.resolve(true),
    timers: new SimTimers(time),
    random,
  });
  const stop = new AbortController();
  const ran = desk.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await time.advance(0);
    await ran;
  };
  const told = (): readonly (readonly [MemberId, Head])[] =>
    links.all().flatMap((link) => [...link.told.values()].map((head) => [link.memberId, head] as const));
  return { time, links, held, desk, told, end };
}

const ROUND_MS = 1.5 * LIMITS.peerAnnounceMs;

describe('telling peers of logs of others', () => {
  it('says in each round all that has changed to all of few', async () => {
    const { time, told, end } = meshOf(10, []);
    await time.advance(ROUND_MS);
    expect(told()).toHaveLength(9 * 9);
    await end();
  });

  it('says to a few of many in a round how far the log of somebody is held who is away, and of some others in turn', async () => {
    const { time, told, held, end } = meshOf(40, [7]);
    while (told().length === 0) await time.advance(10);
    await time.advance(10);
    const listeners = new Set(told().map(([listener]) => listener));
    expect(listeners.size).toBe(LIMITS.peersToldARound);
    expect(told().filter(([, { origin }]) => origin === memberOf(7))).toHaveLength(LIMITS.peersToldARound);
    expect(told()).toHaveLength(LIMITS.peersToldARound * (1 + LIMITS.peerLogsToldARound));
    await time.advance(40 * ROUND_MS);
    expect(new Set(told().map(([, { origin }]) => origin))).toEqual(new Set(held.keys()));
    await end();
  });

  it('says to whom it meets how far it holds every log, also where the other has said that it holds as much', async () => {
    const { links, held, desk, end } = meshOf(20, []);
    const link = links.get(memberOf(3));
    if (link === undefined) throw new Error('there is a session');
    link.holds(headOf(memberOf(3), 10));
    link.holds(headOf(memberOf(9), 11));
    await desk.greet(link);
    expect(new Set(link.told.values())).toEqual(new Set(held.values()));
    await end();
  });

  it('answers whoever says that it is behind at once, whoever is connected', async () => {
    const { time, links, desk, end } = meshOf(40, []);
    const link = links.get(memberOf(3));
    if (link === undefined) throw new Error('there is a session');
    desk.heard(link, headOf(memberOf(9), 9));
    desk.heard(link, headOf(memberOf(8), 10));
    await time.advance(1);
    expect([...link.told.values()]).toEqual([headOf(memberOf(9), 10)]);
    await end();
  });
});
