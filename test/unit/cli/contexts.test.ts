import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientId } from '../../../src/base/index.js';
import { ContextStore, type ContextSettings } from '../../../src/cli/contexts/context-store.js';
import type { OwnCredentials } from '../../../src/identity/index.js';
import { NodeFileSystem, SystemRandom } from '../../../src/runtime/index.js';
import { ownCredentials } from '../../support/rpc.js';
import { createLeaf, createMember, type TestMember } from '../identity/support.js';

const INIT: unknown = expect.stringContaining('collective init');
const clientId = 'clientclientclie' as ClientId;
const ports = { fileSystem: new NodeFileSystem(), random: new SystemRandom() };
let root: string;
let store: ContextStore;
let member: TestMember;
let own: OwnCredentials;
let settings: ContextSettings;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'collective-contexts-'));
  store = new ContextStore(root, ports);
  member = await createMember('contexts', Date.now());
  own = await ownCredentials(member, { role: 'client', memberId: member.memberId, clientId });
  settings = {
    version: 1,
    memberId: member.memberId,
    memberName: 'alice',
    clientId,
    clientName: 'me',
    endpoints: ['127.0.0.1:1'],
    enrolmentEndpoints: [],
  };
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

describe('contexts', () => {
  it('a choice of a context that is not there names the file that holds it', async () => {
    await store.add('home', settings, own);
    await writeFile(join(root, 'current-context.json'), '{"version":1,"context":"iome"}');
    await expect(store.choose(undefined)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('current-context.json'),
      next: expect.stringContaining('collective context use'),
    });
  });

  it('keep key and certificates so that nobody else can reach the key', async () => {
    const { directory } = await store.add('alice', settings, own);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    const read = await store.credentials(await store.get('alice'));
    expect(read.privateKeyPem).toBe(own.privateKeyPem);
    expect(Buffer.from(read.leaf).equals(own.leaf)).toBe(true);
    expect(read.ca.pem).toBe(own.ca.pem);
  });

  it('keep the newest of the certificates that processes at once have renewed, whoever came first', async () => {
    const context = await store.add('alice', settings, own);
    const kept = async () => Buffer.from((await store.credentials(context)).leaf);
    const name = { role: 'client', memberId: own.memberId, clientId } as const;
    const issued = async (atMs: number) => {
      const { keys, leaf } = await createLeaf(member, name, { nowMs: Date.now() + atMs });
      const credentials = { ...own, previousCas: [], leaf, privateKeyPem: keys.privateKeyPem };
      return { credentials, homeEndpoints: [], enrolmentEndpoints: [] };
    };
    const [first, second, third] = [await issued(2_000), await issued(4_000), await issued(6_000)];
    await store.keepRenewed(context, second);
    await store.keepRenewed(context, first);
    expect((await kept()).equals(second.credentials.leaf)).toBe(true);
    // A process whose own certificate was never kept.
    await store.keepRenewed(context, third);
    expect((await kept()).equals(third.credentials.leaf)).toBe(true);
  });

  it('refuse a key that others can read', async () => {
    const { directory } = await store.add('alice', settings, own);
    await chmod(join(directory, 'credentials.json'), 0o640);
    await expect(store.credentials(await store.get('alice'))).rejects.toMatchObject({ code: 'KEY_FILE_UNSAFE' });
  });

  it('say what to do when there is none', async () => {
    await expect(store.choose(undefined)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      next: INIT,
    });
    await expect(store.choose('bob')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.list()).toEqual([]);
  });

  it('use the first one until another is chosen', async () => {
    await store.add('alice', settings, own);
    await store.add('bob', { ...settings, memberName: 'bob' }, own);
    expect((await store.choose(undefined)).name).toBe('alice');
    expect((await store.choose('bob')).memberName).toBe('bob');
    await store.use('bob');
    expect((await store.choose(undefined)).name).toBe('bob');
    await expect(store.use('carol')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await store.list()).map(({ name }) => name)).toEqual(['alice', 'bob']);
  });

  it('are never overwritten, and have names that folders can have', async () => {
    await store.add('alice', settings, own);
    await expect(store.add('alice', settings, own)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    for (const name of ['', '.', '..', 'a/b', '-x', 'x'.repeat(65)]) {
      await expect(store.add(name, settings, own)).rejects.toMatchObject({ code: 'USAGE' });
    }
  });
});
