import { describe, expect, it } from 'vitest';
import { detailLines, type DetailsJson, type PeerJson } from '../../../src/cli/format/member-details.js';
import { nobodyYet } from '../../../src/cli/format/members.js';
import { peerStanding, peersText } from '../../../src/cli/format/peers.js';

const details: DetailsJson = {
  ca: { from: '2026-11-22T00:00:00.000Z', until: '2046-11-22T00:00:00.000Z' },
  logKeySha256: null,
  founded: null,
  log: { epoch: 1, sequence: 20 },
  ourCopiesThere: { chunks: 1, bytes: 3_000_000, lost: 2 },
  itsCopiesHere: { chunks: 0, bytes: 0 },
  pledgedBytes: { toIt: 0, toUs: 500_000_000 },
  grants: {
    toIt: [{ id: '1-3', path: null, rights: ['read'], given: '2026-11-22T00:00:00.000Z', until: null, state: 'folder-removed' }],
    toUs: [
      { id: '1-4', path: '/photos', rights: ['read', 'write'], given: '2026-11-22T00:00:00.000Z', until: null, state: 'holds' },
    ],
  },
};
const peer: PeerJson = {
  id: 'id',
  name: 'bob',
  connection: 'connected',
  sinceMs: 0,
  address: '',
  endpoints: [],
  roundTripMs: 1,
  heardMs: 1,
  softwareVersion: '',
  theirLog: { here: 20, there: 22, behind: 2 },
  ourLog: { here: 9, there: 9, behind: 0 },
  refusedBlocks: 0,
  sentBytes: 0,
  receivedBytes: 0,
};
const shown = (state: string, one: PeerJson | undefined): Record<string, string> =>
  Object.fromEntries(detailLines({ name: 'bob', state }, details, { peer: one, timeMs: 5 }));

describe('a member, as it is shown', () => {
  it('is told with what each keeps for the other, what is granted, and how far the logs are', () => {
    expect(shown('admitted', peer)).toMatchObject({
      'Its log': 'event 1-20 here, 2 behind',
      'Your log': 'in step there',
      Keeps: '1 chunk, 3.00 MB, for you; 500 MB pledged; 2 copies damaged or missing there',
      'You keep': 'nothing for it; nothing is pledged',
      'It may': 'read in a folder that was removed, no end (1-3, folder removed)',
      'You may': 'read and write in bob:/photos, no end (1-4)',
    });
  });

  it('that was suspended is not said to give anything, nor one that has applied to keep anything', () => {
    expect(Object.keys(shown('suspended', { ...peer, connection: 'cut' }))).not.toContain('You may');
    expect(Object.keys(shown('applied', undefined))).not.toContain('Keeps');
  });

  it('that does not admit this one is said to, in place of how it cannot be reached', () => {
    const refusing: PeerJson = {
      ...peer,
      connection: 'not-admitted',
      reason: 'The long story of a handshake.',
      standingThere: 'suspended',
      standingThereSinceMs: 0,
    };
    const said = 'bob does not admit you: you are suspended there. Talk with the people of bob.';
    expect(shown('admitted', refusing)['Connection']).toBe(said);
    expect(peersText({ peers: [refusing], logs: [], timeMs: 1 })).toContain(said);
    const waiting = peersText({ peers: [{ ...refusing, standingThere: 'applied' }], logs: [], timeMs: 1 }).at(-1);
    expect(waiting).toBe(
      'bob has not approved you yet: you wait there. The people of bob do that with: collective member approve',
    );
  });

  it('that cannot be dialled from here is said to be reached over its own session', () => {
    const behind: PeerJson = { ...peer, dialledBy: 'them', undialable: true, endpoints: ['192.0.2.7:7422'] };
    expect(peersText({ peers: [behind], logs: [], timeMs: 1 }).at(-1)).toBe(
      'bob could not be dialled from here when that was last tried (192.0.2.7:7422): it is asked over the session that it dialled. Its nodes may be out of reach too.',
    );
    expect(shown('admitted', behind)['Connection']).toContain('could not be dialled from here');
    expect(peersText({ peers: [peer], logs: [], timeMs: 1 })).toHaveLength(1);
  });

  it('that is away is shown with the address that it is dialled at, not with the one it dialled from', () => {
    const away: PeerJson = { ...peer, connection: 'away', address: '192.0.2.7:51234', endpoints: ['192.0.2.7:7422'] };
    expect(peersText({ peers: [away], logs: [], timeMs: 1 })[0]).toMatch(/away +192\.0\.2\.7:7422 /);
  });
});

describe('lists of members', () => {
  it('that are empty say who waits, and that some are gone', () => {
    expect(nobodyYet([])).toBe('There is no other member yet.\nNext: collective member invite NAME');
    expect(nobodyYet([{ name: 'bob', state: 'applied' }])).toBe(
      'No other member is admitted yet; bob waits for your word.\nNext: collective member approve bob   (or refuse)',
    );
    expect(nobodyYet([{ name: 'bob', state: 'refused' }])).toContain('1 was removed or refused: collective member list --all');
  });

  it('say where somebody has more of the own log than is here', () => {
    expect(peerStanding({ here: 9, there: 12, behind: 0, ahead: 3 }, true)).toBe('3 ahead');
    expect(peerStanding({ here: 9, there: 7, behind: 2 }, true)).toBe('2 behind');
  });
});
