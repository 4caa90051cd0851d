import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { rawSocket, type Shown } from './raw-tls.js';

/** How a call or an operation ended for its caller. */
export type Attempt =
  /** The server answered: `OK`, or the code and the sentence of its refusal. */
  | { readonly kind: 'answered'; readonly code: string; readonly message: string; readonly localPort: number }
  /** The connection was closed without an answer. */
  | { readonly kind: 'cut'; readonly how: string; readonly localPort: number };

const WAIT_MS = 20_000;

/** One request on HTTP/2, as any tool can make it. Messages are framed for gRPC by the caller, or not. */
export interface RawRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body: Uint8Array;
  /** Answered by the first bytes already: for streams that do not end. */
  readonly untilFirstBytes?: boolean;
}

/** A gRPC message with its five bytes before. */
export function grpcFrame(
  message: Uint8Array,
  options: { readonly compressed?: boolean; readonly claimedBytes?: number } = {},
): Uint8Array {
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt8(options.compressed === true ? 1 : 0, 0);
  framed.writeUInt32BE(options.claimedBytes ?? message.length, 1);
  framed.set(message, 5);
  return framed;
}

/** Makes a connection of its own for one request. Never rejects: whatever happens is how it ended. */
export async function rawCall(
  port: number,
  shown: Shown,
  request: RawRequest,
  onConnected: (localPort: number) => void = () => undefined,
): Promise<Attempt> {
  const socket = rawSocket(port, shown, { ALPNProtocols: ['h2'] });
  let localPort = 0;
  socket.once('connect', () => {
    localPort = socket.localPort ?? 0;
    onConnected(localPort);
  });
  const session = connectHttp2(`${shown.tls ? 'https' : 'http'}://127.0.0.1:${port}`, { createConnection: () => socket });
  const ended = await Promise.race([requestOn(session, request), cutOf(session, socket)]);
  session.destroy();
  socket.destroy();
  return { ...ended, localPort };
}

type Ended = { kind: 'answered'; code: string; message: string } | { kind: 'cut'; how: string };

function cutOf(session: ClientHttp2Session, socket: Socket): Promise<Ended> {
  return new Promise((resolve) => {
    let how = 'closed';
    const note = (error: NodeJS.ErrnoException): void => {
      how = error.code ?? error.message;
    };
    session.on('error', note);
    socket.on('error', note);
    const timer = setTimeout(() => resolve({ kind: 'cut', how: 'no answer' }), WAIT_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      // What had arrived before it was closed is handed out first.
      setImmediate(() => resolve({ kind: 'cut', how }));
    });
  });
}

/** How a request on a session ends; never settles when the session is cut. */
export function requestOn(session: ClientHttp2Session, request: RawRequest): Promise<Ended> {
  return new Promise((resolve) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': request.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...request.headers,
    });
    const take = (headers: IncomingHttpHeaders): void => {
      const status = headers['grpc-status'];
      if (typeof status === 'string') resolve({ kind: 'answered', ...saidBy(status, headers) });
      else if (headers[':status'] !== undefined && Number(headers[':status']) !== 200) {
        resolve({ kind: 'answered', code: `HTTP ${String(headers[':status'])}`, message: '' });
      }
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('data', () => {
      if (request.untilFirstBytes === true) resolve({ kind: 'answered', code: 'OK', message: '' });
    });
    stream.on('error', (error: NodeJS.ErrnoException) => resolve({ kind: 'cut', how: error.code ?? error.message }));
    stream.end(request.body);
  });
}

const GRPC_NAMES: Readonly<Record<string, string>> = {
  '0': 'OK',
  '1': 'CANCELLED',
  '2': 'UNKNOWN',
  '3': 'INVALID_ARGUMENT',
  '4': 'DEADLINE_EXCEEDED',
  '8': 'RESOURCE_EXHAUSTED',
  '12': 'UNIMPLEMENTED',
  '13': 'INTERNAL',
  '14': 'UNAVAILABLE',
};

/** The code of this project where the server sent one, else gRPC's name. */
function saidBy(status: string, headers: IncomingHttpHeaders): { readonly code: string; readonly message: string } {
  const text = headers['grpc-message'];
  const detail = headers['collective-error-bin'];
  const own = typeof detail === 'string' ? (JSON.parse(Buffer.from(detail, 'base64').toString()) as { code: string }) : undefined;
  return {
    code: own?.code ?? GRPC_NAMES[status] ?? `status ${status}`,
    message: typeof text === 'string' ? decodeURI(text) : '',
  };
}
