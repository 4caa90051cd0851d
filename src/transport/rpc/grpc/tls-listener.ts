import { constants } from 'node:crypto';
import type { DropArgument, Socket } from 'node:net';
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { CollectiveError, LIMITS, toCollectiveError } from '../../../base/index.js';
import { chainPem, explainTlsFailure, type OwnCredentials, type PeerPool, poolPem, trustPem } from '../../../identity/index.js';
import { partingFrame } from './parting-word.js';

export interface TlsListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly own: OwnCredentials;
  /** Whose CAs are accepted in the handshake, beside the own ones; who may call is for `checkPeer`. */
  readonly peers?: PeerPool;
  /** Given the leaf (DER) that the other end shows, throws a CollectiveError to refuse it; absent where none is asked for. */
  readonly checkPeer: ((leaf: Uint8Array) => void) | undefined;
  readonly connectionsMax: number;
  readonly onRefused: (remote: string, error: CollectiveError) => void;
  /** A connection that was accepted has failed. */
  readonly onBroken: (remote: string, error: Error) => void;
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
    ...contextOptions(options),
    ALPNProtocols: ['h2'],
    requestCert: options.checkPeer !== undefined,
    // Refused below, where it can be said why: OpenSSL's word for a forged CA is the same as for an unknown one.
    rejectUnauthorized: false,
    handshakeTimeout: LIMITS.handshakeTimeoutMs,
  });
  // Handshakes that begin from now on; connections that are open stay as they are.
  const renew = (): void => {
    try {
      server.setSecureContext(contextOptions(options));
    } catch (error) {
      options.onRefused(
        'this end',
        new CollectiveError('CERTIFICATE_INVALID', 'A new certificate cannot be used.', { cause: error }),
      );
    }
  };
  const forget = [options.own.onChange?.(renew), options.peers?.onChange(renew)];
  server.maxConnections = options.connectionsMax;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('drop', (dropped?: DropArgument) => {
    const remote = `${dropped?.remoteAddress ?? 'unknown'}:${dropped?.remotePort ?? 0}`;
    options.onRefused(remote, new CollectiveError('LIMIT_EXCEEDED', `${options.connectionsMax} connections are open already.`));
  });
  server.on('tlsClientError', (error, socket) => {
    options.onRefused(remoteOf(socket), handshakeFailure(error));
    socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    const remote = remoteOf(socket);
    socket.on('error', (error: Error) => {
      options.onBroken(remote, error);
    });
    const refusal = refusalOf(socket, options);
    if (refusal === undefined) {
      onConnection(socket);
      return;
    }
    options.onRefused(remote, refusal);
    if (refusal.code === 'NOT_ADMITTED') partWith(socket, refusal);
    else socket.destroy();
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', (error: Error) => {
      reject(bindFailure(options, error));
    });
    server.listen({ host: options.host, port: options.port }, () => {
      server.removeAllListeners('error');
      // A failing accept, such as for want of file descriptors, costs that connection only.
      server.on('error', (error: Error) => {
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
      for (const stop of forget) stop?.();
      server.close();
    },
    destroyConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const contextOptions = ({ own, peers }: TlsListenerOptions): SecureContextOptions => ({
  cert: chainPem(own),
  key: own.privateKeyPem,
  ca: peers === undefined ? trustPem(own) : trustPem(own) + poolPem(peers),
  minVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/** Nothing that it sends is read; it has a moment to hear why. */
function partWith(socket: TLSSocket, why: CollectiveError): void {
  socket.setTimeout(PARTING_MS, () => socket.destroy());
  socket.once('finish', () => socket.destroySoon());
  socket.end(partingFrame(why));
}

const PARTING_MS = 2_000;

const remoteOf = (socket: Socket): string => `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;

/** Why a connection whose handshake is done is not accepted; undefined where it is. */
function refusalOf(socket: TLSSocket, options: TlsListenerOptions): CollectiveError | undefined {
  if (socket.alpnProtocol !== 'h2') return new CollectiveError('PROTOCOL_ERROR', 'The other end does not speak HTTP/2.');
  if (socket.isSessionReused()) return new CollectiveError('PROTOCOL_ERROR', 'The other end resumed a session.');
  if (options.checkPeer === undefined) return undefined;
  // Empty where the other end showed none, whatever its type says.
  const leaf: Uint8Array | undefined = socket.getPeerCertificate().raw;
  if (leaf === undefined) return new CollectiveError('UNAUTHENTICATED', 'The other end showed no certificate.');
  try {
    options.checkPeer(leaf);
  } catch (error) {
    return toCollectiveError(error);
  }
  if (socket.authorized) return undefined;
  // OpenSSL's verdict on the chain: a code at run time.
  const code = String(socket.authorizationError);
  return explainTlsFailure(code) ?? new CollectiveError('CERTIFICATE_INVALID', `The certificate was not accepted (${code}).`);
}

function handshakeFailure(error: Error): CollectiveError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const what = code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'did not finish the TLS handshake in time' : 'made no TLS 1.3 handshake';
  return (
    explainTlsFailure(code) ??
    new CollectiveError('PROTOCOL_ERROR', `The other end ${what}${code === '' ? '' : ` (${code})`}.`, {
      details: { reason: code },
    })
  );
}

function bindFailure({ host, port }: TlsListenerOptions, error: Error): CollectiveError {
  const why = 'code' in error && error.code === 'EADDRINUSE' ? 'it is in use' : error.message;
  return new CollectiveError('CONFIG_INVALID', `Cannot listen on ${host}:${port}: ${why}.`, {
    next: 'Choose another address or port, or stop what uses it.',
    details: { host, port },
    cause: error,
  });
}
