import { z } from 'zod';
import { CollectiveError, fail, LIMITS, ok, toHex, utf8, type Result } from '../base/index.js';
import type { Hasher, Random } from '../ports/index.js';
import {
  BLOCK_SIZE,
  CIPHER,
  decrypt,
  encrypt,
  FIELDS,
  hexOf,
  newCipherHead,
  parseJson,
  refusePassphrase,
} from './passphrase-cipher.js';

const VERSION = 1;

const SCHEMA = z.strictObject({
  format: z.string(),
  version: z.literal(VERSION),
  ...FIELDS,
  ciphertext: FIELDS.ciphertext.max(2 * LIMITS.configFileBytes),
  checksum: hexOf(32),
});
type Sealed = z.infer<typeof SCHEMA>;

/**
 * A text under a passphrase, as text for a file: JSON, AES-256-GCM with a key that scrypt makes of the passphrase, and a checksum
 * that tells a damaged file from a wrong passphrase. `format` says what it is. Error: USAGE (the passphrase).
 */
export async function sealText(
  content: { readonly format: string; readonly text: string },
  passphrase: string,
  ports: { readonly random: Random; readonly hasher: Hasher },
): Promise<Result<string, CollectiveError>> {
  const refused = refusePassphrase(passphrase);
  if (refused !== undefined) return refused;
  const head = { format: content.format, version: VERSION, ...newCipherHead(ports.random) } as const;
  const sealed = { ...head, ...(await encrypt(content.text, passphrase, head, headerOf(head))) };
  return ok(`${JSON.stringify({ ...sealed, checksum: checksumOf(sealed, ports.hasher) }, undefined, 2)}\n`);
}

/** Reads what `sealText` wrote. Errors: PASSPHRASE_WRONG; DATA_FORMAT_UNSUPPORTED for what is damaged, foreign or newer. */
export async function openSealedText(
  file: { readonly format: string; readonly text: string },
  passphrase: string,
  hasher: Hasher,
): Promise<Result<string, CollectiveError>> {
  const sealed = SCHEMA.safeParse(parseJson(file.text));
  if (!sealed.success || sealed.data.format !== file.format) return damaged('it is not such a file, or of a newer version');
  if (sealed.data.checksum !== checksumOf(sealed.data, hasher)) return damaged('its checksum is wrong');
  const text = await decrypt(sealed.data, passphrase, sealed.data, headerOf(sealed.data));
  if (text !== undefined) return ok(text);
  return fail(
    new CollectiveError('PASSPHRASE_WRONG', 'The passphrase does not open the file.', {
      next: 'Try again with the passphrase that was given to collective init.',
    }),
  );
}

/** What is authenticated beside the text, in this order. */
const headerOf = ({
  format,
  version,
  cost,
  salt,
  nonce,
}: Pick<Sealed, 'format' | 'version' | 'cost' | 'salt' | 'nonce'>): Uint8Array =>
  utf8(JSON.stringify([format, version, 'scrypt', cost, BLOCK_SIZE, salt, CIPHER, nonce]));

const checksumOf = (sealed: Omit<Sealed, 'checksum'>, hasher: Hasher): string =>
  toHex(hasher.sha256(headerOf(sealed), utf8(sealed.tag), utf8(sealed.ciphertext)));

const damaged = (why: string): Result<never, CollectiveError> =>
  fail(new CollectiveError('DATA_FORMAT_UNSUPPORTED', `The file cannot be used: ${why}.`, { next: 'Use another copy of it.' }));
