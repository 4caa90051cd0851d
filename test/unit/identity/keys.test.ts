import { describe, expect, it } from 'vitest';
import { accept, isMemberId, toHex } from '../../../src/base/index.js';
import {
  createSigner,
  generateKeyPair,
  isEd25519PublicKey,
  keyIdOf,
  keyPairFromSeed,
  memberCheckText,
  memberIdOf,
  openKeyPair,
} from '../../../src/identity/index.js';
import { hasher, seededRandom, verifier } from './support.js';

describe('key pairs', () => {
  it('a seed of RFC 8032 gives the public key and signature of RFC 8032', () => {
    const seed = Uint8Array.from(Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex'));
    const keys = keyPairFromSeed(seed, hasher);
    expect(toHex(keys.publicKey).slice(24)).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
    expect(toHex(createSigner(keys).sign(new Uint8Array()))).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
  });

  it('a pair read back from its PEM is the same pair', () => {
    const keys = generateKeyPair(seededRandom('pair'), hasher);
    expect(accept(openKeyPair(keys.privateKeyPem, hasher))).toEqual(keys);
  });

  it("what a signer signs verifies under its public key, and its key id is the start of that key's hash", () => {
    const signer = createSigner(generateKeyPair(seededRandom('signer'), hasher));
    const message = Uint8Array.of(1, 2, 3);
    expect(verifier.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
    expect(signer.keyId).toEqual(keyIdOf(signer.publicKey, hasher));
    expect(signer.keyId).toHaveLength(16);
    expect(isEd25519PublicKey(signer.publicKey)).toBe(true);
  });

  it('a text that is no key, and a key of another kind, are refused', () => {
    const other =
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIGD0gg7ek1iNCYgQqS1DFcaFoqGvhFkk1uYh2zYVj5h+\n-----END PRIVATE KEY-----\n';
    for (const text of ['', 'nonsense', other]) {
      const opened = openKeyPair(text, hasher);
      expect(opened.ok ? undefined : opened.error.code).toBe('DATA_FORMAT_UNSUPPORTED');
    }
  });

  it('a member id is one, and people compare its first 24 characters in groups of four', () => {
    const memberId = memberIdOf(generateKeyPair(seededRandom('member'), hasher).publicKey, hasher);
    expect(isMemberId(memberId)).toBe(true);
    expect(memberCheckText(memberId)).toMatch(/^([a-z2-7]{4}-){5}[a-z2-7]{4}$/);
    expect(memberCheckText(memberId).replaceAll('-', '')).toBe(memberId.slice(0, 24));
  });
});
