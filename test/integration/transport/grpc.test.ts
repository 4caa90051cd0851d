import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CollectiveError, LIMITS } from '../../../src/base/index.js';
import { certificatePem, joinPem, type OwnCredentials } from '../../../src/identity/index.js';
import { SystemClock, SystemRandom, SystemTimers } from '../../../src/runtime/index.js';
import {
  AdminServiceDefinition,
  createClient,
  createGrpcTransport,
  type RpcChannel,
  type RpcListener,
  type RpcListenOptions,
} from '../../../src/transport/index.js';
import { adminWith, enrolmentWith, errorOf, MemoryLogger, ownCredentials } from '../../support/rpc.js';
import { deferred } from '../../support/streams.js';
import { clientOf, coordinatorOf, createMember, DAY_MS, forgeCa, nodeOf, type TestMember } from '../../unit/identity/support.js';

const forever = new AbortController().signal;
const transport = createGrpcTransport({ clock: new SystemClock(), random: new SystemRandom(), timers: new SystemTimers() });
const openOptions = { signal: forever, timeoutMs: 60_000, requestId: undefined };
const services = [adminWith({ getEvent: async () => ({ event: undefined }) })];

let member: TestMember;
let coordinator: OwnCredentials;
let client: OwnCredentials;
beforeAll(async () => {
  member = await createMember('grpc', Date.now() - 60_000);
  coordinator = await ownCredentials(member, coordinatorOf(member));
  client = await ownCredentials(member, clientOf(member));
});

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
});

async function listen(options: Partial<RpcListenOptions> = {}): Promise<{ listener: RpcListener; logger: MemoryLogger }> {
  const logger = new MemoryLogger();
  const listener = await transport.listen({
    kind: 'home',
    host: '127.0.0.1',
    port: 0,
    own: coordinator,
    services,
    logger,
    ...options,
  });
  opened.push({ close: () => listener.close(0) });
  return { listener, logger };
}

function channelTo(port: number, own = client): RpcChannel {
  const channel = transport.connect({ endpoints: [`127.0.0.1:${port}`], own });
  opened.push(channel);
  return channel;
}

const getEvent = (channel: RpcChannel): Promise<unknown> =>
  createClient(AdminServiceDefinition, channel).getEvent({ sequence: 1 }, { signal: forever });

const refusals = (logger: MemoryLogger): string[] =>
  logger.lines.filter(({ message }) => message === 'connection refused').map(({ fields }) => String(fields['reason']));

const tlsOptionsOf = (own: OwnCredentials) => ({
  host: '127.0.0.1',
  cert: joinPem([certificatePem(own.leaf), own.ca.pem]),
  key: own.privateKeyPem,
  ca: own.ca.pem,
  ALPNProtocols: ['h2'],
  checkServerIdentity: () => undefined,
});

/** A client of gRPC's wire that keeps to nothing but HTTP/2. */
async function rawSession(port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, tlsOptionsOf(client));
  opened.push(session);
  await new Promise((resolve, reject) => {
    session.once('connect', resolve);
    session.once('error', reject);
  });
  return session;
}

/** The status and its text that a raw request ends with. */
function rawCall(
  session: ClientHttp2Session,
  headers: Record<string, string | string[]>,
  body: Uint8Array,
): Promise<{ readonly status: string; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/collective.v1.AdminService/GetEvent',
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const take = ({ 'grpc-status': status, 'grpc-message': text }: IncomingHttpHeaders): void => {
      if (typeof status === 'string' && typeof text === 'string') resolve({ status, text: decodeURI(text) });
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('error', reject);
    stream.resume();
    stream.end(body);
  });
}

function frame(message: Uint8Array, options: { readonly compressed?: boolean; readonly claimedBytes?: number } = {}): Uint8Array {
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt8(options.compressed === true ? 1 : 0, 0);
  framed.writeUInt32BE(options.claimedBytes ?? message.length, 1);
  framed.set(message, 5);
  return framed;
}

