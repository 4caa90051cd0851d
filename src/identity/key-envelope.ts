import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import * as z from 'zod';
import {
  CollectiveError,
  equalBytes,
  fail,
  fromHex,
  fromUtf8,
  isMemberId,
  LIMITS,
  ok,
  toHex,
  utf8,
  type MemberId,
  type Result,
} from '../base/index.js';
import type { Hasher, Random } from '../ports/index.js';
import { openKeyPair, type KeyPair } from './keys.js';

const FORMAT = 'collective-identity-key';
const VERSION = 1;
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** scrypt's N: 128 MiB and some 0.4 s for every guess. */
const COST = 2 ** 17;
/** What a file may ask of its reader: no less than is written, at most 1 GiB of memory. */
const COST_MAX = 2 ** 20;
const BLOCK_SIZE = 8;

const hexOf = (bytes: number): z.ZodString =>
  z
    .string()
    .length(bytes * 2)
    .regex(/^[0-9a-f]*$/);

const envelopeSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  memberId: z.string().refine(isMemberId),
  publicKey: hexOf(44),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    cost: z
      .int()
      .min(COST)
      .max(COST_MAX)
      .refine((cost) => Number.isInteger(Math.log2(cost))),
    blockSize: z.literal(BLOCK_SIZE),
    parallelization: z.literal(1),
    salt: hexOf(SALT_BYTES),
  }),
  cipher: z.strictObject({ name: z.literal(CIPHER), nonce: hexOf(NONCE_BYTES), tag: hexOf(TAG_BYTES) }),
  ciphertext: z
    .string()
    .max(LIMITS.keyFileBytes)
    .regex(/^(?:[0-9a-f]{2})+$/),
  checksum: hexOf(32),
});
type Envelope = z.infer<typeof envelopeSchema>;

/** What is authenticated beside the key, in this order. */
const headerOf = ({ format, version, memberId, publicKey, kdf, cipher }: Omit<Envelope, 'checksum' | 'ciphertext'>): Uint8Array =>
  utf8(
    JSON.stringify([
      format,
      version,
      memberId,
      publicKey,
      kdf.name,
      kdf.cost,
      kdf.blockSize,
      kdf.parallelization,
      kdf.salt,
      cipher.name,
      cipher.nonce,
    ]),
  );

/** Tells a damaged file from a wrong passphrase; the cipher's tag alone cannot. */
const checksumOf = (envelope: Omit<Envelope, 'checksum'>, hasher: Hasher): string =>
  toHex(hasher.sha256(headerOf(envelope), utf8(envelope.cipher.tag), utf8(envelope.ciphertext)));

export interface IdentityKey {
  readonly memberId: MemberId;
  readonly keys: KeyPair;
}

