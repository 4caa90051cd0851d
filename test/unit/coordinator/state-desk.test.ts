import { expect, it } from 'vitest';
import { LIMITS, type MemberId } from '../../../src/base/index.js';
import { Links } from '../../../src/coordinator/peers/session/links.js';
import { PeerLink } from '../../../src/coordinator/peers/session/peer-link.js';
import { StateDesk } from '../../../src/coordinator/peers/telling/state-desk.js';
import type { Logger } from '../../../src/ports/index.js';
import type { StateMark } from '../../../src/sync/index.js';
import { SeededRandom, SimTime, SimTimers } from '../../simulation/ports/index.js';

const [own, alice, mallory] = ['a', 'b', 'c'].map((letter) => letter.repeat(52) as MemberId) as [MemberId, MemberId, MemberId];
const markAt = (sequence: number, fill: number): StateMark => ({
  origin: alice,
  position: { epoch: 1, sequence },
  views: [{ name: 'files', projectionVersion: 1, stateHash: new Uint8Array(32).fill(fill) }],
});

/** Alice's log is kept here; mallory has a session, and says how her views of it stand. */
function deskWhere(mayHave: boolean) {
  const time = new SimTime();
  const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const links = new Links(own, { opened: () => undefined, closed: () => undefined });
  const link = new PeerLink({ memberId: mallory, dialledHere: false, address: '', clock });
  links.offer(link);
  let lines = 0;
  const logger: Logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => {
      lines += 1;
    },
    child: () => logger,
  };
  const desk = new StateDesk({
    own,
    links,
    views: { origins: () => [own, alice], stateMarks: () => [markAt(1, 1), markAt(2, 2)], stateNow: () => undefined },
    origins: () => [own, alice],
    mayHave: () => Promise.resolve(mayHave),
    nowMs: clock.nowMs,
    timers: new SimTimers(time),
    random: new SeededRandom('states'),
    logger,
  });
  return { desk, link, lines: () => lines };
}

it('a peer that says something else of its views each time is written down a few times only', async () => {
  const { desk, link, lines } = deskWhere(true);
  for (let turn = 0; turn < 1000; turn += 1) await desk.take(link, markAt(1 + (turn % 2), 9));
  expect(desk.mismatches.length).toBe(1);
  expect(lines()).toBe(LIMITS.peerMismatchLines);
});

it('a peer that may not have a log is not told how its views stand, whatever it says of its own', async () => {
  const { desk, link } = deskWhere(false);
  await desk.take(link, markAt(1, 9));
  expect(desk.mismatches).toEqual([]);
  // What is told beside that comes in the same message.
  link.outbox.mark({ origin: own, epoch: 1, sequence: 1, views: [] });
  const { value } = await link.messages().next();
  const said = value?.message?.$case === 'states' ? value.message.value.marks : [];
  expect(said.map(({ origin }) => origin)).toEqual([own]);
});
