import { beforeAll, describe, expect, it } from 'vitest';
import { accept, toHex, utf8 } from '../../../src/base/index.js';
import { generateKeyPair, type IdentityKey, memberIdOf, openIdentityKey, sealIdentityKey } from '../../../src/identity/index.js';
import { hasher, seededRandom } from './support.js';

const PASSPHRASE = 'correct horse battery';
const random = seededRandom('envelope');
const keys = generateKeyPair(random, hasher);
const identity: IdentityKey = { memberId: memberIdOf(keys.publicKey, hasher), keys };
let sealed = '';

const refusal = async (text: string, passphrase = PASSPHRASE): Promise<{ code: string; message: string } | undefined> => {
  const opened = await openIdentityKey(text, passphrase, hasher);
  return opened.ok ? undefined : { code: opened.error.code, message: opened.error.message };
};

describe('the identity key at rest', () => {
  beforeAll(async () => {
    sealed = accept(await sealIdentityKey(identity, PASSPHRASE, { random, hasher }));
  });

  it('opens with its passphrase, and does not show the private key', async () => {
    expect(accept(await openIdentityKey(sealed, PASSPHRASE, hasher))).toEqual(identity);
    expect(sealed).not.toContain('PRIVATE');
    expect(JSON.parse(sealed)).toMatchObject({
      version: 1,
      kdf: { name: 'scrypt', cost: 131_072 },
      cipher: { name: 'aes-256-gcm' },
    });
  });

  it('opens with a passphrase whose letters are composed differently', async () => {
    const accented = accept(await sealIdentityKey(identity, 'caf\u00e9 caf\u00e9', { random, hasher }));
    expect((await openIdentityKey(accented, 'cafe\u0301 cafe\u0301', hasher)).ok).toBe(true);
  });

  it('refuses another passphrase, and says that it is the passphrase', async () => {
    expect(await refusal(sealed, 'incorrect horse')).toMatchObject({ code: 'PASSPHRASE_WRONG' });
    expect(await refusal(sealed, 'x'.repeat(5000))).toMatchObject({ code: 'PASSPHRASE_WRONG' });
  });

  it('refuses a cost that scrypt does not know, also where the checksum fits', async () => {
    const { checksum: _checksum, ...fields } = JSON.parse(sealed) as Record<string, unknown>;
    const kdf: Record<string, unknown> = { ...(fields['kdf'] as object), cost: 131_073 };
    const cipher = fields['cipher'] as Record<string, unknown>;
    const header = [fields['format'], fields['version'], fields['memberId'], fields['publicKey'], kdf['name'], kdf['cost']];
    header.push(kdf['blockSize'], kdf['parallelization'], kdf['salt'], cipher['name'], cipher['nonce']);
    const parts = [JSON.stringify(header), String(cipher['tag']), String(fields['ciphertext'])].map(utf8);
    const checksum = toHex(hasher.sha256(...parts));
    expect(await refusal(JSON.stringify({ ...fields, kdf, checksum }))).toMatchObject({ code: 'DATA_FORMAT_UNSUPPORTED' });
  });

  it('refuses a file with any field altered, and says that it is the file', async () => {
    const envelope = JSON.parse(sealed) as Record<string, unknown>;
    const altered: readonly Record<string, unknown>[] = [
      { ...envelope, memberId: `${identity.memberId.slice(0, 51)}q`.replace(/^./, (c) => (c === 'a' ? 'b' : 'a')) },
      { ...envelope, publicKey: String(envelope['publicKey']).replace(/.$/, (c) => (c === '0' ? '1' : '0')) },
      { ...envelope, kdf: { ...(envelope['kdf'] as object), cost: 262_144 } },
      { ...envelope, kdf: { ...(envelope['kdf'] as object), cost: 16_384 } },
      { ...envelope, kdf: { ...(envelope['kdf'] as object), cost: 2 ** 40 } },
      { ...envelope, cipher: { ...(envelope['cipher'] as object), nonce: '00'.repeat(12) } },
      { ...envelope, ciphertext: '00' },
      { ...envelope, checksum: '00'.repeat(32) },
      { ...envelope, extra: 1 },
      { version: 1 },
    ];
    for (const fields of altered)
      expect(await refusal(JSON.stringify(fields))).toMatchObject({ code: 'DATA_FORMAT_UNSUPPORTED' });
    for (const text of ['', 'null', '[]', sealed.slice(0, -10), 'x'.repeat(100_000)]) {
      expect(await refusal(text)).toMatchObject({ code: 'DATA_FORMAT_UNSUPPORTED' });
    }
  });

  it('says when a file was written by a newer version', async () => {
    const newer = JSON.stringify({ ...(JSON.parse(sealed) as object), version: 2, other: 'shape' });
    const error = await refusal(newer);
    expect(error).toMatchObject({ code: 'DATA_FORMAT_UNSUPPORTED' });
    expect(error?.message).toContain('version 2');
  });

  it('is not sealed with a passphrase too short or too long', async () => {
    for (const passphrase of ['', 'short', 'x'.repeat(2000)]) {
      const result = await sealIdentityKey(identity, passphrase, { random, hasher });
      expect(result.ok ? undefined : result.error.code).toBe('USAGE');
    }
  });
});
