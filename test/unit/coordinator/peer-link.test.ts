import { expect, it } from 'vitest';
import { LIMITS, type MemberId } from '../../../src/base/index.js';
import { PeerLink } from '../../../src/coordinator/peers/peer-link.js';

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
