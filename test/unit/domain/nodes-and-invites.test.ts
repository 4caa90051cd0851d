import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS, type InviteId } from '../../../src/base/index.js';
import {
  checkLabel,
  decideBurnInvite,
  decideIssueInvite,
  decideNodeHello,
  decideNodeUnreachable,
  decideNodeUse,
  decideRedeemInvite,
  newlyUnreachable,
  nodeNamed,
  type Decision,
  type NodeHello,
} from '../../../src/domain/index.js';
import type { CertificateIssued, CollectiveEvent, InviteIssued } from '../../../src/events/index.js';
import { NOW_MS } from '../projections/random-log.js';
import { clientId, nodeId, uploadId, World } from '../projections/support.js';

const NODE = nodeId('attic');
const INVITE = uploadId('invite') as string as InviteId;

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const code = (decision: Decision): string | undefined => (decision.ok ? undefined : decision.error.code);
const events = (decision: Decision): readonly CollectiveEvent[] => {
  if (!decision.ok) throw decision.error;
  return decision.value;
};

describe('a node', () => {
  const hello = (change: Partial<NodeHello> = {}): NodeHello => ({
    nodeId: NODE,
    endpoints: ['10.0.0.1:7000'],
    failureDomain: 'house',
    capacityBytes: 1000,
    usedBytes: 0,
    ...change,
  });
  const says = async (said: NodeHello): Promise<readonly CollectiveEvent[]> => {
    const decided = events(await world.host.run(({ nodes }) => decideNodeHello(said, nodes)));
    await world.record(...decided);
    return decided;
  };
  const uses = async (usedBytes: number): Promise<number | undefined> => {
    const decided = events(await world.host.run(({ nodes }) => decideNodeUse({ nodeId: NODE, usedBytes }, nodes)));
    await world.record(...decided);
    const [event] = decided;
    return event?.type === 'NodeCapacityChanged' ? event.fullnessPercent : undefined;
  };

  beforeEach(() => world.record({ type: 'NodeRegistered', nodeId: NODE, name: 'attic' }));

  test('that was never registered is refused', async () => {
    const unknown = hello({ nodeId: nodeId('unknown') });
    expect(code(await world.host.run(({ nodes }) => decideNodeHello(unknown, nodes)))).toBe('NOT_FOUND');
  });

  test('leaves only what is new on record', async () => {
    expect((await says(hello())).map(({ type }) => type)).toEqual(['NodeEndpointsChanged', 'NodeCapacityChanged']);
    expect(await says(hello())).toEqual([]);
    expect((await says(hello({ capacityBytes: 2000 }))).map(({ type }) => type)).toEqual(['NodeCapacityChanged']);
    expect((await says(hello({ capacityBytes: 2000, failureDomain: 'shed' }))).map(({ type }) => type)).toEqual([
      'NodeEndpointsChanged',
    ]);
  });

  test('without endpoints, or with too many, is refused', async () => {
    for (const endpoints of [[], Array.from({ length: LIMITS.endpointsPerDaemon + 1 }, () => 'a:1')]) {
      expect(code(await world.host.run(({ nodes }) => decideNodeHello(hello({ endpoints }), nodes)))).toBe('REQUEST_INVALID');
    }
  });

  test('goes on record as unreachable once, and as recovered with its next session', async () => {
    const silent = () => world.host.run(({ nodes }) => decideNodeUnreachable({ nodeId: NODE, lastSeenMs: 5 }, nodes));
    await says(hello());
    const gone = events(await silent());
    expect(gone).toEqual([{ type: 'NodeBecameUnreachable', nodeId: NODE, lastSeenMs: 5 }]);
    await world.record(...gone);
    expect(events(await silent())).toEqual([]);
    expect(await says(hello())).toEqual([{ type: 'NodeRecovered', nodeId: NODE }]);
  });

  test('crosses marks of fullness upwards at once, and downwards only well below them', async () => {
    await says(hello());
    expect([
      await uses(799),
      await uses(800),
      await uses(790),
      await uses(979),
      await uses(940),
      await uses(929),
      await uses(0),
    ]).toEqual([undefined, 80, undefined, 95, undefined, 90, 0]);
  });

  test('is found by name or id', async () => {
    expect(
      await world.host.run(({ nodes }) => [nodeNamed('attic', nodes), nodeNamed(NODE, nodes), nodeNamed('cellar', nodes)]),
    ).toEqual([NODE, NODE, undefined]);
  });
});

