import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ByteStream, Listener } from '../../../src/ports/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import { createAuthority, createCredentials, type TestAuthority } from '../../support/certificates.js';
import { told } from '../../support/failures.js';
import { deferred, StreamReader } from '../../support/streams.js';

const HOST = '127.0.0.1';

/** Hostile and foreign clients, which our own dialling code cannot play. */
describe('a TLS listener', () => {
  let authority: TestAuthority;
  let listener: Listener;
  let refused: Promise<Error>;
  let accepted: Promise<ByteStream>;

  beforeAll(async () => {
    authority = await createAuthority();
  });
  const listen = async (handshakeTimeoutMs: number): Promise<void> => {
    const refusal = deferred<Error>();
    const acceptance = deferred<ByteStream>();
    refused = refusal.promise;
    accepted = acceptance.promise;
    listener = await createTlsNetwork().listen(
      {
        host: HOST,
        port: 0,
        credentials: await createCredentials(authority),
        connectionsMax: 4,
        handshakeTimeoutMs,
        onRefused: (_remote, error) => refusal.resolve(error),
      },
      (stream) => acceptance.resolve(stream),
    );
  };
  beforeEach(() => listen(60_000));
  afterEach(() => listener.close());

  const dial = (options: ConnectionOptions): TLSSocket => {
    const socket = connect({ host: HOST, port: listener.port, rejectUnauthorized: false, ...options });
    socket.on('error', () => undefined);
    return socket;
  };
  const closed = (socket: { once(event: 'close', done: () => void): unknown }): Promise<void> =>
    new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  const certified = async (expired = false): Promise<ConnectionOptions> => {
    const { certificateChain, privateKey } = await createCredentials(authority, { role: 'client', expired });
    return { cert: certificateChain, key: privateKey };
  };

  it('refuses a connection without a certificate', async () => {
    await closed(dial({}));
    expect(told(await refused)).toMatch(/^CERTIFICATE_INVALID: .*sent no certificate/);
  });

  it('refuses an expired certificate and says that it has expired', async () => {
    await closed(dial(await certified(true)));
    expect(told(await refused)).toMatch(/^CERTIFICATE_INVALID: .*has expired/);
  });

  it('refuses TLS 1.2', async () => {
    await closed(dial({ ...(await certified()), maxVersion: 'TLSv1.2' }));
    expect(told(await refused)).toMatch(/^PROTOCOL_ERROR:/);
  });

  it('refuses what is not TLS', async () => {
    const socket = connectTcp(listener.port, HOST);
    socket.on('error', () => undefined);
    socket.end('GET / HTTP/1.1\r\n\r\n');
    await closed(socket);
    expect(told(await refused)).toMatch(/^PROTOCOL_ERROR:/);
  });

  it('closes a connection that does not finish its handshake in time', async () => {
    await listener.close();
    await listen(200);
    const socket = connectTcp(listener.port, HOST);
    socket.on('error', () => undefined);
    await closed(socket);
    expect(told(await refused)).toMatch(/^PROTOCOL_ERROR: .*in time/);
  });

  it('speaks TLS 1.3 with AES-128-GCM and resumes no session', async () => {
    const options = await certified();
    const first = dial(options);
    const session = new Promise<Buffer>((resolve) => {
      first.once('session', resolve);
    });
    const far = await accepted;
    const reader = new StreamReader(far);
    first.write('x');
    await reader.has(1);
    expect([first.getProtocol(), first.getCipher().name]).toEqual(['TLSv1.3', 'TLS_AES_128_GCM_SHA256']);
    const again = dial({ ...options, session: await session });
    await new Promise<void>((resolve) => {
      again.once('secureConnect', resolve);
    });
    expect(again.isSessionReused()).toBe(false);
    first.destroy();
    again.destroy();
    await reader.closed();
  });

  it('goes on after every kind of refusal', async () => {
    await closed(dial({}));
    const socket = dial(await certified());
    const reader = new StreamReader(await accepted);
    socket.write('still here');
    await reader.has(10);
    expect(Buffer.from(reader.bytes).toString()).toBe('still here');
    socket.destroy();
    await reader.closed();
  });
});
