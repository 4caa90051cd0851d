import { createPrivateKey, createPublicKey } from 'node:crypto';
import { CollectiveError, equalBytes, type Result } from '../base/index.js';
import { parseCertificate } from './trusted-ca.js';

const NEXT = 'Put the file back from a backup, or join again with a new invite.';

/** The value that a file held. A failure names the file. Throws what the result holds. */
export function acceptFrom<Value>(path: string, result: Result<Value, CollectiveError>): Value {
  if (result.ok) return result.value;
  const { code, message, next = NEXT, details } = result.error;
  throw new CollectiveError(code, `${path} cannot be used: ${message}`, {
    next,
    details: { ...details, path },
    cause: result.error,
  });
}

/** Whether the certificate (DER) is for this public key (SPKI DER). */
export function isForKey(certificate: Uint8Array, publicKey: Uint8Array): boolean {
  const parsed = parseCertificate(certificate);
  return parsed !== undefined && equalBytes(new Uint8Array(parsed.publicKey.export({ format: 'der', type: 'spki' })), publicKey);
}

interface KeyFile {
  readonly path: string;
  readonly privateKeyPem: string;
}

/**
 * Throws CERTIFICATE_INVALID, naming both files, unless the certificate (DER) is for this private key (PKCS#8 PEM). Of `others`, the
 * one that holds the key is named too: files may have been exchanged.
 */
export function checkKeyFile(
  certificate: { readonly path: string; readonly der: Uint8Array },
  key: KeyFile,
  others: readonly KeyFile[] = [],
): void {
  const publicKey = publicKeyOfPem(key.privateKeyPem);
  if (publicKey === undefined) {
    throw new CollectiveError('DATA_FORMAT_UNSUPPORTED', `${key.path} cannot be used: it is not a private key in PKCS#8 PEM.`, {
      next: NEXT,
      details: { path: key.path },
    });
  }
  if (isForKey(certificate.der, publicKey)) return;
  const where = others.find(({ privateKeyPem }) => {
    const other = publicKeyOfPem(privateKeyPem);
    return other !== undefined && isForKey(certificate.der, other);
  });
  const found = where === undefined ? '' : `: that key is in ${where.path}`;
  throw new CollectiveError(
    'CERTIFICATE_INVALID',
    `${certificate.path} is not the certificate for the key in ${key.path}${found}.`,
    {
      next: where === undefined ? NEXT : `${key.path} and ${where.path} were exchanged: put both back as they were.`,
      details: { path: certificate.path, key: key.path, ...(where === undefined ? {} : { keyIsIn: where.path }) },
    },
  );
}

function publicKeyOfPem(pem: string): Uint8Array | undefined {
  try {
    const key = createPublicKey(createPrivateKey({ key: pem, format: 'pem' }));
    return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}
