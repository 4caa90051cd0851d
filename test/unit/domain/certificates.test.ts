import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import {
  countsAsHolder,
  type Decision,
  decideRemoveNode,
  decideRenewal,
  decideRevoke,
  revokedClients,
  subjectNamed,
} from '../../../src/domain/index.js';
import type { CertificateIssued, CollectiveEvent } from '../../../src/events/index.js';
import { NOW_MS } from '../projections/random-log.js';
import { clientId, hasher, nodeId, World } from '../projections/support.js';

const NODE = nodeId('attic');
const [LAPTOP, PHONE] = [clientId('laptop'), clientId('phone')];
const LIFE_MS = LIMITS.leafLifeMs;

let world: World;
beforeEach(async () => {
  world = await World.open();
});

const code = (decision: Decision): string | undefined => (decision.ok ? undefined : decision.error.code);
const events = (decision: Decision): readonly CollectiveEvent[] => {
  if (!decision.ok) throw decision.error;
  return decision.value;
};

let serial = 0;
function issued(role: 'node' | 'client', subjectId: string, name: string, notAfterMs = NOW_MS + LIFE_MS): CertificateIssued {
  serial += 1;
  const fingerprint = hasher.sha256(Uint8Array.of(serial & 0xff, serial >> 8));
  const publicKey = new Uint8Array(44).fill(serial & 0xff);
  const publicKeyHash = hasher.sha256(publicKey);
  return {
    type: 'CertificateIssued',
    fingerprint,
    role,
    subjectId,
    name,
    publicKeyHash,
    publicKey,
    notBeforeMs: NOW_MS,
    notAfterMs,
  };
}

const revoke = (role: 'node' | 'client', subjectId: string, force = false): Promise<Decision> =>
  world.host.run((views) => decideRevoke({ role, subjectId, note: '', force }, views, { nowMs: NOW_MS }));
const remove = (present: boolean, force: boolean): Promise<Decision> =>
  world.host.run((views) => decideRemoveNode({ nodeId: NODE, present, force }, views));

describe('revoking', () => {
  test('is an event once, and nothing when it was done before', async () => {
    await world.record(issued('client', LAPTOP, 'laptop'), issued('client', PHONE, 'phone'));
    const decided = events(await revoke('client', PHONE));
    expect(decided).toEqual([{ type: 'CertificateRevoked', role: 'client', subjectId: PHONE, note: '' }]);
    await world.record(...decided);
    expect(events(await revoke('client', PHONE))).toEqual([]);
    expect(await world.host.run((views) => revokedClients(views.certificates.subjects('client'), NOW_MS))).toEqual([PHONE]);
    const later = NOW_MS + LIFE_MS + LIMITS.clockSkewMs + 1;
    expect(await world.host.run((views) => revokedClients(views.certificates.subjects('client'), later))).toEqual([]);
  });

  test('the last client that could still do anything is kept, unless it is forced', async () => {
    const lapsed = issued('client', PHONE, 'phone', NOW_MS - LIMITS.lapsedRenewalMs - 1);
    await world.record(issued('client', LAPTOP, 'laptop'), lapsed);
    expect(code(await revoke('client', LAPTOP))).toBe('PERMISSION_DENIED');
    expect(events(await revoke('client', LAPTOP, true))).toHaveLength(1);
  });

  test('of somebody unknown is refused', async () => {
    expect(code(await revoke('client', PHONE))).toBe('NOT_FOUND');
  });

  test('ends renewals, and no certificate of that subject goes on record any more', async () => {
    await world.record(issued('client', LAPTOP, 'laptop'), issued('client', PHONE, 'phone'));
    const renewal = issued('client', PHONE, 'phone');
    expect(events(await world.host.run((views) => decideRenewal(renewal, views)))).toEqual([renewal]);
    await world.record(...events(await revoke('client', PHONE)));
    expect(code(await world.host.run((views) => decideRenewal(renewal, views)))).toBe('CERTIFICATE_REVOKED');
    await expect(world.record(renewal)).rejects.toThrow(/the subject of the certificate was revoked/);
  });

  test('a client is found by id or name; one of several of a name only by its id', async () => {
    await world.record(issued('client', LAPTOP, 'machine'), issued('client', PHONE, 'machine'));
    const found = (text: string) => world.host.run((views) => subjectNamed('client', text, views));
    expect(await found(PHONE)).toEqual({ ok: true, value: { subjectId: PHONE, name: 'machine' } });
    expect((await found('machine')).ok).toBe(false);
    await world.record(...events(await revoke('client', PHONE)));
    expect(await found('machine')).toEqual({ ok: true, value: { subjectId: LAPTOP, name: 'machine' } });
    expect((await found('nobody')).ok).toBe(false);
  });
});

describe('removing a node', () => {
  beforeEach(async () => {
    await world.record(issued('node', NODE, 'attic'), { type: 'NodeRegistered', nodeId: NODE, name: 'attic' });
  });

  test('that was never started revokes it and forgets it; its name is free', async () => {
    const decided = events(await remove(false, false));
    expect(decided.map(({ type }) => type)).toEqual(['CertificateRevoked', 'NodeDecommissioned']);
    await world.record(...decided);
    expect(await world.host.run((views) => views.nodes.all())).toEqual([]);
    expect(await world.host.run((views) => countsAsHolder(NODE, views))).toBe(false);
    expect(events(await remove(false, false))).toEqual([]);
  });

  test('that is here is refused; one that was here needs force, or to be revoked', async () => {
    await world.record({ type: 'NodeEndpointsChanged', nodeId: NODE, endpoints: ['10.0.0.1:7000'], failureDomain: '' });
    expect(code(await remove(true, true))).toBe('PERMISSION_DENIED');
    expect(code(await remove(false, false))).toBe('PERMISSION_DENIED');
    expect(events(await remove(false, true))).toHaveLength(2);
    await world.record(...events(await revoke('node', NODE)));
    expect(events(await remove(true, false))).toEqual([{ type: 'NodeDecommissioned', nodeId: NODE }]);
  });
});
