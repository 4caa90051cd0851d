import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ByteStream, Listener, TlsCredentials } from '../../../src/ports/index.js';
import { createTlsNetwork } from '../../../src/runtime/index.js';
import { createAuthority, createCredentials } from '../../support/certificates.js';
import { failureOf, told } from '../../support/failures.js';
import { deferred, StreamReader } from '../../support/streams.js';

/** Other ends that our own listening code does not play. */
describe.each(['auto', 'never'] as const)('dialling (onread: %s)', (useOnread) => {
  const network = createTlsNetwork({ useOnread });
  let node: TlsCredentials;
  let client: TlsCredentials;
  let close: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    const authority = await createAuthority();
    node = await createCredentials(authority);
    client = await createCredentials(authority, { role: 'client' });
  });
  afterEach(() => close());

  const dial = (host: string, port: number, timeoutMs = 5000): Promise<ByteStream> =>
    network.connect({ host, port, credentials: client, timeoutMs, signal: new AbortController().signal });

  const listenTcp = async (onConnection: (socket: Socket) => void): Promise<number> => {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    close = () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };

  it('reaches a host by its name, whichever of its addresses answers', async () => {
    const accepted = deferred<ByteStream>();
    const options = { host: '127.0.0.1', port: 0, credentials: node, connectionsMax: 4, handshakeTimeoutMs: 5000 };
    const listener: Listener = await network.listen(options, (stream) => accepted.resolve(stream));
    close = () => listener.close();
    const [near, far] = await Promise.all([dial('localhost', listener.port), accepted.promise]);
    const [atNear, atFar] = [new StreamReader(near), new StreamReader(far)];
    await Promise.all([near.write([new Uint8Array(100_000)]), far.write([new Uint8Array(100_000)])]);
    await Promise.all([atNear.has(100_000), atFar.has(100_000)]);
    expect(near.remote).toBe(`localhost:${listener.port}`);
    near.end();
    expect([await atNear.closed(), await atFar.closed()]).toEqual([undefined, undefined]);
  });

  it('gives up on a host that takes the connection and says nothing', async () => {
    const port = await listenTcp(() => undefined);
    expect(told(await failureOf(dial('127.0.0.1', port, 100)))).toMatch(/^NODE_UNREACHABLE: .* no answer within 100 ms/);
  });

  it('says of a host that speaks something else that it does not speak TLS 1.3', async () => {
    const port = await listenTcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n'));
    expect(told(await failureOf(dial('127.0.0.1', port)))).toMatch(/^NODE_UNREACHABLE: .* does not speak TLS 1\.3/);
  });

  it('says of a host that closes the connection that it cannot be reached', async () => {
    const port = await listenTcp((socket) => socket.destroy());
    expect(told(await failureOf(dial('127.0.0.1', port)))).toMatch(/^NODE_UNREACHABLE: /);
  });

  it('says of a name that is unknown that it cannot be reached', async () => {
    expect(told(await failureOf(dial('no-such-host.invalid', 7400)))).toMatch(/^NODE_UNREACHABLE: no-such-host\.invalid:7400 /);
  });

  it('is cancelled in the middle of a handshake', async () => {
    const arrived = deferred<void>();
    const port = await listenTcp(() => arrived.resolve());
    const controller = new AbortController();
    const { signal } = controller;
    const attempt = failureOf(network.connect({ host: '127.0.0.1', port, credentials: client, timeoutMs: 5000, signal }));
    await arrived.promise;
    controller.abort();
    expect(told(await attempt)).toMatch(/^CANCELLED:/);
  });
});
