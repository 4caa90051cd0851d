import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, LIMITS, toHex, utf8 } from '../../../src/base/index.js';
import { createEd25519Signer, NodeHasher, NodeSignatureVerifier } from '../../../src/runtime/index.js';

const hex = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();
const pem = (key: ReturnType<typeof createPrivateKey>): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

describe('the hasher', () => {
  const hasher = new NodeHasher();

  it('gives the digests that FIPS 180-4 gives', () => {
    expect(toHex(hasher.sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(toHex(hasher.sha256())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(hasher.sha256(new Uint8Array()))).toBe(toHex(hasher.sha256()));
  });

  it('parts give the digest of what they are together, whatever their sizes', () => {
    const part = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 4000, maxLength: 4200 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const expected = createHash('sha256').update(concatBytes(parts)).digest('hex');
        expect(toHex(hasher.sha256(...parts))).toBe(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('a digest is its caller’s own', () => {
    const first = hasher.sha256(utf8('a'), utf8('b'));
    const before = toHex(first);
    hasher.sha256(utf8('c'), utf8('d'));
    expect(toHex(first)).toBe(before);
    expect([first.constructor, first.length]).toEqual([Uint8Array, 32]);
  });
});

describe('signer and verifier', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = createEd25519Signer(pem(privateKey));
  const verifier = new NodeSignatureVerifier();
  const message = utf8('message');

  it('gives the signature that RFC 8032 gives', () => {
    const seed = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
    const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
    const known = createEd25519Signer(pem(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })));
    const signature =
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b';
    expect(toHex(known.sign(new Uint8Array()))).toBe(signature);
    expect(toHex(known.publicKey)).toBe(
      '302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    );
    expect(toHex(known.keyId)).toBe(createHash('sha256').update(known.publicKey).digest('hex').slice(0, 32));
  });

  it('a signature holds for its message and key, and for no other', () => {
    const other = createEd25519Signer(pem(generateKeyPairSync('ed25519').privateKey));
    const signature = signer.sign(message);
    expect(verifier.verify(signer.publicKey, message, signature)).toBe(true);
    expect(verifier.verify(signer.publicKey, utf8('massage'), signature)).toBe(false);
    expect(verifier.verify(other.publicKey, message, signature)).toBe(false);
  });

  it('a flipped bit anywhere in signature or key is refused, never thrown', () => {
    const signature = signer.sign(message);
    const flip = (bytes: Uint8Array, bit: number): Uint8Array =>
      bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    for (let bit = 0; bit < 64 * 8; bit += 1)
      expect(verifier.verify(signer.publicKey, message, flip(signature, bit))).toBe(false);
    for (let bit = 0; bit < 44 * 8; bit += 1)
      expect(verifier.verify(flip(signer.publicKey, bit), message, signature)).toBe(false);
  });

  it('keys and signatures of any length are refused, never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (key, signature) => {
        expect(verifier.verify(key, message, signature)).toBe(false);
        expect(verifier.verify(signer.publicKey, message, signature)).toBe(false);
      }),
    );
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });
    expect(verifier.verify(rsa, message, signer.sign(message))).toBe(false);
  });

  it('more keys than are kept parsed verify as well', () => {
    const der = (index: number): Uint8Array => {
      const seed = createHash('sha256').update(String(index)).digest('hex');
      const key = createPrivateKey({
        key: Buffer.from(hex(`302e020100300506032b657004220420${seed}`)),
        format: 'der',
        type: 'pkcs8',
      });
      return createPublicKey(key).export({ format: 'der', type: 'spki' });
    };
    for (let index = 0; index <= LIMITS.parsedKeys; index += 1) verifier.verify(der(index), message, new Uint8Array(64));
    expect(verifier.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
  });

  it('what is not an Ed25519 private key is refused', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(() => createEd25519Signer(pem(rsa))).toThrow(/not Ed25519/);
    expect(() => createEd25519Signer('-----BEGIN NONSENSE-----')).toThrow(/not readable/);
  });
});
