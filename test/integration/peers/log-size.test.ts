import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { type PeerMember, removeTemplates } from '../../support/peers/peer-member.js';
import { eventually, hasAll, PeerWorld } from '../../support/peers/peer-world.js';

let world: PeerWorld | undefined;
afterEach(() => world?.remove());
afterAll(removeTemplates);

const LIMIT_BYTES = 150_000;
const codes = (member: PeerMember): readonly string[] => member.running.part.office.findings().map(({ code }) => code);

describe("the copy of another member's log", () => {
  it('takes no more room than it may: it is told of before, frozen beyond with its reason, and goes on once it may take more', async () => {
    world = await PeerWorld.of(['alice', 'bob', 'carol']);
    const [alice, bob, carol] = world.members;
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('there are three');
    bob.limitBytes = LIMIT_BYTES;
    await world.startAll();
    const grow = async (until: () => boolean): Promise<void> => {
      for (let round = 0; !until(); round += 1) {
        const renamings = Array.from({ length: 60 }, (_, index) => `name-${round}-${index}`);
        await alice.running.record(...renamings.map((name) => ({ type: 'MemberRenamed', memberId: carol.id, name }) as const));
        await eventually(() => hasAll(bob, alice) || codes(bob).includes('peer-log-full'));
      }
    };
    await grow(() => codes(bob).includes('peer-log-large'));
    expect(codes(bob)).not.toContain('peer-log-full');
    await grow(() => codes(bob).includes('peer-log-full'));
    for (let round = 0; round < 20; round += 1) {
      await alice.running.record({ type: 'MemberRenamed', memberId: carol.id, name: `more-${round}` });
    }
    await eventually(() => hasAll(carol, alice));
    expect(hasAll(bob, alice)).toBe(false);
    expect(bob.running.foreign.get(alice.id)?.size.bytes).toBeLessThan(LIMIT_BYTES + 100_000);
    const { message, next } = bob.running.part.office.findings().find(({ code }) => code === 'peer-log-full') ?? {};
    expect(message).toMatch(/^The log of alice is frozen here: its copy takes .* and may take 150 kB/);
    expect(next).toContain('--member-log-limit');
    // All others go on.
    await carol.running.record({ type: 'MemberRenamed', memberId: alice.id, name: 'news' });
    await eventually(() => hasAll(bob, carol));

    await bob.stop();
    bob.limitBytes = undefined;
    await world.start(bob);
    await eventually(() => hasAll(bob, alice));
    expect(codes(bob)).not.toContain('peer-log-full');
  });
});
