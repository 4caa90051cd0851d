import { describe, expect, it } from 'vitest';
import { findingsOf, type Situation } from '../../../src/coordinator/admin/findings.js';
import type { NodeInfo, UsageInfo } from '../../../src/transport/index.js';
import { memberId } from '../projections/support.js';

const node = (name: string, changes: Partial<NodeInfo> = {}): NodeInfo => ({
  nodeId: name,
  name,
  state: 'online',
  storeState: 'ready',
  storeReason: '',
  endpoints: ['127.0.0.1:7430'],
  capacityBytes: 1000,
  usedBytes: 0,
  freeBytes: 1000,
  chunks: 0,
  lastSeenMs: 0,
  damagedCopies: 0,
  softwareVersion: '',
  certificateExpiresMs: 0,
  failureDomain: '',
  ...changes,
});

const USAGE: UsageInfo = {
  files: 1,
  directories: 1,
  fileBytes: 1,
  chunks: 1,
  chunkBytes: 1,
  copies: 2,
  underProtectedChunks: 0,
  damagedCopies: 0,
  capacityBytes: 1000,
  storedBytes: 2,
  storage: undefined,
};

const situation = (changes: Partial<Situation>): Situation => ({
  nodes: [node('attic'), node('garage')],
  usage: USAGE,
  forfeited: [],
  filesOutOfReach: 0,
  lostFiles: 0,
  federation: [],
  policies: [{ copies: 2, minimumCopies: 2, spread: 'nodes', path: '/', where: '' }],
  members: [],
  nowMs: 1_000_000,
  coordinatorCertificateExpiresMs: undefined,
  certificateLifeMs: 1000,
  startNotices: [],
  witnesses: { required: 0, byOperator: false, witnesses: [], disks: 2, membersHolding: 0, refusal: undefined, notices: [] },
  exported: 'current',
  viewsDoubtful: false,
  audit: [],
  ...changes,
});

const found = (changes: Partial<Situation>, code: string) => findingsOf(situation(changes)).find((each) => each.code === code);

describe('what status finds about copies', () => {
  it('copies of a revoked node are not called damaged, and the node is named', () => {
    const changes = {
      usage: { ...USAGE, underProtectedChunks: 3 },
      forfeited: [{ node: 'cellar', how: 'revoked' as const, copies: 3 }],
    };
    expect(found(changes, 'damaged-copies')).toBeUndefined();
    const { message, next } = found(changes, 'forfeited-copies') ?? {};
    expect(message).toBe('3 copies were on node cellar, which was revoked, and do not count any more.');
    expect(next).toContain('collective find / --under-protected');
  });

  it('forfeited copies are no news once there are enough others', () => {
    expect(found({ forfeited: [{ node: 'cellar', how: 'removed', copies: 3 }] }, 'forfeited-copies')).toBeUndefined();
  });

  it('nobody is told to bring back nodes when none is away', () => {
    const usage = { ...USAGE, underProtectedChunks: 1 };
    expect(found({ usage }, 'under-protected')?.next).not.toContain('Bring back');
    const nodes = [node('attic'), node('garage', { state: 'unreachable' })];
    expect(found({ usage, nodes }, 'under-protected')?.next).toContain('Bring back');
  });

  it('files of which no copy is left are a failure, told before all that is only missing copies', () => {
    const changes = { usage: { ...USAGE, underProtectedChunks: 4 }, lostFiles: 3 };
    const [first] = findingsOf(situation(changes));
    expect(first).toMatchObject({ code: 'lost-files', severity: 'failure' });
    expect(first?.message).toContain('3 files');
    expect(first?.next).toContain('collective whereis -r /');
  });

  it('none is lost any more once no chunk has too few copies, whatever was counted before', () => {
    expect(found({ usage: { ...USAGE, underProtectedChunks: 0 }, lostFiles: 3 }, 'lost-files')).toBeUndefined();
  });

  it('a revoked node is neither one that is away nor one that could take copies', () => {
    const usage = { ...USAGE, underProtectedChunks: 1 };
    const nodes = [node('attic'), node('garage', { state: 'revoked' })];
    expect(found({ usage, nodes }, 'under-protected')?.next).toContain('Add a node');
  });
});

describe('what status finds about members and witnesses', () => {
  const pledging = { name: 'carol', pledgedBytes: 1000, leftBytes: 1000 };

  it('copies out of reach are put down to members that do not let this one in, where there are any', () => {
    const members = [{ ...pledging, reach: 'not-admitted' as const }];
    const refused = found({ filesOutOfReach: 1, members }, 'copies-out-of-reach');
    expect(refused?.message).toContain('members that do not let you in (carol)');
    const away = found({ filesOutOfReach: 1, members: [{ ...pledging, reach: 'away' }] }, 'copies-out-of-reach');
    expect(away?.message).not.toContain('let you in');
  });

  it('witnesses that are gone are told of once, each with how it went', () => {
    const gone = { nodeId: '', state: 'gone', sequence: 7, disk: 'own' } as const;
    const none = situation({}).witnesses;
    const witnesses = [
      { ...gone, memberId: memberId('bob'), name: 'bob', reason: 'suspended' },
      { ...gone, memberId: memberId('carol'), name: 'carol', reason: 'removed' },
    ];
    const all = findingsOf(situation({ witnesses: { ...none, witnesses } })).filter(({ code }) => code === 'witness-gone');
    expect(all.map(({ message }) => message)).toEqual([
      'Member bob (suspended), member carol (removed) do not keep the log any more; nobody could be named in their place yet.',
    ]);
    expect(all[0]?.next).toContain('collective member reinstate');
  });
});
