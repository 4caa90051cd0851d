import { once } from 'node:events';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accept, CollectiveError, isCollectiveError } from '../../../src/base/index.js';
import { explainTlsFailure, joinPem, type Role, tlsCredentials, verifyLeaf } from '../../../src/identity/index.js';
import type { Clock, TlsCredentials } from '../../../src/ports/index.js';
import {
  clientOf,
  coordinatorOf,
  createLeaf,
  createMember,
  DAY_MS,
  forgeCa,
  nodeOf,
  type TestLeaf,
  type TestMember,
} from './support.js';

// Handshakes are judged by OpenSSL's own clock, so here certificates are made around the real time.
const clock: Clock = { nowMs: () => Date.now(), monotonicMs: () => 0 };
const nowMs = clock.nowMs();

let alice: TestMember;
let bob: TestMember;
let forger: TestMember;
let server: TestLeaf;
let listening: Server | undefined;

const credentialsOf = (member: TestMember, { leaf, keys }: TestLeaf, roles: readonly Role[]): TlsCredentials =>
  tlsCredentials({ memberId: member.memberId, ca: member.ca, leaf, privateKeyPem: keys.privateKeyPem }, roles, clock);

/**
 * Accepts one connection the way a listener does that wants to say why it refuses: TLS proves the key, `verifyPeer` judges the
 * certificate. Answers with what it made of it.
 */
async function listen(
  credentials: TlsCredentials,
  strict = false,
): Promise<{ readonly port: number; readonly verdict: Promise<string> }> {
  const { promise, resolve } = withResolvers<string>();
  const tls = createServer({
    cert: credentials.certificateChain,
    key: credentials.privateKey,
    ca: credentials.trustedCa,
    requestCert: true,
    rejectUnauthorized: strict,
    minVersion: 'TLSv1.3',
  });
  tls.on('secureConnection', (socket) => {
    socket.on('error', (error: Error) => resolve(error.message));
    resolve(judge(socket, credentials));
    socket.end('served');
  });
  tls.on('tlsClientError', (error: Error & { code?: string }) => resolve(`refused by TLS: ${error.code ?? error.message}`));
  listening = tls.listen(0, '127.0.0.1');
  await once(tls, 'listening');
  const address = tls.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, verdict: promise };
}

