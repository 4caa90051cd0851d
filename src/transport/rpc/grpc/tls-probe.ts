import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { type CollectiveError, equalBytes, LIMITS } from '../../../base/index.js';
import { partingWord } from './parting-word.js';

/** How far a handshake got. */
export type ProbeOutcome =
  /** The server spoke after the handshake: it accepts this end. */
  | { readonly kind: 'accepted'; readonly chain: readonly Uint8Array[] }
  /** In TLS 1.3 this end is through before the server has looked at its certificate: so a refusal looks like this. */
  | { readonly kind: 'closed-after-handshake' }
  /** It said why it does not accept this end, which has proved who it is. */
  | { readonly kind: 'refused'; readonly error: CollectiveError }
  | { readonly kind: 'failed'; readonly error: Error };

/** Does a handshake and nothing more, to see who is there, or to learn why a connection fails. */
export function probeTls(options: ConnectionOptions, signal: AbortSignal): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    let chain: readonly Uint8Array[] | undefined;
    const socket = connect({ ...options, ALPNProtocols: ['h2'], minVersion: 'TLSv1.3' });
    const conclude = (outcome: ProbeOutcome): void => {
      signal.removeEventListener('abort', abort);
      resolve(outcome);
      socket.destroy();
    };
    const abort = (): void => {
      conclude({ kind: 'failed', error: new Error('The wait was given up.') });
    };
    socket.setTimeout(LIMITS.rpcConnectTimeoutMs, () => {
      conclude({ kind: 'failed', error: new Error(`no answer within ${LIMITS.rpcConnectTimeoutMs / 1000} s`) });
    });
    socket.once('secureConnect', () => {
      chain = chainOf(socket);
    });
    // An HTTP/2 server speaks first.
    socket.once('data', (bytes: Buffer) => {
      const error = partingWord(bytes);
      conclude(error === undefined ? { kind: 'accepted', chain: chain ?? [] } : { kind: 'refused', error });
    });
    socket.on('error', (error: Error) => {
      conclude({ kind: 'failed', error });
    });
    socket.once('close', () => {
      conclude(
        chain === undefined
          ? { kind: 'failed', error: new Error('closed during the handshake') }
          : { kind: 'closed-after-handshake' },
      );
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}

/** DER, leaf first, as the server sent it. */
function chainOf(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (
    certificate.raw !== undefined &&
    !chain.some((known) => equalBytes(certificate.raw, known)) &&
    chain.length < LIMITS.certificateChainLength
  ) {
    chain.push(new Uint8Array(certificate.raw));
    certificate = certificate.issuerCertificate ?? certificate;
  }
  return chain;
}
