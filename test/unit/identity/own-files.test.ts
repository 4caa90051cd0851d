import { describe, expect, test } from 'vitest';
import { accept, CollectiveError, fail, ok } from '../../../src/base/index.js';
import { acceptFrom, checkKeyFile, isForKey, openCa, createMemberCa, keyPairFromSeed } from '../../../src/identity/index.js';
import { SystemRandom } from '../../../src/runtime/index.js';
import { hasher, originOf } from '../../support/events.js';

const keysOf = (seed: number) => keyPairFromSeed(new Uint8Array(32).fill(seed), hasher);
const random = new SystemRandom();
const NOW = 1_700_000_000_000;

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a key and the certificate for it', () => {
  test('fit only each other, and what does not fit names both files', async () => {
    const ca = accept(openCa(await createMemberCa({ memberId: originOf(1), keys: keysOf(1), nowMs: NOW, random })));
    expect(isForKey(ca.der, keysOf(1).publicKey)).toBe(true);
    expect(isForKey(ca.der, keysOf(2).publicKey)).toBe(false);
    const certificate = { path: 'certificates/ca.crt', der: ca.der };
    expect(() => checkKeyFile(certificate, { path: 'keys/ca.key', ...keysOf(1) })).not.toThrow();
    const other = thrownBy(() => checkKeyFile(certificate, { path: 'keys/ca.key', ...keysOf(2) }));
    expect(other).toMatchObject({ code: 'CERTIFICATE_INVALID', message: expect.stringMatching(/ca\.crt .* keys\/ca\.key/) });
    const log = { path: 'keys/log.key', ...keysOf(1) };
    const exchanged = thrownBy(() => checkKeyFile(certificate, { path: 'keys/ca.key', ...keysOf(2) }, [log]));
    expect(exchanged).toMatchObject({
      message: expect.stringMatching(/keys\/ca\.key: that key is in keys\/log\.key/),
      next: expect.stringContaining('exchanged'),
    });
    const garbage = thrownBy(() => checkKeyFile(certificate, { path: 'keys/ca.key', privateKeyPem: 'garbage' }));
    expect(garbage).toMatchObject({ code: 'DATA_FORMAT_UNSUPPORTED', message: expect.stringContaining('keys/ca.key') });
  });
});

test('what a file does not hold is an error that names the file', () => {
  expect(acceptFrom('a file', ok(5))).toBe(5);
  const error = thrownBy(() => acceptFrom('some/file', fail(new CollectiveError('CERTIFICATE_INVALID', 'It is none.'))));
  expect(error).toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: 'some/file cannot be used: It is none.',
    details: { path: 'some/file' },
  });
});