/** The text of a key file: JSON, the private key under AES-256-GCM with a key that scrypt makes of the passphrase. USAGE. */
export async function sealIdentityKey(
  identity: IdentityKey,
  passphrase: string,
  ports: { readonly random: Random; readonly hasher: Hasher },
): Promise<Result<string, CollectiveError>> {
  const refused = refusePassphrase(passphrase);
  if (refused !== undefined) return refused;
  const salt = ports.random.bytes(SALT_BYTES);
  const nonce = ports.random.bytes(NONCE_BYTES);
  const head = {
    format: FORMAT,
    version: VERSION,
    memberId: identity.memberId,
    publicKey: toHex(identity.keys.publicKey),
    kdf: { name: 'scrypt', cost: COST, blockSize: BLOCK_SIZE, parallelization: 1, salt: toHex(salt) },
    cipher: { name: CIPHER, nonce: toHex(nonce), tag: '' },
  } as const;
  const cipher = createCipheriv(CIPHER, await deriveKey(passphrase, salt, COST), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(headerOf(head));
  const ciphertext = toHex(cipher.update(utf8(identity.keys.privateKeyPem))) + toHex(cipher.final());
  const sealed = { ...head, cipher: { ...head.cipher, tag: toHex(cipher.getAuthTag()) }, ciphertext };
  return ok(`${JSON.stringify({ ...sealed, checksum: checksumOf(sealed, ports.hasher) }, undefined, 2)}\n`);
}

/** Reads a key file. Errors: PASSPHRASE_WRONG; DATA_FORMAT_UNSUPPORTED if it is damaged, foreign or of a newer version. */
export async function openIdentityKey(
  text: string,
  passphrase: string,
  hasher: Hasher,
): Promise<Result<IdentityKey, CollectiveError>> {
  const parsed = parseEnvelope(text, hasher);
  if (!parsed.ok) return parsed;
  const envelope = parsed.value;
  const privateKeyPem = await decrypt(envelope, passphrase);
  if (privateKeyPem === undefined) {
    return fail(
      new CollectiveError('PASSPHRASE_WRONG', 'The passphrase does not open the identity key.', {
        next: 'Try again with the passphrase that was given to collective init.',
      }),
    );
  }
  const keys = openKeyPair(privateKeyPem, hasher);
  if (!keys.ok) return keys;
  if (!equalBytes(keys.value.publicKey, bytesOf(envelope.publicKey))) return damaged('its two halves do not belong together');
  return ok({ memberId: envelope.memberId, keys: keys.value });
}

function parseEnvelope(text: string, hasher: Hasher): Result<Envelope, CollectiveError> {
  if (text.length > LIMITS.keyFileBytes) return damaged('it is too long');
  const json = parseJson(text);
  const marks = z.object({ format: z.literal(FORMAT), version: z.int() }).safeParse(json);
  if (!marks.success) return damaged('it is not a Collective identity key');
  if (marks.data.version > VERSION) {
    return fail(
      new CollectiveError(
        'DATA_FORMAT_UNSUPPORTED',
        `The identity key file has version ${marks.data.version}; this program reads version ${VERSION}.`,
        { next: 'Use the newer version of collective that wrote it.' },
      ),
    );
  }
  const envelope = envelopeSchema.safeParse(json);
  if (!envelope.success) return damaged('its fields are not what they should be');
  return envelope.data.checksum === checksumOf(envelope.data, hasher) ? ok(envelope.data) : damaged('its checksum is wrong');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The private key in PEM; undefined if the passphrase is not the one. */
async function decrypt(envelope: Envelope, passphrase: string): Promise<string | undefined> {
  if (passphrase.length > LIMITS.passphraseCharactersMax) return undefined;
  const key = await deriveKey(passphrase, bytesOf(envelope.kdf.salt), envelope.kdf.cost);
  const decipher = createDecipheriv(CIPHER, key, bytesOf(envelope.cipher.nonce), { authTagLength: TAG_BYTES });
  decipher.setAAD(headerOf(envelope));
  decipher.setAuthTag(bytesOf(envelope.cipher.tag));
  const plain = decipher.update(bytesOf(envelope.ciphertext));
  try {
    decipher.final();
  } catch (error) {
    // The only thing that final() can find: the tag does not fit, so the key is not the one.
    if (error instanceof Error) return undefined;
    throw error;
  }
  return fromUtf8(plain);
}

/** Bounded before the work: the memory is what `cost` says and a little, never what the default happens to allow. */
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

function refusePassphrase(passphrase: string): Result<never, CollectiveError> | undefined {
  if (passphrase.length < LIMITS.passphraseCharactersMin) {
    return fail(
      new CollectiveError('USAGE', 'The passphrase is too short to protect the identity key.', {
        next: `Choose one of at least ${LIMITS.passphraseCharactersMin} characters.`,
      }),
    );
  }
  if (passphrase.length > LIMITS.passphraseCharactersMax) {
    return fail(new CollectiveError('USAGE', `The passphrase is longer than ${LIMITS.passphraseCharactersMax} characters.`));
  }
  return undefined;
}

/** For hex that the schema has checked. */
const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

const damaged = (why: string): Result<never, CollectiveError> =>
  fail(
    new CollectiveError('DATA_FORMAT_UNSUPPORTED', `The identity key file cannot be used: ${why}.`, {
      next: 'Restore it from a backup.',
    }),
  );
