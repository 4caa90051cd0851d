import type { DropArgument, Server, Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { CollectiveError, toCollectiveError } from '../base/index.js';
import type { ByteStream, Listener, ListenOptions } from '../ports/index.js';
import { TlsByteStream } from './tls-byte-stream.js';
import { secureContextOptions } from './tls-context.js';
import { leafOf } from './tls-dial.js';
import { acceptFailure, certificateRefused } from './tls-errors.js';
import { installUserBuffer, type Receive } from './user-buffer.js';

/** Listens. Errors: CONFIG_INVALID where the address cannot be bound, CERTIFICATE_INVALID for unusable own credentials. */
export async function listen(
  options: ListenOptions,
  onConnection: (stream: ByteStream) => void,
  preferUserBuffer: boolean,
): Promise<Listener> {
  const { credentials } = options;
  const refused = (remote: string, error: unknown): void => options.onRefused?.(remote, toCollectiveError(error));
  const server = createServer({
    ...secureContextOptions(credentials),
    requestCert: true,
    // Refused below, where it can be said who and why: Node forgets the address, and OpenSSL knows no forged CAs from unknown ones.
    rejectUnauthorized: false,
    handshakeTimeout: options.handshakeTimeoutMs,
  });
  // Handshakes that begin from now on; connections that are open stay as they are.
  const forget = credentials.onChange?.(() => {
    try {
      server.setSecureContext(secureContextOptions(credentials));
    } catch (error) {
      refused('this end', new CollectiveError('CERTIFICATE_INVALID', 'A new certificate cannot be used.', { cause: error }));
    }
  });
  const shaking = new Set<Socket>();
  const secure = new Set<TLSSocket>();
  server.maxConnections = options.connectionsMax;
  server.on('drop', (dropped?: DropArgument) => {
    const remote = `${dropped?.remoteAddress ?? 'unknown'}:${dropped?.remotePort ?? 0}`;
    refused(
      remote,
      new CollectiveError('LIMIT_EXCEEDED', `${remote} was refused: ${options.connectionsMax} connections are open.`),
    );
  });
  server.on('connection', (socket: Socket) => {
    shaking.add(socket);
    socket.once('close', () => shaking.delete(socket));
  });
  server.on('tlsClientError', (error, socket) => {
    refused(remoteOf(socket), acceptFailure(remoteOf(socket), error));
    socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    secure.add(socket);
    socket.once('close', () => secure.delete(socket));
    accept(socket, options, onConnection, refused, preferUserBuffer);
  });
  await bind(server, options);
  const address = server.address();
  const close = (): Promise<void> => {
    forget?.();
    return new Promise((resolve, reject) => {
      server.close((error) => (error === undefined ? resolve() : reject(toCollectiveError(error))));
      // In this order and not in one go: Node crashes when the socket below goes before the TLS one on it.
      for (const socket of secure) socket.destroy();
      setImmediate(() => {
        for (const socket of shaking) socket.destroy();
      });
    });
  };
  let closing: Promise<void> | undefined;
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function accept(
  socket: TLSSocket,
  options: ListenOptions,
  onConnection: (stream: ByteStream) => void,
  refused: (remote: string, error: unknown) => void,
  preferUserBuffer: boolean,
): void {
  const remote = remoteOf(socket);
  try {
    const peer = { leaf: leafOf(socket) };
    options.credentials.verifyPeer(peer);
    if (!socket.authorized) throw certificateRefused(remote, String(socket.authorizationError));
    let receive: Receive = () => false;
    const byUserBuffer = preferUserBuffer && installUserBuffer(socket, (bytes) => receive(bytes));
    const stream = new TlsByteStream({ socket, peer, remote, role: 'accepted', byUserBuffer });
    receive = (bytes) => stream.receive(bytes);
    onConnection(stream);
  } catch (error) {
    refused(remote, error);
    socket.on('error', (later) => refused(remote, later));
    socket.destroy();
  }
}

const remoteOf = (socket: Socket): string => `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;

function bind(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      const why = 'code' in error && error.code === 'EADDRINUSE' ? 'it is in use already' : error.message;
      reject(
        new CollectiveError('CONFIG_INVALID', `Cannot listen on ${options.host}:${options.port}: ${why}.`, {
          next: 'Choose another address or port, or stop what uses it.',
          details: { host: options.host, port: options.port },
          cause: error,
        }),
      );
    };
    server.once('error', failed);
    server.listen({ host: options.host, port: options.port }, () => {
      server.removeListener('error', failed);
      // A failing accept (no more file descriptors, say) costs that connection only.
      server.on('error', (error) => options.onRefused?.('unknown', error));
      resolve();
    });
  });
}
