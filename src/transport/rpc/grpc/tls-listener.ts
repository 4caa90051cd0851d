import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { CollectiveError, LIMITS } from '../../../base/index.js';
import { certificatePem, explainTlsFailure, joinPem, type OwnCredentials } from '../../../identity/index.js';

export interface TlsListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly own: OwnCredentials;
  /** Whether the other end must show a certificate of the own CA. */
  readonly mutual: boolean;
  readonly connectionsMax: number;
  readonly onRefused: (remote: string, error: CollectiveError) => void;
}

export interface TlsListener {
  readonly port: number;
  /** Accepts nothing new. What is open stays. */
  stopAccepting(): void;
  /** Resolves when the listener and every connection are closed; at once with `destroyConnections`. */
  readonly closed: Promise<void>;
  destroyConnections(): void;
}

/**
 * Accepts connections with TLS 1.3 and nothing older, without resumption: every connection proves its certificate anew. The
 * sockets that `onConnection` gets are through with that.
 */
export async function listenTls(options: TlsListenerOptions, onConnection: (socket: TLSSocket) => void): Promise<TlsListener> {
  const server = createServer({
    cert: joinPem([certificatePem(options.own.leaf), options.own.ca.pem]),
    key: options.own.privateKeyPem,
    ca: options.own.ca.pem,
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    ALPNProtocols: ['h2'],
    requestCert: options.mutual,
    rejectUnauthorized: options.mutual,
    handshakeTimeout: LIMITS.handshakeTimeoutMs,
  });
  server.maxConnections = options.connectionsMax;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('drop', (dropped) => {
    const remote = `${dropped?.remoteAddress ?? 'unknown'}:${dropped?.remotePort ?? 0}`;
    options.onRefused(remote, new CollectiveError('LIMIT_EXCEEDED', `${options.connectionsMax} connections are open already.`));
  });
  server.on('tlsClientError', (error, socket) => {
    options.onRefused(remoteOf(socket), refusalOf(error, socket));
    socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', (error) => {
      options.onRefused(remoteOf(socket), new CollectiveError('PROTOCOL_ERROR', `The connection broke: ${error.message}.`));
    });
    if (socket.alpnProtocol === 'h2' && !socket.isSessionReused()) {
      onConnection(socket);
      return;
    }
    options.onRefused(remoteOf(socket), new CollectiveError('PROTOCOL_ERROR', 'The other end does not speak HTTP/2.'));
    socket.destroy();
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (error) => {
      reject(bindFailure(options, error));
    });
    server.listen({ host: options.host, port: options.port }, () => {
      server.removeAllListeners('error');
      // A failing accept, such as for want of file descriptors, costs that connection only.
      server.on('error', (error) => {
        options.onRefused('unknown', new CollectiveError('IO_FAILED', `A connection could not be accepted: ${error.message}.`));
      });
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : options.port);
    });
  });
  const closed = new Promise<void>((resolve) => {
    server.once('close', resolve);
  });
  return {
    port,
    closed,
    stopAccepting: () => {
      server.close();
    },
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const remoteOf = (socket: Socket): string => `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;

function refusalOf(error: Error, socket: TLSSocket): CollectiveError {
  // OpenSSL's verdict on the chain: a code at run time, whatever its type says.
  const verdict: unknown = socket.authorizationError;
  const code = typeof verdict === 'string' ? verdict : 'code' in error && typeof error.code === 'string' ? error.code : '';
  const explained = explainTlsFailure(code);
  if (explained !== undefined) return explained;
  const what = code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'did not finish the TLS handshake in time' : 'made no TLS 1.3 handshake';
  return new CollectiveError('PROTOCOL_ERROR', `The other end ${what}${code === '' ? '' : ` (${code})`}.`);
}

function bindFailure({ host, port }: TlsListenerOptions, error: Error): CollectiveError {
  const why = 'code' in error && error.code === 'EADDRINUSE' ? 'it is in use' : error.message;
  return new CollectiveError('CONFIG_INVALID', `Cannot listen on ${host}:${port}: ${why}.`, {
    next: 'Choose another address or port, or stop what uses it.',
    details: { host, port },
    cause: error,
  });
}
