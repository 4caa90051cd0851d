import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import * as z from 'zod';
import { CollectiveError, fail, fromHex, fromUtf8, LIMITS, toHex, utf8, type Result } from '../base/index.js';
import type { Random } from '../ports/index.js';

export const CIPHER = 'aes-256-gcm';
/** scrypt's N: 128 MiB and some 0.4 s for every guess. */
export const COST = 2 ** 17;
export const BLOCK_SIZE = 8;
/** What a file may ask of its reader: no less than is written, at most 1 GiB of memory. */
const COST_MAX = 2 ** 20;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export const hexOf = (bytes: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

/** For hex that a schema has checked. */
export const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

/** The fields of a file that hold what `encrypt` answers; bytes in hex. */
export const FIELDS = {
  cost: z
    .int()
    .min(COST)
    .max(COST_MAX)
    .refine((cost) => Number.isInteger(Math.log2(cost))),
  salt: hexOf(SALT_BYTES),
  nonce: hexOf(NONCE_BYTES),
  tag: hexOf(TAG_BYTES),
  ciphertext: z.string().regex(/^(?:[0-9a-f]{2})+$/),
};

/** How the key is made of the passphrase, and what must never be used twice; bytes in hex. */
export interface CipherHead {
  readonly cost: number;
  readonly salt: string;
  readonly nonce: string;
}

export interface Encrypted {
  readonly tag: string;
  readonly ciphertext: string;
}

export const newCipherHead = (random: Random): CipherHead => ({
  cost: COST,
  salt: toHex(random.bytes(SALT_BYTES)),
  nonce: toHex(random.bytes(NONCE_BYTES)),
});

/** AES-256-GCM with a key that scrypt makes of the passphrase; `header` is authenticated beside the text. */
export async function encrypt(text: string, passphrase: string, head: CipherHead, header: Uint8Array): Promise<Encrypted> {
  const key = await deriveKey(passphrase, head);
  const cipher = createCipheriv(CIPHER, key, bytesOf(head.nonce), { authTagLength: TAG_BYTES });
  cipher.setAAD(header);
  const ciphertext = toHex(cipher.update(utf8(text))) + toHex(cipher.final());
  return { tag: toHex(cipher.getAuthTag()), ciphertext };
}

/** The text; undefined if the passphrase is not the one. */
export async function decrypt(
  encrypted: Encrypted,
  passphrase: string,
  head: CipherHead,
  header: Uint8Array,
): Promise<string | undefined> {
  if (passphrase.length > LIMITS.passphraseCharactersMax) return undefined;
  const key = await deriveKey(passphrase, head);
  const decipher = createDecipheriv(CIPHER, key, bytesOf(head.nonce), { authTagLength: TAG_BYTES });
  decipher.setAAD(header);
  decipher.setAuthTag(bytesOf(encrypted.tag));
  const plain = decipher.update(bytesOf(encrypted.ciphertext));
  try {
    decipher.final();
  } catch (error) {
    // The only thing that final() can find: the tag does not fit, so the key is not the one.
    if (error instanceof Error) return undefined;
    throw error;
  }
  return fromUtf8(plain);
}

/** USAGE for a passphrase that is too short to protect anything, or longer than is read. */
export function refusePassphrase(passphrase: string): Result<never, CollectiveError> | undefined {
  if (passphrase.length < LIMITS.passphraseCharactersMin) {
    return fail(
      new CollectiveError('USAGE', 'The passphrase is too short to protect anything.', {
        next: `Choose one of at least ${LIMITS.passphraseCharactersMin} characters.`,
      }),
    );
  }
  if (passphrase.length > LIMITS.passphraseCharactersMax) {
    return fail(new CollectiveError('USAGE', `The passphrase is longer than ${LIMITS.passphraseCharactersMax} characters.`));
  }
  return undefined;
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Bounded before the work: the memory is what `cost` says and a little, never what the default happens to allow. */
function deriveKey(passphrase: string, { cost, salt }: CipherHead): Promise<Uint8Array> {
  const options = { N: cost, r: BLOCK_SIZE, p: 1, maxmem: 128 * cost * BLOCK_SIZE + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    // Normalised, since two keyboards may spell the same letters differently.
    scrypt(passphrase.normalize('NFC'), bytesOf(salt), KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
