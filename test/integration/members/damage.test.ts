import { afterEach, expect, it } from 'vitest';
import { contentOf, Household } from '../../support/household/household.js';
import { chunkFileIn, chunkIdsOf, flipBit } from '../../support/e2e/node-store.js';
import { signal } from './support.js';

const houses: Household[] = [];
const house = async (name: string, nodes: number): Promise<Household> => {
  const made = await Household.found(name, nodes);
  houses.push(made);
  return made;
};
afterEach(async () => {
  for (const each of houses.splice(0)) await each.close();
});

const photo = contentOf(6_000_000, 5);
const chunks = chunkIdsOf(photo);

it('a reader of another member finds a bad copy, reads on from another one, and the owner has it looked at', async () => {
  const [alice, bob] = [await house('alice', 0), await house('bob', 2)];
  await alice.befriend(bob);
  await bob.sharedFolder('/photos', 2);
  await bob.put('/photos/a.jpg', photo);
  await bob.client.grants.give({ path: '/photos', member: 'alice', rights: ['read'], lifeMs: 0 }, signal);
  // All of one node: whichever of both is asked first for a chunk, some are asked of that one.
  const [bad] = bob.nodes;
  for (const chunk of chunks) await flipBit(chunkFileIn(bad?.directory ?? '', chunk), 70_000);
  expect((await alice.read('bob:/photos/a.jpg')).equals(photo)).toBe(true);
  await bob.until('the damage is on record', async () => (await bob.findings()).some(({ code }) => code === 'damaged-copies'));
  expect(await bob.events('CopiesLost')).toBeGreaterThan(0);
  expect((await bob.client.admin.status(signal)).usage?.damagedCopies).toBeGreaterThan(0);
});
