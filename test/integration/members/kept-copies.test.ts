import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chunkFileIn, chunkIdsOf, flipBit } from '../../support/e2e/node-store.js';
import { contentOf, Household, type HouseholdNode } from '../../support/household/household.js';
import { signal } from './support.js';

let alice: Household;
let bob: Household;
beforeAll(async () => {
  [alice, bob] = await Promise.all([Household.found('alice', 1), Household.found('bob', 2)]);
  await alice.befriend(bob);
  await bob.pledgeTo(alice, 8_000_000);
  await alice.sharedFolder('/photos', 2, 1);
}, 60_000);
afterAll(async () => {
  for (const each of [alice, bob]) await each?.close();
});

const photo = contentOf(6_000_000, 7);
const chunks = chunkIdsOf(photo);
const holds = ({ directory }: HouseholdNode, chunkId: string): boolean => existsSync(chunkFileIn(directory, chunkId));
const oneOf = <Value>(values: readonly Value[]): Value => {
  const [value] = values;
  if (value === undefined) throw new Error('there is one');
  return value;
};

describe('copies that are kept for another member', () => {
  it('never pass the pledge, whoever puts at once', async () => {
    const second = alice.otherClient();
    try {
      await Promise.all([alice.put('/photos/a.jpg', photo), alice.put('/photos/b.jpg', contentOf(6_000_000, 9), second)]);
    } finally {
      second.close();
    }
    const { bytes } = await bob.keeps(alice);
    expect(bytes).toBeLessThanOrEqual(8_000_000);
    expect(bytes).toBeGreaterThan(2_000_000);
    expect(await alice.countsOn(bob)).toEqual(await bob.keeps(alice));
  });

  it('are brought to another node when theirs is revoked, and their owner sees no gap', async () => {
    await bob.pledgeTo(alice, 100_000_000);
    await alice.put('/photos/c.jpg', contentOf(5_000_000, 11));
    const before = await bob.keeps(alice);
    expect(await alice.countsOn(bob)).toEqual(before);
    const kept = chunkIdsOf(contentOf(5_000_000, 11));
    const gone = oneOf(bob.nodes.filter((node) => kept.some((chunk) => holds(node, chunk))));
    await bob.client.admin.revoke({ role: 'node', subject: gone.name, note: '', force: true }, signal);
    await bob.until('they lie elsewhere', async () => (await bob.events('ForeignCopiesMoved')) > 0);
    expect(await bob.keeps(alice)).toEqual(before);
    expect(await alice.events('CopiesLost')).toBe(0);
    expect(await bob.events('ForeignCopiesLost')).toBe(0);
    await gone.stop();
  });

  it('are fetched again from their owner when they are damaged, and the owner counts on them again', async () => {
    const [chunk = ''] = chunks;
    const before = await bob.keeps(alice);
    const bad = oneOf(bob.nodes.slice(-1));
    await flipBit(chunkFileIn(bad.directory, chunk), 70_000);
    const found = { chunkId: chunk, nodeId: bad.nodeId, memberId: bob.memberId, code: 'CHUNK_DAMAGED', path: '/photos/a.jpg' };
    await alice.client.files.reportDamage([found], signal);
    expect(await bob.events('ForeignCopiesLost')).toBe(1);
    await alice.until('it counts again', async () => (await alice.countsOn(bob)).chunks === before.chunks);
    expect(await alice.events('CopiesLost')).toBe(1);
    expect((await alice.findings()).map(({ code }) => code)).not.toContain('damaged-copies');
  });
});