describe('who may connect', () => {
  it('nothing older than TLS 1.3 is spoken', async () => {
    const { listener, logger } = await listen();
    const code = await new Promise((resolve) => {
      const socket = connectTls({ ...tlsOptionsOf(client), port: listener.port, maxVersion: 'TLSv1.2' });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code);
      });
      socket.once('secureConnect', () => {
        resolve('connected');
      });
    });
    expect(code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    await getEvent(channelTo(listener.port));
    expect(refusals(logger)[0]).toMatch(/TLS 1\.3/);
  });

  it('no session is resumed: every connection proves its certificate', async () => {
    const { listener } = await listen();
    const visit = (session?: Buffer): Promise<{ reused: boolean; session: Buffer | undefined }> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({
          ...tlsOptionsOf(client),
          port: listener.port,
          ...(session === undefined ? {} : { session }),
        });
        let ticket: Buffer | undefined;
        socket.on('session', (given) => {
          ticket = given;
        });
        socket.once('data', () => {
          resolve({ reused: socket.isSessionReused(), session: ticket ?? socket.getSession() });
          socket.destroy();
        });
        socket.once('error', reject);
      });
    const first = await visit();
    const second = await visit(first.session);
    expect(second.reused).toBe(false);
  });

  it("another member's certificate is refused, and both ends say why", async () => {
    const stranger = await createMember('stranger', Date.now() - 60_000);
    const { listener, logger } = await listen();
    const own = { ...(await ownCredentials(stranger, clientOf(stranger))), ca: stranger.ca };
    const theirs = await errorOf(getEvent(channelTo(listener.port, own)));
    expect(theirs).toMatchObject({ code: 'CERTIFICATE_INVALID' });
    expect(theirs.message).toMatch(/a CA that is not trusted here/);
    // One who does trust this coordinator's CA, and has no certificate of it.
    const mixed = { ...own, ca: member.ca, memberId: member.memberId };
    const error = await errorOf(getEvent(channelTo(listener.port, mixed)));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toMatch(/issued by another CA/);
    expect(logger.lines.some(({ level }) => level === 'error')).toBe(false);
  });

  it('a forged CA of the same name is refused, and the log says forged', async () => {
    const { listener, logger } = await listen();
    const forger = await forgeCa(member, Date.now() - 60_000);
    const { leaf, privateKeyPem } = await ownCredentials(forger, clientOf(forger));
    const closed = await new Promise((resolve) => {
      const socket = connectTls({
        ...tlsOptionsOf(client),
        cert: certificatePem(leaf),
        key: privateKeyPem,
        port: listener.port,
      });
      socket.once('close', () => {
        resolve('closed');
      });
      socket.once('data', () => {
        resolve('served');
      });
      socket.on('error', () => undefined);
    });
    expect(closed).toBe('closed');
    expect(refusals(logger).join()).toMatch(/forged/);
  });

  it('no certificate is refused, and the log says so', async () => {
    const { listener, logger } = await listen();
    const outcome = await new Promise((resolve) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: listener.port,
        ca: member.ca.pem,
        ALPNProtocols: ['h2'],
        checkServerIdentity: () => undefined,
      });
      socket.once('close', () => {
        resolve('closed');
      });
      socket.once('data', () => {
        resolve('served');
      });
      socket.on('error', () => undefined);
    });
    expect(outcome).toBe('closed');
    expect(refusals(logger).join()).toMatch(/showed no certificate/);
  });

  it('an expired certificate is told by its own end, before the other end hangs up on it', async () => {
    const { listener } = await listen();
    const expired = await ownCredentials(member, clientOf(member), { nowMs: Date.now() - 30_000, lifeMs: 1000 });
    const error = await errorOf(getEvent(channelTo(listener.port, expired)));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toMatch(/this end.*expired at/);
    expect(error.next).toMatch(/invite/);
  });

  it("a coordinator's expired certificate is refused by its clients", async () => {
    const expired = await ownCredentials(member, coordinatorOf(member), { nowMs: Date.now() - 30_000, lifeMs: 1000 });
    const { listener } = await listen({ own: expired });
    const error = await errorOf(getEvent(channelTo(listener.port)));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.message).toMatch(/expired/);
  });

  it('a certificate that this clock holds for future is refused with a word about clocks', async () => {
    const future = await ownCredentials(member, clientOf(member), { nowMs: Date.now() + DAY_MS });
    const { listener } = await listen();
    const error = await errorOf(getEvent(channelTo(listener.port, future)));
    expect(error.code).toBe('CERTIFICATE_INVALID');
    expect(error.next).toMatch(/clock/);
  });

  it('a server that hangs up right after the handshake is told from one that is away', async () => {
    // It asks for a certificate, trusts no CA of ours, and so does what a coordinator does that does not accept the caller.
    const stranger = await createMember('strange server', Date.now() - 60_000);
    const server = createTlsServer({
      ...tlsOptionsOf(coordinator),
      ca: stranger.ca.pem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise((resolve) => server.close(resolve)) });
    const error = await errorOf(getEvent(channelTo((server.address() as AddressInfo).port)));
    expect(error.code).toBe('COORDINATOR_UNREACHABLE');
    expect(error.message).toMatch(
      /^The coordinator cannot be reached: connected, but 127\.0\.0\.1:\d+ closed it right after the handshake/,
    );
  });

  it('something else on the port is told from a coordinator', async () => {
    const server = createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.2\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise((resolve) => server.close(resolve)) });
    const error = await errorOf(getEvent(channelTo((server.address() as AddressInfo).port)));
    expect(error.code).toBe('COORDINATOR_UNREACHABLE');
    expect(error.message).toMatch(/does not speak TLS 1\.3/);
  });

  it('a connection to a host that takes it and then says nothing is let go of with the channel', async () => {
    const taken = deferred<Socket>();
    const server = createServer((socket) => taken.resolve(socket.resume()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise((resolve) => server.close(resolve)) });
    const channel = channelTo((server.address() as AddressInfo).port);
    const failed = errorOf(getEvent(channel));
    const socket = await taken.promise;
    const gone = new Promise((resolve) => socket.once('close', resolve));
    channel.close();
    expect((await failed).code).toBe('CANCELLED');
    await gone;
  });

  it('a name that nobody knows is said to be unknown', async () => {
    const channel = transport.connect({ endpoints: ['no-such-host.invalid:7400'], own: client });
    opened.push(channel);
    const error = await errorOf(getEvent(channel));
    expect(error.code).toBe('COORDINATOR_UNREACHABLE');
    expect(error.message).toMatch(/no-such-host\.invalid:7400: the name/);
  });

  it('a port that is in use cannot be listened on, and the error says which', async () => {
    const { listener } = await listen();
    const error = await errorOf(listen({ port: listener.port }));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(String(listener.port));
  });
});

