import { X509Certificate } from 'node:crypto';
import type { OwnCredentials } from '../../identity/index.js';

/** Until when the certificate is good, whether or not that is over: milliseconds since 1970. */
export const expiryOf = (own: OwnCredentials): number => Date.parse(new X509Certificate(own.leaf).validTo);
