import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { certificatePem, joinPem, type OwnCredentials } from '../../../../src/identity/index.js';

/** What somebody shows at a door, whether it is good or not. */
export interface Shown {
  /** False: plain TCP. */
  readonly tls: boolean;
  readonly maxVersion?: 'TLSv1.2';
  /** Leaf, CA and key; undefined: no certificate. */
  readonly own: OwnCredentials | undefined;
}

/** A socket of a caller who checks nothing about the server, and shows what it likes. */
export function rawSocket(port: number, shown: Shown, options: ConnectionOptions = {}): Socket | TLSSocket {
  if (!shown.tls) return connectTcp(port, '127.0.0.1');
  const { own, maxVersion } = shown;
  return connectTls({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(own === undefined ? {} : { cert: joinPem([certificatePem(own.leaf), own.ca.pem]), key: own.privateKeyPem }),
    ...options,
  });
}

/** Resolves when it is closed, by whomever. Errors are how it ends. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    if (socket.destroyed) resolve();
    socket.once('close', () => resolve());
  });
}