describe('a connection that is cut', () => {
  it('fails what runs on it at both ends, and the next call goes over a new one', async () => {
    const told = deferred<unknown>();
    const { listener } = await listen({
      services: [
        adminWith({
          async *listEvents(_request, call) {
            call.signal.addEventListener('abort', () => {
              told.resolve(call.signal.reason);
            });
            yield { events: [], lookedBackTo: 0 };
            await told.promise;
          },
          getEvent: async () => ({ event: undefined }),
        }),
      ],
    });
    const passing = new Set<Socket>();
    const proxy = createServer((socket) => {
      const onward = connectTcp(listener.port, '127.0.0.1');
      for (const end of [socket, onward]) {
        passing.add(end);
        end.on('error', () => undefined);
        end.once('close', () => {
          socket.destroy();
          onward.destroy();
        });
      }
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise((resolve) => proxy.close(resolve)) });
    const channel = channelTo((proxy.address() as AddressInfo).port);
    const admin = createClient(AdminServiceDefinition, channel);
    const all = { fromSequence: 0, limit: 0, follow: true, types: [], last: 0 };
    const events = admin.listEvents(all, { signal: forever })[Symbol.asyncIterator]();
    await events.next();
    const lost = errorOf(events.next());
    for (const socket of passing) socket.destroy();
    expect((await lost).code).toBe('COORDINATOR_UNREACHABLE');
    expect(await told.promise).toMatchObject({ code: 'CANCELLED' });
    await getEvent(channel);
  });
});

