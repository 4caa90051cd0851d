import { CollectiveError, fail, ok, type Result } from '../base/index.js';

/** One PEM block, ending in a newline. */
export function certificatePem(der: Uint8Array): string {
  const lines =
    Buffer.from(der.buffer, der.byteOffset, der.byteLength)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/**
 * Joins PEM texts into one bundle in which every block starts on its own line: a missing newline between two makes the whole
 * bundle unreadable, which TLS stacks report only as a failure to connect.
 */
export const joinPem = (texts: readonly string[]): string => texts.map((text) => `${text.trim()}\n`).join('');

/** The DER of every certificate in a PEM text, in order; at least one. Error: DATA_FORMAT_UNSUPPORTED. */
export function certificatesOfPem(text: string): Result<readonly [Uint8Array, ...Uint8Array[]], CollectiveError> {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  const [first, ...rest] = Array.from(blocks, ([, body]) => new Uint8Array(Buffer.from(body ?? '', 'base64')));
  return first === undefined
    ? fail(new CollectiveError('DATA_FORMAT_UNSUPPORTED', 'The text holds no PEM certificate.'))
    : ok([first, ...rest]);
}
