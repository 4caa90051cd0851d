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

interface Parsed {
  /** What it was parsed from: credentials may change while they are in use. */
  readonly certificateChain: string;
  readonly trustedCa: string;
  readonly context: SecureContext;
  readonly validUntilMs: number;
}

/** Parsed credentials, kept as long as their owner keeps them, and parsed anew when they have changed. */
export class SecureContexts {
  readonly #known = new WeakMap<TlsCredentials, Parsed>();

  /** To dial with. Error: CERTIFICATE_INVALID for unreadable, mismatching or expired credentials of this end. */
  of(credentials: TlsCredentials): SecureContext {
    const { context, validUntilMs } = this.#parsed(credentials);
    if (validUntilMs < Date.now()) {
      const when = new Date(validUntilMs).toISOString();
      throw new CollectiveError('CERTIFICATE_INVALID', `The certificate of this end expired at ${when}.`, {
        next: 'If it should be valid still, check the clock of this machine. Else see why it could not be renewed: its log tells.',
      });
    }
    return context;
  }

  /** To listen with: those that have expired may be renewed yet. Error: CERTIFICATE_INVALID for unusable ones. */
  check(credentials: TlsCredentials): void {
    this.#parsed(credentials);
  }

  #parsed(credentials: TlsCredentials): Parsed {
    const known = this.#known.get(credentials);
    const { certificateChain, trustedCa } = credentials;
    if (known?.certificateChain === certificateChain && known.trustedCa === trustedCa) return known;
    const parsed = parse(credentials);
    this.#known.set(credentials, parsed);
    return parsed;
  }
}

function parse(credentials: TlsCredentials): Parsed {
  const { certificateChain, trustedCa } = credentials;
  try {
    const leaf = new X509Certificate(certificateChain);
    const context = createSecureContext(secureContextOptions(credentials));
    return { certificateChain, trustedCa, context, validUntilMs: Date.parse(leaf.validTo) };
  } catch (error) {
    throw new CollectiveError('CERTIFICATE_INVALID', 'The certificate or key of this end cannot be used.', { cause: error });
  }
}
