import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { accept, LIMITS, toHex } from '../../../src/base/index.js';
import { formatPeerUri, type LeafCheck, verifyLeaf } from '../../../src/identity/index.js';
import {
  CLIENT_ID,
  clientOf,
  coordinatorOf,
  createLeaf,
  createMember,
  DAY_MS,
  flipBit,
  forgeCa,
  hasher,
  NODE_ID,
  nodeOf,
  NOW_MS,
  type TestLeaf,
  type TestMember,
} from './support.js';
import { createOddLeaf } from './x509-support.js';

let alice: TestMember;
let bob: TestMember;
let forger: TestMember;
let node: TestLeaf;

const checkOf = (member: TestMember, changed: Partial<LeafCheck> = {}): LeafCheck => ({
  ca: member.ca,
  memberId: member.memberId,
  nowMs: NOW_MS,
  ...changed,
});

const refusal = (leaf: Uint8Array, check: LeafCheck): { readonly code: string; readonly message: string } => {
  const verified = verifyLeaf(leaf, check);
  return verified.ok ? { code: 'accepted', message: '' } : { code: verified.error.code, message: verified.error.message };
};

const invalid = (words: string): { readonly code: string; readonly message: string } => ({
  code: 'CERTIFICATE_INVALID',
  message: expect.stringContaining(words) as string,
});