test('silence goes on record when it has lasted, and only once', () => {
  const silence = (name: string, silentForMs: number, unreachable = false) => ({
    nodeId: nodeId(name),
    silentForMs,
    unreachable,
  });
  const nodes = [silence('a', 1000), silence('b', 999), silence('c', 5000, true), silence('d', 5000)];
  expect(newlyUnreachable(nodes, 1000)).toEqual([nodeId('a'), nodeId('d')]);
  expect(newlyUnreachable([silence('a', LIMITS.nodeUnreachableMs - 1), silence('b', LIMITS.nodeUnreachableMs)])).toEqual([
    nodeId('b'),
  ]);
});

describe('an invite', () => {
  const invite = (change: Partial<InviteIssued> = {}): InviteIssued => ({
    type: 'InviteIssued',
    approved: false,
    inviteId: INVITE,
    kind: 'node',
    name: 'attic',
    secretHash: new Uint8Array(32),
    expiresAtMs: NOW_MS + 1000,
    ...change,
  });
  const certificate = (change: Partial<CertificateIssued> = {}): CertificateIssued => ({
    type: 'CertificateIssued',
    fingerprint: new Uint8Array(32).fill(1),
    role: 'node',
    subjectId: NODE,
    name: 'attic',
    publicKeyHash: new Uint8Array(32),
    publicKey: new Uint8Array(44),
    notBeforeMs: 0,
    notAfterMs: 1,
    ...change,
  });
  const issue = (change: Partial<InviteIssued> = {}) =>
    world.host.run((views) => decideIssueInvite(invite(change), views, { nowMs: NOW_MS }));
  const redeem = (change: Partial<CertificateIssued> = {}, nowMs = NOW_MS) =>
    world.host.run((views) => decideRedeemInvite({ inviteId: INVITE, certificate: certificate(change) }, views, { nowMs }));

  test('is issued, redeemed once, and then closed', async () => {
    await world.record(...events(await issue()));
    const redeemed = events(await redeem());
    expect(redeemed.map(({ type }) => type)).toEqual(['CertificateIssued', 'NodeRegistered', 'InviteRedeemed']);
    await world.record(...redeemed);
    expect(code(await redeem())).toBe('INVITE_INVALID');
    expect(
      await world.host.run(({ nodes, certificates }) => [nodes.get(NODE)?.name, certificates.of('node', NODE).length]),
    ).toEqual(['attic', 1]);
  });

  test('for a client registers no node', async () => {
    await world.record(...events(await issue({ kind: 'client' })));
    const redeemed = events(await redeem({ role: 'client', subjectId: clientId('laptop') }));
    expect(redeemed.map(({ type }) => type)).toEqual(['CertificateIssued', 'InviteRedeemed']);
  });

  test('that is unknown, expired or burnt is refused', async () => {
    expect(code(await redeem())).toBe('INVITE_INVALID');
    await world.record(...events(await issue()));
    expect(code(await redeem({}, NOW_MS + 1000))).toBe('INVITE_INVALID');
    const burnt = events(await world.host.run(({ invites }) => decideBurnInvite(INVITE, invites)));
    await world.record(...burnt);
    expect(burnt).toEqual([{ type: 'InviteRevoked', inviteId: INVITE, reason: 'wrong-tries' }]);
    expect(code(await redeem())).toBe('INVITE_INVALID');
    expect(events(await world.host.run(({ invites }) => decideBurnInvite(INVITE, invites)))).toEqual([]);
  });

  test('for a name that a node has, or that no node may have, is refused', async () => {
    await world.record({ type: 'NodeRegistered', nodeId: nodeId('other'), name: 'attic' });
    expect(code(await issue())).toBe('ALREADY_EXISTS');
    await world.record(...events(await issue({ name: '' })));
    expect(code(await redeem())).toBe('ALREADY_EXISTS');
    expect(code(await redeem({ name: 'Attic!' }))).toBe('NAME_INVALID');
    expect(code(await redeem({ name: 'cellar' }))).toBeUndefined();
    for (const name of ['', 'a b', '-a', 'A', 'a'.repeat(LIMITS.labelBytes + 1)])
      expect(code(checkLabel(name))).toBe('NAME_INVALID');
  });

  test('is refused where too many are open; those that expired do not count', async () => {
    const many = Array.from({ length: LIMITS.openInvites }, (_, index) =>
      invite({ inviteId: uploadId(`invite ${index}`) as string as InviteId, name: '' }),
    );
    await world.record(...many);
    expect(code(await issue({ name: '' }))).toBe('LIMIT_EXCEEDED');
    const later = await world.host.run((views) =>
      decideIssueInvite(invite({ name: '', expiresAtMs: NOW_MS + 5000 }), views, { nowMs: NOW_MS + 1000 }),
    );
    expect(code(later)).toBeUndefined();
  });

  test('that would have expired already is refused', async () => {
    expect(code(await issue({ expiresAtMs: NOW_MS }))).toBe('REQUEST_INVALID');
  });
});
