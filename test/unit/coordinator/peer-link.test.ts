import { expect, it } from 'vitest';
import { LIMITS, type MemberId, toBase32 } from '../../../src/base/index.js';
import { PeerLink } from '../../../src/coordinator/peers/session/peer-link.js';

const own = 'a'.repeat(52) as MemberId;
const peer = 'b'.repeat(52) as MemberId;
const clock = { nowMs: () => 0, monotonicMs: () => 0 };
const block = new Uint8Array(LIMITS.peerPushBytes / 2);

it('a peer that says it has what it was sent, and reads none of it, gets no more', async () => {
  const link = new PeerLink({ memberId: peer, dialledHere: false, address: '', clock });
  for (const sequence of [1, 2]) {
    link.push(own, [block], sequence);
    link.acknowledged(sequence);
  }
  expect(link.inFlightBytes).toBe(LIMITS.peerPushBytes);
  const messages = link.messages();
  for (const left of [1, 0]) {
    await messages.next();
    expect(link.inFlightBytes).toBe(left * block.length);
  }
});

it('a peer that says it holds more logs than there can be is not heard of those, nor taken to say so for the first time again', () => {
  const link = new PeerLink({ memberId: peer, dialledHere: false, address: '', clock });
  const headOf = (at: number) => {
    const origin = toBase32(new Uint8Array(32).with(0, at % 256).with(1, at >> 8)) as MemberId;
    return { origin, epoch: 1, sequence: 1, headerHash: new Uint8Array(32) };
  };
  for (let at = 0; at < LIMITS.foreignLogs; at += 1) expect(link.holds(headOf(at))).toBe(true);
  expect(link.holds(headOf(0))).toBe(false);
  for (let again = 0; again < 2; again += 1) expect(link.holds(headOf(LIMITS.foreignLogs))).toBe(false);
  expect(link.heads.size).toBe(LIMITS.foreignLogs);
});