describe('who a certificate speaks for', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([createMember('alice'), createMember('bob')]);
    forger = await forgeCa(alice);
    node = await createLeaf(alice, nodeOf(alice));
  });

  it('a leaf of the right CA gives its role, ids, hashes and end', async () => {
    const expected = {
      fingerprint: toHex(hasher.sha256(node.leaf)),
      publicKey: node.keys.publicKey,
      publicKeyHash: hasher.sha256(node.keys.publicKey),
      notBeforeMs: NOW_MS - 60_000,
      notAfterMs: NOW_MS + LIMITS.leafLifeMs,
    };
    expect(accept(verifyLeaf(node.leaf, checkOf(alice)))).toEqual({
      role: 'node',
      memberId: alice.memberId,
      nodeId: NODE_ID,
      ...expected,
    });
    const client = await createLeaf(alice, clientOf(alice));
    expect(accept(verifyLeaf(client.leaf, checkOf(alice)))).toMatchObject({ role: 'client', clientId: CLIENT_ID });
    const coordinator = await createLeaf(alice, coordinatorOf(alice));
    expect(accept(verifyLeaf(coordinator.leaf, checkOf(alice, { roles: ['coordinator'] })))).toMatchObject({
      role: 'coordinator',
    });
  });

  it('a leaf of another CA is refused and told so', async () => {
    const stranger = await createLeaf(bob, nodeOf(bob));
    expect(refusal(stranger.leaf, checkOf(alice))).toEqual(invalid('issued by another CA'));
    const impostor = await createLeaf(bob, nodeOf(alice));
    expect(refusal(impostor.leaf, checkOf(alice))).toEqual(invalid('issued by another CA'));
  });

  it('a leaf of a forged CA with the same subject is refused and told so', async () => {
    const forged = await createLeaf(forger, nodeOf(alice));
    expect(refusal(forged.leaf, checkOf(alice))).toEqual(invalid('forged'));
    expect(verifyLeaf(forged.leaf, checkOf(forger)).ok).toBe(true);
  });

  it('a CA cannot speak for another member', async () => {
    const crossed = await createLeaf(bob, nodeOf(alice));
    expect(refusal(crossed.leaf, checkOf(bob))).toEqual(invalid(`names member ${alice.memberId.slice(0, 8)}`));
    expect(refusal(node.leaf, checkOf(alice, { memberId: bob.memberId }))).toEqual(invalid('cannot speak'));
  });

  it('time is checked at every call, also for a leaf that was good before', () => {
    const { notBeforeMs, notAfterMs } = accept(verifyLeaf(node.leaf, checkOf(alice)));
    expect(verifyLeaf(node.leaf, checkOf(alice, { nowMs: notAfterMs })).ok).toBe(true);
    expect(refusal(node.leaf, checkOf(alice, { nowMs: notAfterMs + 2 * DAY_MS }))).toEqual(
      invalid('expired at 2030-01-31T00:00:00Z, 2 d ago'),
    );
    expect(refusal(node.leaf, checkOf(alice, { nowMs: notBeforeMs - 1 }))).toEqual(
      invalid('valid only from 2029-12-31T23:59:00Z'),
    );
    expect(refusal(node.leaf, checkOf(alice, { nowMs: Number.NaN })).code).toBe('CERTIFICATE_INVALID');
  });

  it('a role that may not is refused with PERMISSION_DENIED, naming both', async () => {
    const client = await createLeaf(alice, clientOf(alice));
    expect(refusal(client.leaf, checkOf(alice, { roles: ['node', 'coordinator'] }))).toEqual({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/not open to a client.*a node or a coordinator is needed/) as string,
    });
    expect(verifyLeaf(client.leaf, checkOf(alice, { roles: ['client'] })).ok).toBe(true);
  });

  it('no certificate is refused and told so', () => {
    expect(refusal(new Uint8Array(), checkOf(alice))).toEqual(invalid('No certificate was shown'));
  });

  it('names that are not exactly one URI of ours are refused, even if the CA signed them', async () => {
    const server = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
    const uri = formatPeerUri(nodeOf(alice));
    const oddNames = [
      [],
      [{ type: 'dns', value: 'node.example' }],
      [{ type: 'url', value: 'https://example.org/' }],
      [{ type: 'url', value: `${uri}x` }],
      [{ type: 'url', value: `${uri}, URI:${uri}` }],
      [
        { type: 'url', value: uri },
        { type: 'url', value: formatPeerUri(coordinatorOf(alice)) },
      ],
      [
        { type: 'url', value: uri },
        { type: 'dns', value: 'node.example' },
      ],
    ] as const;
    for (const names of oddNames) {
      const leaf = await createOddLeaf(alice, { names: [...names], usages: server });
      expect(refusal(leaf, checkOf(alice))).toEqual(invalid('malformed'));
    }
  });

  it('usages and keys that do not fit the role are refused, even if the CA signed them', async () => {
    const [server, client] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
    const nodeNames = [{ type: 'url' as const, value: formatPeerUri(nodeOf(alice)) }];
    const clientNames = [{ type: 'url' as const, value: formatPeerUri(clientOf(alice)) }];
    const odd = [
      { names: nodeNames, usages: undefined },
      { names: nodeNames, usages: [client] },
      { names: nodeNames, usages: [server] },
      { names: clientNames, usages: [server, client] },
      { names: nodeNames, usages: [server, client], ecdsa: true },
      { names: nodeNames, usages: [server, client], isCa: true },
    ];
    for (const fields of odd)
      expect(refusal(await createOddLeaf(alice, fields), checkOf(alice))).toEqual(invalid('not made for that role'));
    expect(verifyLeaf(await createOddLeaf(alice, { names: clientNames, usages: [client] }), checkOf(alice)).ok).toBe(true);
  });

  it('the CA certificate itself is nobody', () => {
    expect(verifyLeaf(alice.ca.der, checkOf(alice)).ok).toBe(false);
  });

  it('altered, cut, lengthened or random bytes never pass and never throw', () => {
    expect(verifyLeaf(node.leaf, checkOf(alice)).ok).toBe(true);
    for (let index = 0; index < node.leaf.length; index += 1) {
      expect(verifyLeaf(flipBit(node.leaf, index), checkOf(alice)).ok).toBe(false);
    }
    for (let length = 0; length < node.leaf.length; length += 13) {
      expect(verifyLeaf(node.leaf.subarray(0, length), checkOf(alice)).ok).toBe(false);
    }
    expect(verifyLeaf(Uint8Array.of(...node.leaf, 0), checkOf(alice)).ok).toBe(false);
    expect(verifyLeaf(new TextEncoder().encode(alice.ca.pem), checkOf(alice)).ok).toBe(false);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), (random) => !verifyLeaf(random, checkOf(alice)).ok));
    expect(refusal(new Uint8Array(LIMITS.certificateBytes + 1), checkOf(alice))).toEqual(invalid('cannot be read'));
  });
});