describe('what strangers and broken callers send', () => {
  it('garbage, HTTP/1 and half handshakes leave the port serving', async () => {
    const { listener, logger } = await listen();
    for (const bytes of ['GET / HTTP/1.1\r\nhost: x\r\n\r\n', '\u0016\u0003\u0001\u0000\u0005aaaaa', '\0'.repeat(10_000)]) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(listener.port, '127.0.0.1', () => {
          socket.write(bytes);
        });
        socket.on('error', () => undefined);
        socket.once('close', () => {
          resolve();
        });
        socket.resume();
      });
    }
    await new Promise<void>((resolve) => {
      const socket = connectTls({ ...tlsOptionsOf(client), port: listener.port }, () => {
        socket.write('this is no HTTP/2 preface, but a certificate was shown');
      });
      socket.on('error', () => undefined);
      socket.once('close', () => {
        resolve();
      });
      socket.resume();
    });
    await getEvent(channelTo(listener.port));
    expect(refusals(logger)).toHaveLength(3);
    expect(logger.lines.some(({ level }) => level === 'error')).toBe(false);
  });

  it('bytes that are no message are REQUEST_INVALID, however deeply they nest', async () => {
    const { listener } = await listen();
    const channel = channelTo(listener.port);
    const path = '/collective.v1.AdminService/GetEvent';
    for (const bytes of [
      new Uint8Array([0xff, 0xff, 0xff]),
      new Uint8Array(LIMITS.rpcMessageBytes - 16).fill(0x0b),
      new Uint8Array([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    ]) {
      const call = await channel.open(path, openOptions);
      await call.send(bytes);
      call.endRequests();
      expect(await errorOf(call.receive())).toMatchObject({ code: 'REQUEST_INVALID' });
    }
    await getEvent(channel);
  });

  it('a call without the request that is due is REQUEST_INVALID, and requests beyond it are not read', async () => {
    const { listener } = await listen();
    const channel = channelTo(listener.port);
    const path = '/collective.v1.AdminService/GetEvent';
    const none = await channel.open(path, openOptions);
    none.endRequests();
    expect(await errorOf(none.receive())).toMatchObject({ code: 'REQUEST_INVALID' });
    const two = await channel.open(path, openOptions);
    await two.send(new Uint8Array());
    await two.send(new Uint8Array());
    expect(await two.receive()).toEqual(new Uint8Array());
    expect(await two.receive()).toBeUndefined();
  });

  it('a method that does not exist is UNSUPPORTED', async () => {
    const { listener } = await listen();
    const call = await channelTo(listener.port).open('/collective.v1.AdminService/DropEverything', openOptions);
    expect(await errorOf(call.receive())).toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('a message that claims to be larger than allowed is refused before it is read', async () => {
    const { listener } = await listen();
    const session = await rawSession(listener.port);
    const answer = await rawCall(session, {}, frame(new Uint8Array(100), { claimedBytes: LIMITS.rpcMessageBytes + 1 }));
    expect(answer).toMatchObject({ status: '8' });
    expect(answer.text).toContain(String(LIMITS.rpcMessageBytes));
  });

  it('a small message that unpacks to a huge one is refused', async () => {
    const { listener } = await listen();
    const session = await rawSession(listener.port);
    const bomb = gzipSync(new Uint8Array(64 * 1024 * 1024));
    const answer = await rawCall(session, { 'grpc-encoding': 'gzip' }, frame(bomb, { compressed: true }));
    expect(answer.status).toBe('8');
    expect((await rawCall(session, {}, frame(new Uint8Array()))).status).toBe('0');
  });

  it('metadata larger than allowed are refused', async () => {
    const { listener } = await listen();
    const session = await rawSession(listener.port);
    const answer = await rawCall(session, { 'x-large': 'y'.repeat(LIMITS.rpcMetadataBytes) }, frame(new Uint8Array()));
    expect(answer).toMatchObject({ status: '8' });
    expect(answer.text).toMatch(/metadata/);
    expect((await rawCall(session, {}, frame(new Uint8Array()))).status).toBe('0');
  });

  it('a nonsensical deadline is an error of that call alone', async () => {
    const { listener } = await listen();
    const session = await rawSession(listener.port);
    expect((await rawCall(session, { 'grpc-timeout': 'soon' }, frame(new Uint8Array()))).status).toBe('13');
    expect((await rawCall(session, { 'grpc-timeout': '10S' }, frame(new Uint8Array()))).status).toBe('0');
  });

  it('the enrolment port keeps no more connections than its limit', async () => {
    const never = enrolmentWith(async () => Promise.reject(new Error('never called')));
    const { listener, logger } = await listen({ kind: 'enrolment', services: [never] });
    const sockets = await Promise.all(
      Array.from(
        { length: LIMITS.enrolmentConnections },
        () =>
          new Promise<ReturnType<typeof connectTcp>>((resolve, reject) => {
            const socket = connectTcp(listener.port, '127.0.0.1', () => {
              resolve(socket);
            });
            socket.once('error', reject);
          }),
      ),
    );
    await new Promise<void>((resolve) => {
      const socket = connectTcp(listener.port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.once('close', () => {
        resolve();
      });
    });
    for (const socket of sockets) socket.destroy();
    expect(refusals(logger).join()).toMatch(new RegExp(`${LIMITS.enrolmentConnections} connections are open`));
  });
});

describe('health', () => {
  const check = async (channel: RpcChannel): Promise<Uint8Array | undefined> => {
    const call = await channel.open('/grpc.health.v1.Health/Check', openOptions);
    await call.send(new Uint8Array());
    call.endRequests();
    return call.receive();
  };

  it('tells any of the member whether the coordinator serves', async () => {
    const { listener } = await listen();
    const node = await ownCredentials(member, nodeOf(member));
    expect(await check(channelTo(listener.port))).toEqual(new Uint8Array([0x08, 1]));
    listener.setServing(false);
    expect(await check(channelTo(listener.port, node))).toEqual(new Uint8Array([0x08, 2]));
  });

  it('is closed to whoever is not admitted', async () => {
    const { listener } = await listen({
      admit: () => {
        throw new CollectiveError('CERTIFICATE_INVALID', 'This certificate was revoked.');
      },
    });
    await expect(check(channelTo(listener.port))).rejects.toThrow(/revoked/);
  });
});
