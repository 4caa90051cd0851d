import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIMITS } from '../../../src/base/index.js';
import { encodeFrame, FRAME } from '../../../src/transport/chunk-protocol/frames.js';
import { AccessWorld } from './support/access-world.js';
import { ANONYMOUS, connected, PLAIN, PORT_NAMES, portOf, randomBytes, seeded, sendAndWait, showing } from './support/attacks.js';
import { grpcFrame, rawCall, requestOn } from './support/raw-rpc.js';
import { closed, rawSocket, type Shown } from './support/raw-tls.js';

const signal = new AbortController().signal;
const REDEEM = '/collective.v1.EnrolmentService/Redeem';
const GET_EVENT = '/collective.v1.AdminService/GetEvent';
const MiB = 1024 * 1024;
const GROWTH_MAX_BYTES = 128 * MiB;
/** Of a TLS record with a ClientHello in it: as much as a stalled caller gets to send. */
const HALF_A_HELLO = Buffer.from('1603010200010001fc0303', 'hex');
const HTTP_1 = Buffer.from('GET /status HTTP/1.1\r\nhost: coordinator\r\nconnection: keep-alive\r\n\r\n');

let world: AccessWorld;
let before: number;
const stalled: { readonly what: string; readonly socket: Socket; readonly cut: Promise<void> }[] = [];

function stall(what: string, socket: Socket, bytes?: Uint8Array): void {
  if (bytes !== undefined) socket.once('connect', () => socket.write(bytes));
  // Only who reads notices a close.
  socket.resume();
  stalled.push({ what, socket, cut: closed(socket) });
}

beforeAll(async () => {
  world = await AccessWorld.start({ nodes: ['attic'] });
  before = await world.residentBytes();
  // They have their whole patience to wear out while everything else is tried.
  for (const name of PORT_NAMES) {
    const port = portOf(world, name);
    stall(`${name}: silent`, rawSocket(port, PLAIN));
    stall(`${name}: half a hello`, rawSocket(port, PLAIN), HALF_A_HELLO);
    const drip = rawSocket(port, PLAIN);
    stall(`${name}: a byte now and then`, drip, HALF_A_HELLO.subarray(0, 1));
    const dripping = setInterval(() => drip.write(Buffer.alloc(1)), 500);
    drip.once('close', () => clearInterval(dripping));
  }
  stall('data: no hello after the handshake', rawSocket(portOf(world, 'data'), showing(world.client.own)));
  stall('enrolment: nothing after the handshake', rawSocket(world.enrolmentPort, ANONYMOUS, { ALPNProtocols: ['h2'] }));
});

afterAll(async () => {
  for (const { socket } of stalled) socket.destroy();
  await world.stop();
});

/** Sends this and nothing else; what the log says of it, and what came back. Others have had its local port before. */
async function refusedFor(port: number, shown: Shown, bytes: Uint8Array) {
  let told = 0;
  const { localPort, received } = await sendAndWait(port, shown, bytes, undefined, (connectedFrom) => {
    told = world.refusals.told(connectedFrom);
  });
  return { refusal: await world.refusals.of(localPort, told), received };
}

/** The member's name, as the coordinator tells its client: it is there and answers. */
const served = async (): Promise<string> => (await world.client.admin.getStatus({}, { signal })).memberName;

/** Everybody who gets through the handshake of a port. */
const insider = (name: (typeof PORT_NAMES)[number]): Shown => (name === 'enrolment' ? ANONYMOUS : showing(world.client.own));

describe.each(PORT_NAMES)('the %s port', (name) => {
  it('closes on random bytes, and says so in the log', async () => {
    const next = seeded(name.length);
    // Fewer could be the beginning of a record, and only wear out the patience for a handshake.
    for (const count of [16, 517, 65_536]) {
      const { refusal } = await refusedFor(portOf(world, name), PLAIN, randomBytes(next, count));
      expect(refusal).toMatchObject({ code: 'PROTOCOL_ERROR' });
    }
  });

  it('closes on HTTP/1, in the clear and inside TLS', async () => {
    const port = portOf(world, name);
    const { refusal } = await refusedFor(port, PLAIN, HTTP_1);
    expect(refusal?.reason).toMatch(/no TLS 1\.3 handshake/);
    const inside = await sendAndWait(port, insider(name), HTTP_1, 'http/1.1');
    expect(inside.received.toString()).not.toMatch(/200 OK/);
  });

  it('closes on random bytes inside TLS', async () => {
    const next = seeded(7);
    for (const count of [9, 1000, 70_000]) {
      await sendAndWait(portOf(world, name), insider(name), randomBytes(next, count), name === 'data' ? undefined : 'h2');
    }
    expect(await served()).toBe('alice');
  });

  it('takes no more connections than its limit, and serves again when they are gone', async () => {
    const port = portOf(world, name);
    const most = { home: LIMITS.rpcConnections, enrolment: LIMITS.enrolmentConnections, data: LIMITS.dataConnections }[name];
    const crowd = await Promise.all(Array.from({ length: most + 20 }, () => connected(rawSocket(port, PLAIN))));
    const turnedAway = await Promise.race(crowd.map((socket) => closed(socket).then(() => true)));
    expect(turnedAway).toBe(true);
    // Who was there before is served all the while.
    expect(await served()).toBe('alice');
    const gone = crowd.map((socket) => closed(socket));
    for (const socket of crowd) socket.destroy();
    await Promise.all(gone);
  });
});

