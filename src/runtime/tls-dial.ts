import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { CollectiveError, formatDuration } from '../base/index.js';
import type { ByteStream, Network } from '../ports/index.js';
import { TlsByteStream } from './tls-byte-stream.js';
import type { SecureContexts } from './tls-context.js';
import { closedHere, cutOff, dialFailure } from './tls-errors.js';
import { userBuffer, type Receive } from './user-buffer.js';

type DialOptions = Parameters<Network['connect']>[0];

/** Dials, shakes hands and verifies. Errors: those of Network.connect. */
export async function dial(options: DialOptions, contexts: SecureContexts, byUserBuffer: boolean): Promise<ByteStream> {
  const { host, port, credentials, signal, timeoutMs } = options;
  const remote = `${host}:${port}`;
  const cancelled = (): CollectiveError => new CollectiveError('CANCELLED', `Connecting to ${remote} was cancelled.`);
  if (signal.aborted) throw cancelled();
  const secureContext = contexts.of(credentials);
  let receive: Receive = () => false;
  const socket = connect({
    host,
    port,
    secureContext,
    rejectUnauthorized: true,
    // Certificates here name members and roles, not hosts: `verifyPeer` checks those.
    checkServerIdentity: () => undefined,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(byUserBuffer ? { onread: userBuffer((bytes) => receive(bytes)) } : {}),
  });
  const slow = (): void => {
    const after = formatDuration(timeoutMs);
    socket.destroy(new CollectiveError('NODE_UNREACHABLE', `${remote} cannot be reached: no answer within ${after}.`));
  };
  const timer = setTimeout(slow, timeoutMs);
  const abort = (): void => {
    socket.destroy(cancelled());
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await new Promise<ByteStream>((resolve, reject) => {
      let failure: Error | undefined;
      socket.on('error', (error) => {
        failure ??= error;
      });
      socket.once('close', () => reject(dialFailure(remote, failure ?? cutOff(remote))));
      socket.once('secureConnect', () => {
        try {
          const peer = { leaf: leafOf(socket) };
          credentials.verifyPeer(peer);
          const stream = new TlsByteStream({ socket, peer, remote, role: 'dialled', byUserBuffer });
          receive = (bytes) => stream.receive(bytes);
          resolve(stream);
        } catch (error) {
          socket.destroy(error instanceof Error ? error : closedHere(remote));
        }
      });
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** DER of the certificate that the other end proved. (getPeerX509Certificate takes it out of the session of a dialling end.) */
export function leafOf(socket: TLSSocket): Uint8Array {
  // Undefined where there is none, whatever the types say.
  const raw: Buffer | undefined = socket.getPeerCertificate(false).raw;
  if (raw === undefined) throw new CollectiveError('CERTIFICATE_INVALID', 'The other end sent no certificate.');
  return new Uint8Array(raw);
}
