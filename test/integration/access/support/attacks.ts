import type { Socket } from 'node:net';
import type { OwnCredentials } from '../../../../src/identity/index.js';
import type { AccessWorld } from './access-world.js';
import { rawSocket, type Shown } from './raw-tls.js';

export type PortName = 'home' | 'enrolment' | 'data';
export const PORT_NAMES: readonly PortName[] = ['home', 'enrolment', 'data'];

export const portOf = (world: AccessWorld, name: PortName): number =>
  ({ home: world.homePort, enrolment: world.enrolmentPort, data: world.nodes[0]?.port ?? 0 })[name];

export const PLAIN: Shown = { tls: false, own: undefined };
export const ANONYMOUS: Shown = { tls: true, own: undefined };
export const showing = (own: OwnCredentials): Shown => ({ tls: true, own });

/** Small, fast and the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

export function randomBytes(next: () => number, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  for (let index = 0; index < count; index += 1) bytes[index] = Math.floor(next() * 256);
  return bytes;
}

export interface Ended {
  readonly localPort: number;
  /** What the other end sent before it closed. */
  readonly received: Buffer;
}

/** Connects, sends these bytes and nothing else, and waits until the other end closes. */
export function sendAndWait(
  port: number,
  shown: Shown,
  bytes: Uint8Array,
  alpn?: string,
  onConnected: (localPort: number) => void = () => undefined,
): Promise<Ended> {
  const socket = rawSocket(port, shown, alpn === undefined ? {} : { ALPNProtocols: [alpn] });
  const received: Buffer[] = [];
  let localPort = 0;
  socket.once('connect', () => {
    localPort = socket.localPort ?? 0;
    onConnected(localPort);
  });
  socket.once(shown.tls ? 'secureConnect' : 'connect', () => {
    socket.write(bytes);
  });
  socket.on('data', (piece: Buffer) => received.push(piece));
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('close', () => resolve({ localPort, received: Buffer.concat(received) }));
  });
}

/** Resolves when the connection stands; rejects when it is refused before that. */
export function connected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}