describe('messages that are too large', () => {
  it.each([
    ['home', GET_EVENT, LIMITS.rpcMessageBytes],
    ['enrolment', REDEEM, LIMITS.enrolmentMessageBytes],
  ] as const)('are refused at the %s port before they are read', async (name, path, limit) => {
    const claim = { path, body: grpcFrame(new Uint8Array(100), { claimedBytes: 2 ** 31 }) };
    expect(await rawCall(portOf(world, name), insider(name), claim)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    const whole = { path, body: grpcFrame(new Uint8Array(limit + 1)) };
    expect(await rawCall(portOf(world, name), insider(name), whole)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  });

  it.each([
    ['home', GET_EVENT],
    ['enrolment', REDEEM],
  ] as const)('are refused at the %s port when they unpack to more', async (name, path) => {
    const bomb = grpcFrame(gzipSync(new Uint8Array(64 * MiB)), { compressed: true });
    const request = { path, headers: { 'grpc-encoding': 'gzip' }, body: bomb };
    for (let round = 0; round < 5; round += 1) {
      expect(await rawCall(portOf(world, name), insider(name), request)).toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
    }
  });

  it('are refused at the data port by what they announce', async () => {
    const frame = Buffer.alloc(9);
    frame.writeUInt32BE(0xffff_ffff, 0);
    frame.writeUInt8(FRAME.put, 4);
    const { refusal, received } = await refusedFor(portOf(world, 'data'), insider('data'), frame);
    expect(refusal?.reason).toMatch(/announces 4294967295 bytes/);
    expect(received.toString()).toMatch(/PROTOCOL_ERROR/);
  });

  it('are refused as headers', async () => {
    const request = {
      path: REDEEM,
      headers: { 'x-large': 'y'.repeat(LIMITS.rpcMetadataBytes) },
      body: grpcFrame(new Uint8Array()),
    };
    expect(await rawCall(world.enrolmentPort, ANONYMOUS, request)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

describe('messages that are no messages', () => {
  const deep = (count: number, byte: number): Uint8Array => new Uint8Array(count).fill(byte);

  it.each([
    ['groups that open and never close', deep(LIMITS.enrolmentMessageBytes - 16, 0x0b)],
    ['groups of an unknown field', Buffer.alloc(LIMITS.enrolmentMessageBytes - 16, Buffer.from([0xf3, 0x01]))],
    ['a varint without end', deep(64, 0xff)],
    ['a length beyond the end', Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0x7f)],
    ['a field of a reserved wire type', Uint8Array.of(0x0f, 0x00)],
  ])('%s', async (_what, bytes) => {
    for (const [name, path] of [
      ['home', GET_EVENT],
      ['enrolment', REDEEM],
    ] as const) {
      const attempt = await rawCall(portOf(world, name), insider(name), { path, body: grpcFrame(bytes) });
      expect(attempt).toMatchObject({ kind: 'answered', code: 'REQUEST_INVALID' });
    }
  });

  it('requests that are not gRPC are answered as such', async () => {
    const request = { path: '/', headers: { 'content-type': 'text/html' }, body: new Uint8Array() };
    expect(await rawCall(world.enrolmentPort, ANONYMOUS, request)).toMatchObject({ code: 'HTTP 415' });
    const put = { path: '/', headers: { ':method': 'PUT', 'content-type': 'application/json' }, body: new Uint8Array() };
    expect(await rawCall(world.enrolmentPort, ANONYMOUS, put)).toMatchObject({ code: 'HTTP 415' });
  });

  it('frames out of turn close the data port', async () => {
    const ticket = encodeFrame(FRAME.ticket, 1, new Uint8Array(20));
    const { refusal } = await refusedFor(portOf(world, 'data'), insider('data'), ticket);
    expect(refusal?.reason).toMatch(/did not begin with a hello/);
  });
});

describe('floods of HTTP/2 frames, which anyone can send to the enrolment port', () => {
  const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const frame = (type: number, flags: number, stream: number, payload: Uint8Array): Buffer => {
    const header = Buffer.alloc(9);
    header.writeUIntBE(payload.length, 0, 3);
    header.writeUInt8(type, 3);
    header.writeUInt8(flags, 4);
    header.writeUInt32BE(stream, 5);
    return Buffer.concat([header, payload]);
  };
  const SETTINGS = frame(4, 0, 0, new Uint8Array());
  const COUNT = 20_000;

  /** Sends it all, as fast as it is taken, until it is through or the other end has had enough. */
  async function expectToStand(bytes: readonly Buffer[]): Promise<void> {
    const socket = rawSocket(world.enrolmentPort, ANONYMOUS, { ALPNProtocols: ['h2'] });
    const cut = closed(socket);
    socket.resume();
    await new Promise<void>((resolve) => socket.once('secureConnect', () => resolve()));
    const sent = new Promise<void>((resolve) => {
      socket.write(Buffer.concat([PREFACE, SETTINGS, ...bytes]), () => resolve());
    });
    await Promise.race([sent, cut]);
    socket.destroy();
    await cut;
    expect(await served()).toBe('alice');
  }

  it('of pings, settings and priorities', async () => {
    await expectToStand(Array.from({ length: COUNT }, () => frame(6, 0, 0, Buffer.alloc(8))));
    await expectToStand(Array.from({ length: COUNT }, () => SETTINGS));
    await expectToStand(Array.from({ length: COUNT }, (_, index) => frame(2, 0, 1 + 2 * index, Buffer.alloc(5))));
  });

  it('of headers that never end', async () => {
    // A literal header field without indexing, over and over, none of them the last.
    const field = Buffer.concat([
      Buffer.from([0x00, 0x01]),
      Buffer.from('a'),
      Buffer.from([0x7f, 0x81, 0x1f]),
      Buffer.alloc(4096, 0x61),
    ]);
    await expectToStand([frame(1, 0, 1, field), ...Array.from({ length: 2000 }, () => frame(9, 0, 1, field))]);
  });

  it('of calls that are reset as soon as they are made', async () => {
    const literal = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
    // HPACK: method and scheme by their static indexes, path and content type as literals.
    const headers = Buffer.concat([
      Buffer.from([0x83, 0x87, 0x04]),
      literal(REDEEM),
      Buffer.from([0x0f, 0x10]),
      literal('application/grpc'),
    ]);
    const reset = Buffer.from([0, 0, 0, 8]);
    const calls = Array.from({ length: COUNT }, (_, index) => [
      frame(1, 0x4, 1 + 2 * index, headers),
      frame(3, 0, 1 + 2 * index, reset),
    ]);
    await expectToStand(calls.flat());
  });
});

describe('afterwards', () => {
  it('connections that never finish their handshake, or say nothing after it, were cut', async () => {
    await Promise.all(stalled.map(({ cut }) => cut));
    const silent = stalled.filter(({ socket }) => !socket.destroyed);
    expect(silent.map(({ what }) => what)).toEqual([]);
  });

  it('every port serves who comes in order', async () => {
    const fresh = world.connect(world.client.own);
    expect((await fresh.admin.getStatus({}, { signal })).memberName).toBe('alice');
    const session = connectHttp2(`https://127.0.0.1:${world.enrolmentPort}`, { rejectUnauthorized: false });
    expect(await requestOn(session, { path: REDEEM, body: grpcFrame(new Uint8Array()) })).toMatchObject({ kind: 'answered' });
    session.destroy();
    const joined = await world.joinClient('desk');
    expect((await joined.files.stat({ path: '/' }, { signal })).entry?.path).toBe('/');
    const { nodes } = await joined.admin.listNodes({}, { signal });
    expect(nodes.map(({ state, storeState }) => [state, storeState])).toEqual([['online', 'ready']]);
  });

  it('the processes have not grown', async () => {
    expect((await world.residentBytes()) - before).toBeLessThan(GROWTH_MAX_BYTES);
  });

  it('the log tells of refusals in bounds, and of no fault', () => {
    expect(world.refusals.faults).toEqual([]);
    const told = world.refusals.lines.filter(({ message }) => message === 'connection refused');
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(500);
  });
});
