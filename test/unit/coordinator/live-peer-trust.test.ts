import { expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { LivePeerTrust } from '../../../src/coordinator/members/live-peer-trust.js';
import { createSigner, endorse } from '../../../src/identity/index.js';
import { NodeHasher, NodeSignatureVerifier } from '../../../src/runtime/index.js';
import { MemoryLogger } from '../../support/rpc.js';
import { createMember } from '../identity/support.js';

it('where a connected member says that it is counts, but not as often as it likes', async () => {
  const { memberId, identityKeys, ca } = await createMember('mover', Date.UTC(2026, 0, 1));
  const validFrom = { epoch: 1, sequence: 1 };
  const endorsement = endorse({ memberId, purpose: 'member-ca', subject: ca.sha256, validFrom }, createSigner(identityKeys));
  const told = {
    identityPublicKey: identityKeys.publicKey,
    cas: [{ certificate: ca.der, endorsement, acceptedUntilMs: 0 }],
  };
  const clock = { ms: 0, nowMs: () => clock.ms, monotonicMs: () => clock.ms };
  const trust = await LivePeerTrust.open({
    admitted: () => Promise.resolve([{ memberId, name: 'mover', told, endpoints: ['10.0.0.1:1'] }]),
    outside: () => Promise.resolve([]),
    inItsLog: () => Promise.resolve(undefined),
    clock,
    hasher: new NodeHasher(),
    verifier: new NodeSignatureVerifier(),
    logger: new MemoryLogger(),
  });
  let changes = 0;
  trust.onChange(() => {
    changes += 1;
  });
  const places = Array.from({ length: 50 }, (_, index) => `10.0.1.${index}:1`);
  for (const place of places) await trust.learnPlace(memberId, [place]);
  expect(changes).toBe(LIMITS.peerPlacesAtOnce);
  expect(trust.of(memberId)?.endpoints[0]).toBe(places[LIMITS.peerPlacesAtOnce - 1]);
  clock.ms += 60_000;
  await trust.learnPlace(memberId, ['10.0.2.1:1']);
  expect(trust.of(memberId)?.endpoints).toEqual(['10.0.2.1:1', '10.0.0.1:1']);
});
