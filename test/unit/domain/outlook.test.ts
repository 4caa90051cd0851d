import { describe, expect, it } from 'vitest';
import {
  aboveRoom,
  belowUse,
  type HoldersNow,
  type MemberRoom,
  type PolicyPlace,
  shortfallOf,
} from '../../../src/domain/index.js';

const member = (name: string, changes: Partial<MemberRoom> = {}): MemberRoom => ({
  name,
  pledgedBytes: 1000,
  leftBytes: 1000,
  reach: 'here',
  ...changes,
});
const holders = (changes: Partial<HoldersNow> = {}): HoldersNow => ({ nodes: 2, nodesAway: 0, members: [], ...changes });
const policy = (changes: Partial<PolicyPlace> = {}): PolicyPlace => ({
  copies: 3,
  minimumCopies: 2,
  spread: 'members',
  path: '/photos',
  where: ' in /photos',
  ...changes,
});

describe('whether a policy can be met now', () => {
  it('nothing is said of one that can', () => {
    expect(shortfallOf(policy(), holders({ members: [member('bob'), member('carol')] }))).toBeUndefined();
    expect(shortfallOf(policy({ copies: 2, spread: 'nodes' }), holders())).toBeUndefined();
  });

  it('copies that are to be spread, and are not for want of pledges, are told with who could pledge', () => {
    const members = [member('bob'), member('carol', { pledgedBytes: 0, leftBytes: 0 })];
    const found = shortfallOf(policy(), holders({ members }));
    expect(found).toMatchObject({ code: 'spread-unmet', severity: 'notice' });
    expect(found?.message).toBe(
      'Files in /photos are to be spread over 3 members, and only bob has room for you now: 1 copy more goes to nodes of yours.',
    );
    expect(found?.next).toBe('Ask carol for a pledge (on their side: collective pledge set YOU SIZE)');
  });

  it('members count where copies are spread over them, and only there', () => {
    const members = [member('bob')];
    const one = holders({ nodes: 1, members });
    expect(shortfallOf(policy(), one)).toMatchObject({ code: 'too-few-holders', severity: 'warning' });
    expect(shortfallOf(policy(), one)?.message).toBe(
      '1 node of yours and 1 other member (bob) can take chunks now, and files in /photos are wanted in 3 copies: what is stored there now has 2.',
    );
    const own = shortfallOf(policy({ spread: 'nodes', where: '' }), one);
    expect(own?.message).toBe('1 node can take chunks now, and files are kept in 2 copies: nothing can be stored.');
    expect(own?.next).toContain('collective policy set /photos --copies 3 --spread members --min-copies 2');
  });

  it('without a node of its own a member can still store, as long as others take enough copies', () => {
    const members = [member('bob'), member('carol')];
    expect(shortfallOf(policy({ copies: 2 }), holders({ nodes: 0, members }))).toBeUndefined();
    expect(shortfallOf(policy(), holders({ nodes: 0, members }))?.message).toContain('what is stored there now has 2');
  });

  it('neither a member that is away nor one whose pledge is used up counts, and each is told what it takes', () => {
    const members = [member('bob', { reach: 'away' }), member('carol', { leftBytes: 0 })];
    const found = shortfallOf(policy(), holders({ nodes: 1, nodesAway: 1, members }));
    expect(found?.message).toContain('1 node of yours and no other member can take chunks now');
    expect(found?.message).toContain('nothing can be stored there');
    expect(found?.next).toContain('Wait for bob');
    expect(found?.next).toContain('bring back your nodes');
    expect(found?.next).toContain('ask carol for a larger pledge');
    expect(found?.next).not.toContain('invite');
  });

  it('who does not let this member in is not waited for, but to be talked with', () => {
    const members = [member('bob'), member('carol', { reach: 'not-admitted' })];
    const found = shortfallOf(policy(), holders({ members }));
    expect(found?.message).toContain('only bob has room for you now');
    expect(found?.next).toBe('Talk with the people of carol: pledged, and not letting you in now (collective peer list)');
  });

  it('where all that are there take part, more are to be found', () => {
    const found = shortfallOf(policy({ copies: 5 }), holders({ members: [member('bob'), member('carol')] }));
    expect(found?.message).toContain('are wanted in 5 copies: what is stored there now has 4');
    expect(found?.next).toContain('node invite');
    expect(found?.next).toContain('member invite');
  });
});

describe('a pledge', () => {
  it('below what is kept already is told, with what becomes of that', () => {
    expect(belowUse({ name: 'alice', pledgedBytes: 5, usedBytes: 5 })).toBeUndefined();
    expect(belowUse({ name: 'alice', pledgedBytes: 1000, usedBytes: 3000 })?.message).toBe(
      '3.00 kB are kept for alice, 2.00 kB more than you pledge: they stay until alice gives them up, and nothing new is taken.',
    );
  });

  it('for which there is no room is told', () => {
    expect(aboveRoom(1000, 1000)).toBeUndefined();
    expect(aboveRoom(1001, 1000)?.code).toBe('pledges-above-room');
  });
});
