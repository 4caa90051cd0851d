import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { accept } from '../../../src/base/index.js';
import { createSigner, endorse, type Endorsement, keyIdOf, openEndorsement, publicKeyOf } from '../../../src/identity/index.js';
import { createMember, flipBit, hasher, signerFrom, type TestMember, verifier } from './support.js';

let alice: TestMember;
let bob: TestMember;
const logKey = signerFrom('log').publicKey;

const checkOf = (member: TestMember, purpose: Endorsement['purpose'], subject: Uint8Array) => ({
  memberId: member.memberId,
  identityKey: publicKeyOf(member.identityKeys.publicKey, hasher),
  purpose,
  subject,
  verifier,
});

describe('endorsements', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([createMember('alice'), createMember('bob')]);
  });

  it('a CA and a log key that the identity key endorsed are accepted, with the position they hold from', () => {
    const signer = createSigner(alice.identityKeys);
    const forCa: Endorsement = {
      memberId: alice.memberId,
      purpose: 'member-ca',
      subject: alice.ca.sha256,
      validFrom: { epoch: 1, sequence: 1 },
    };
    const forLog: Endorsement = { ...forCa, purpose: 'log-key', subject: logKey, validFrom: { epoch: 3, sequence: 2 ** 40 } };
    expect(endorse(forCa, signer)).toHaveLength(162);
    expect(endorse(forLog, signer)).toHaveLength(174);
    expect(accept(openEndorsement(endorse(forCa, signer), checkOf(alice, 'member-ca', alice.ca.sha256)))).toEqual(forCa);
    expect(accept(openEndorsement(endorse(forLog, signer), checkOf(alice, 'log-key', logKey)))).toEqual(forLog);
    expect(signer.keyId).toEqual(keyIdOf(alice.identityKeys.publicKey, hasher));
  });

  it('one of another member, key, purpose or subject is refused, each in its own words', () => {
    const bytes = endorse(
      { memberId: alice.memberId, purpose: 'log-key', subject: logKey, validFrom: { epoch: 1, sequence: 1 } },
      createSigner(alice.identityKeys),
    );
    const right = checkOf(alice, 'log-key', logKey);
    const cases = [
      [{ ...right, memberId: bob.memberId }, 'another member'],
      [{ ...right, identityKey: publicKeyOf(bob.identityKeys.publicKey, hasher) }, 'another identity key'],
      [{ ...right, identityKey: { ...right.identityKey, publicKey: bob.identityKeys.publicKey } }, 'not signed'],
      [checkOf(alice, 'member-ca', alice.ca.sha256), 'for a log-key, not for a member-ca'],
      [{ ...right, subject: signerFrom('other').publicKey }, 'another log-key'],
    ] as const;
    for (const [check, words] of cases) {
      const opened = openEndorsement(bytes, check);
      expect(opened.ok ? '' : opened.error.code).toBe('CERTIFICATE_INVALID');
      expect(opened.ok ? '' : opened.error.message).toContain(words);
    }
  });

  it('altered, cut, lengthened or random bytes never pass and never throw', () => {
    const bytes = endorse(
      { memberId: alice.memberId, purpose: 'member-ca', subject: alice.ca.sha256, validFrom: { epoch: 1, sequence: 1 } },
      createSigner(alice.identityKeys),
    );
    const check = checkOf(alice, 'member-ca', alice.ca.sha256);
    for (let index = 0; index < bytes.length; index += 1) {
      expect(openEndorsement(flipBit(bytes, index), check).ok).toBe(false);
      expect(openEndorsement(bytes.subarray(0, index), check).ok).toBe(false);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (random) => !openEndorsement(random, check).ok));
    expect(openEndorsement(Uint8Array.of(...bytes, 0), check).ok).toBe(false);
  });
});