function judge(socket: TLSSocket, credentials: TlsCredentials): string {
  const leaf: Buffer | undefined = socket.getPeerCertificate().raw;
  try {
    credentials.verifyPeer({ leaf: leaf === undefined ? new Uint8Array() : new Uint8Array(leaf) });
    return socket.authorized ? 'welcome' : `unauthorized: ${String(socket.authorizationError)}`;
  } catch (error) {
    if (isCollectiveError(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** What a client sees: what it was served, or the error of its own side. */
async function dial(port: number, own: Partial<TlsCredentials> & { readonly trustedCa: string }): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    ca: own.trustedCa,
    ...(own.certificateChain === undefined ? {} : { cert: own.certificateChain, key: own.privateKey }),
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.3',
  });
  const { promise, resolve } = withResolvers<string>();
  let served = '';
  socket.on('data', (bytes: Buffer) => {
    served += bytes.toString();
  });
  socket.on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  socket.on('close', () => resolve(served === '' ? 'closed' : served));
  return promise;
}

function withResolvers<Value>(): { readonly promise: Promise<Value>; readonly resolve: (value: Value) => void } {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe('real TLS 1.3 handshakes', () => {
  beforeAll(async () => {
    [alice, bob] = await Promise.all([createMember('alice', nowMs - 3 * DAY_MS), createMember('bob', nowMs - 3 * DAY_MS)]);
    forger = await forgeCa(alice, nowMs - 3 * DAY_MS);
    server = await createLeaf(alice, coordinatorOf(alice), { nowMs });
  });

  afterEach(() => {
    listening?.close();
    listening = undefined;
  });

  /** Both ways of listening: how the refusal reads, and that a strict listener serves nothing. */
  const meet = async (member: TestMember, leaf: TestLeaf | undefined, roles: readonly Role[] = ['node']): Promise<string> => {
    const own = leaf === undefined ? {} : credentialsOf(member, leaf, ['coordinator']);
    const listener = await listen(credentialsOf(alice, server, roles));
    await dial(listener.port, { ...own, trustedCa: alice.ca.pem });
    listening?.close();
    return listener.verdict;
  };
  const meetStrictly = async (member: TestMember, leaf: TestLeaf | undefined): Promise<string> => {
    const own = leaf === undefined ? {} : credentialsOf(member, leaf, ['coordinator']);
    const listener = await listen(credentialsOf(alice, server, ['node']), true);
    const seen = await dial(listener.port, { ...own, trustedCa: alice.ca.pem });
    return `${seen} / ${await listener.verdict}`;
  };

  it('the right certificate is welcome', async () => {
    const node = await createLeaf(alice, nodeOf(alice), { nowMs });
    expect(await meet(alice, node)).toBe('welcome');
    expect(await meetStrictly(alice, node)).toBe('served / welcome');
  });

  it("another CA's certificate is refused", async () => {
    const stranger = await createLeaf(bob, nodeOf(bob), { nowMs });
    expect(await meet(bob, stranger)).toMatch(/^CERTIFICATE_INVALID: .*another CA/);
    expect(await meetStrictly(bob, stranger)).toMatch(/refused by TLS/);
  });

  it('a certificate of a forged CA with the same subject is refused', async () => {
    const forged = await createLeaf(forger, nodeOf(alice), { nowMs });
    expect(await meet(forger, forged)).toMatch(/^CERTIFICATE_INVALID: .*forged/);
    expect(await meetStrictly(forger, forged)).toMatch(/refused by TLS/);
  });

  it('an expired certificate, and one from the future, are refused', async () => {
    const expired = await createLeaf(alice, nodeOf(alice), { nowMs: nowMs - 2 * DAY_MS, lifeMs: DAY_MS });
    const future = await createLeaf(alice, nodeOf(alice), { nowMs: nowMs + DAY_MS });
    expect(await meet(alice, expired)).toMatch(/^CERTIFICATE_INVALID: .*expired at .* ago/);
    expect(await meet(alice, future)).toMatch(/^CERTIFICATE_INVALID: .*valid only from/);
    expect(await meetStrictly(alice, expired)).toMatch(/refused by TLS/);
  });

  it('no certificate is refused', async () => {
    expect(await meet(alice, undefined)).toMatch(/^CERTIFICATE_INVALID: No certificate was shown/);
    const seen = await meetStrictly(alice, undefined);
    expect(seen).toMatch(/refused by TLS: ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE/);
  });

  it("a client's certificate in a node's role is refused", async () => {
    const client = await createLeaf(alice, clientOf(alice), { nowMs });
    expect(await meet(alice, client)).toMatch(/^PERMISSION_DENIED: .*not open to a client/);
  });

  it("a client's certificate is refused as a server's by TLS itself", async () => {
    const asServer = await createLeaf(alice, clientOf(alice), { nowMs });
    const node = await createLeaf(alice, nodeOf(alice), { nowMs });
    const listener = await listen(credentialsOf(alice, asServer, ['node']));
    const seen = await dial(listener.port, credentialsOf(alice, node, ['coordinator']));
    expect(seen).toBe('INVALID_PURPOSE');
    expect(explainTlsFailure(seen)?.message).toContain('not made for this use');
  });

  it('a server of another or a forged CA is refused by the client before it sends anything', async () => {
    const node = await createLeaf(alice, nodeOf(alice), { nowMs });
    for (const other of [bob, forger]) {
      const listener = await listen(credentialsOf(alice, server, ['node']));
      const seen = await dial(listener.port, { ...credentialsOf(alice, node, ['coordinator']), trustedCa: other.ca.pem });
      expect(explainTlsFailure(seen)).toMatchObject({ code: 'CERTIFICATE_INVALID', details: { tls: seen } });
      listening?.close();
    }
  });

  it('a bundle of two CAs is read by TLS as two, and each leaf still counts for its own member only', async () => {
    const own = credentialsOf(alice, server, ['node']);
    const listener = await listen(
      { ...own, trustedCa: joinPem([alice.ca.pem.trimEnd(), bob.ca.pem.trimEnd()]), verifyPeer: () => undefined },
      true,
    );
    for (const [member, name] of [
      [alice, nodeOf(alice)],
      [bob, nodeOf(bob)],
      [bob, nodeOf(alice)],
    ] as const) {
      const leaf = await createLeaf(member, name, { nowMs });
      expect(await dial(listener.port, { ...credentialsOf(member, leaf, ['coordinator']), trustedCa: alice.ca.pem })).toBe(
        'served',
      );
      const verified = verifyLeaf(leaf.leaf, { ca: alice.ca, memberId: alice.memberId, nowMs });
      expect(verified.ok).toBe(member === alice);
    }
  });

  it('credentials refuse a peer by throwing the reason', async () => {
    const client = await createLeaf(alice, clientOf(alice), { nowMs });
    const { verifyPeer } = credentialsOf(alice, server, ['node']);
    expect(() => verifyPeer({ leaf: client.leaf })).toThrow(CollectiveError);
    expect(accept(verifyLeaf(client.leaf, { ca: alice.ca, memberId: alice.memberId, nowMs })).role).toBe('client');
    expect(explainTlsFailure('ECONNRESET')).toBeUndefined();
  });
});
