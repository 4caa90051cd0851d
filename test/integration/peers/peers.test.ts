import { describe, expect, it } from 'vitest';
import type { CollectiveEvent } from '../../../src/events/index.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';

const renamed = (world: PeerWorld, name: string): CollectiveEvent => {
  const last = world.members.at(-1);
  if (last === undefined) throw new Error('a world has members');
  return { type: 'MemberRenamed', memberId: last.id, name };
};

async function inWorld(
  names: readonly string[],
  body: (world: PeerWorld) => Promise<void>,
  kind: 'loopback' | 'grpc' = 'loopback',
): Promise<void> {
  const world = await PeerWorld.of(names, kind);
  try {
    await body(world);
  } finally {
    await world.remove();
  }
}

const inSync = (world: PeerWorld): Promise<void> =>
  eventually(() => {
    const running = world.members;
    return running.every((holder) => running.every((of) => holder === of || hasAll(holder, of)));
  });

describe('coordinators of several members', () => {
  for (const kind of ['loopback', 'grpc'] as const) {
    it(`a change on one is seen on all, over ${kind}`, async () => {
      await inWorld(
        ['alice', 'bob', 'carol'],
        async (world) => {
          await world.startAll();
          await inSync(world);
          const [alice, bob, carol] = world.members;
          await alice?.running.record(renamed(world, 'caroline'));
          await inSync(world);
          for (const member of [bob, carol]) {
            const views = member?.running.member.views;
            const name = await views?.run(({ peers }) => peers.all().find(([id]) => id === carol?.id)?.[1].name, alice?.id);
            expect(name).toBe('caroline');
          }
        },
        kind,
      );
    });
  }
});
