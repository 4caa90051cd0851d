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

const stateAt = async (house: Household, other: Household): Promise<string | undefined> =>
  (await house.client.members.list(signal)).find(({ memberId }) => memberId === other.memberId)?.state;

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

it('a reader finds a bad copy at a third member, which hears of it by the owner', async () => {
  const [alice, bob, carol] = [await house('alice', 0), await house('bob', 1), await house('carol', 1)];
  await bob.befriend(alice);
  await bob.befriend(carol);
  // Who reads at carol's nodes has to be known there, and bob is whom she knows alice by.
  await carol.until('alice was introduced to carol', async () => (await stateAt(carol, alice)) === 'admitted');
  await carol.pledgeTo(bob, 100_000_000);
  await bob.sharedFolder('/photos', 2);
  await bob.put('/photos/a.jpg', photo);
  await bob.client.grants.give({ path: '/photos', member: 'alice', rights: ['read'], lifeMs: 0 }, signal);
  const kept = await carol.keeps(bob);
  expect(kept.chunks).toBe(chunks.length);
  const [own] = bob.nodes;
  const [bad] = carol.nodes;
  for (const chunk of chunks) await flipBit(chunkFileIn(bad?.directory ?? '', chunk), 70_000);
  await own?.stop();
  await expect(alice.read('bob:/photos/a.jpg')).rejects.toMatchObject({ code: 'CHUNK_UNAVAILABLE' });
  await bob.until('the owner has it on record', async () => (await bob.events('CopiesLost')) > 0);
  expect(await carol.events('ForeignCopiesLost')).toBeGreaterThan(0);
  expect(await alice.events('CopiesLost')).toBe(0);
});
