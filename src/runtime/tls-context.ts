import { constants, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { CollectiveError } from '../base/index.js';
import type { TlsCredentials } from '../ports/index.js';

/** AES-128-GCM first: measured fastest. All three are safe, and TLS 1.3 has no others worth offering. */
const CIPHERS = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

/** TLS 1.3 only; no tickets, so that every connection proves its certificate anew. */
export const secureContextOptions = (credentials: TlsCredentials): SecureContextOptions => ({
  cert: credentials.certificateChain,
  key: credentials.privateKey,
  ca: credentials.trustedCa,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: CIPHERS,
  secureOptions: constants.SSL_OP_NO_TICKET,
});

interface OwnCredentials {
  readonly context: SecureContext;
  readonly validUntilMs: number;
}

/** Parsed credentials, kept as long as their owner keeps them. */
export class SecureContexts {
  readonly #known = new WeakMap<TlsCredentials, OwnCredentials>();

  /** Error: CERTIFICATE_INVALID for unreadable, mismatching or expired credentials of this end. */
  of(credentials: TlsCredentials): SecureContext {
    const own = this.#known.get(credentials) ?? parse(credentials);
    this.#known.set(credentials, own);
    if (own.validUntilMs < Date.now()) {
      const when = new Date(own.validUntilMs).toISOString();
      throw new CollectiveError('CERTIFICATE_INVALID', `The certificate of this end expired at ${when}.`, {
        next: 'Join again with a new invite; if it should be valid still, check the clock of this machine.',
      });
    }
    return own.context;
  }
}

function parse(credentials: TlsCredentials): OwnCredentials {
  try {
    const leaf = new X509Certificate(credentials.certificateChain);
    return { context: createSecureContext(secureContextOptions(credentials)), validUntilMs: Date.parse(leaf.validTo) };
  } catch (error) {
    throw new CollectiveError('CERTIFICATE_INVALID', 'The certificate or key of this end cannot be used.', { cause: error });
  }
}
