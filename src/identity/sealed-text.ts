import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import { z } from 'zod';
import { CollectiveError, fail, fromHex, fromUtf8, LIMITS, ok, toHex, utf8, type Result } from '../base/index.js';
import type { Hasher, Random } from '../ports/index.js';

const VERSION = 1;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** As for the identity key: scrypt's N, 128 MiB and some 0.4 s for every guess. */
const COST = 2 ** 17;
const COST_MAX = 2 ** 20;
const BLOCK_SIZE = 8;

const hexOf = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

const SCHEMA = z.strictObject({
  format: z.string(),
  version: z.literal(VERSION),
  cost: z
    .int()
    .min(COST)
    .max(COST_MAX)
    .refine((cost) => Number.isInteger(Math.log2(cost))),
  salt: hexOf(SALT_BYTES),
  nonce: hexOf(NONCE_BYTES),
  tag: hexOf(TAG_BYTES),
  ciphertext: z
    .string()
    .max(2 * LIMITS.configFileBytes)
    .regex(/^(?:[0-9a-f]{2})+$/),
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
  const { length } = passphrase;
  if (length < LIMITS.passphraseCharactersMin || length > LIMITS.passphraseCharactersMax) {
    const bounds = `${LIMITS.passphraseCharactersMin} to ${LIMITS.passphraseCharactersMax}`;
    return fail(new CollectiveError('USAGE', `A passphrase has ${bounds} characters, not ${length}.`));
  }
  const [salt, nonce] = [ports.random.bytes(SALT_BYTES), ports.random.bytes(NONCE_BYTES)];
  const head = { format: content.format, version: VERSION, cost: COST, salt: toHex(salt), nonce: toHex(nonce) } as const;
  const cipher = createCipheriv(CIPHER, await deriveKey(passphrase, salt, COST), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(headerOf(head));
  const ciphertext = toHex(cipher.update(utf8(content.text))) + toHex(cipher.final());
  const sealed = { ...head, tag: toHex(cipher.getAuthTag()), ciphertext };
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
  const text = await decrypt(sealed.data, passphrase);
  if (text !== undefined) return ok(text);
  return fail(
    new CollectiveError('PASSPHRASE_WRONG', 'The passphrase does not open the file.', {
      next: 'Try again with the passphrase that was given to collective init.',
    }),
  );
}

async function decrypt(sealed: Sealed, passphrase: string): Promise<string | undefined> {
  if (passphrase.length > LIMITS.passphraseCharactersMax) return undefined;
  const key = await deriveKey(passphrase, bytesOf(sealed.salt), sealed.cost);
  const decipher = createDecipheriv(CIPHER, key, bytesOf(sealed.nonce), { authTagLength: TAG_BYTES });
  decipher.setAAD(headerOf(sealed));
  decipher.setAuthTag(bytesOf(sealed.tag));
  const plain = decipher.update(bytesOf(sealed.ciphertext));
  try {
    decipher.final();
  } catch (error) {
    // The only thing that final() can find: the tag does not fit, so the key is not the one.
    if (error instanceof Error) return undefined;
    throw error;
  }
  return fromUtf8(plain);
}

function deriveKey(passphrase: string, salt: Uint8Array, cost: number): Promise<Uint8Array> {
  const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 128 * cost * BLOCK_SIZE + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    // Normalised, since two keyboards may spell the same letters differently.
    scrypt(passphrase.normalize('NFC'), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
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

/** For hex that the schema has checked. */
const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

const damaged = (why: string): Result<never, CollectiveError> =>
  fail(new CollectiveError('DATA_FORMAT_UNSUPPORTED', `The file cannot be used: ${why}.`, { next: 'Use another copy of it.' }));
