import * as z from 'zod';
import {
  CollectiveError,
  equalBytes,
  fail,
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
import {
  BLOCK_SIZE,
  bytesOf,
  CIPHER,
  decrypt,
  encrypt,
  FIELDS,
  hexOf,
  newCipherHead,
  parseJson,
  refusePassphrase,
  type CipherHead,
} from './passphrase-cipher.js';

const FORMAT = 'collective-identity-key';
const VERSION = 1;

const envelopeSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  memberId: z.string().refine(isMemberId),
  publicKey: hexOf(44),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    cost: FIELDS.cost,
    blockSize: z.literal(BLOCK_SIZE),
    parallelization: z.literal(1),
    salt: FIELDS.salt,
  }),
  cipher: z.strictObject({ name: z.literal(CIPHER), nonce: FIELDS.nonce, tag: FIELDS.tag }),
  ciphertext: FIELDS.ciphertext.max(LIMITS.keyFileBytes),
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
  const { cost, salt, nonce } = newCipherHead(ports.random);
  const head = {
    format: FORMAT,
    version: VERSION,
    memberId: identity.memberId,
    publicKey: toHex(identity.keys.publicKey),
    kdf: { name: 'scrypt', cost, blockSize: BLOCK_SIZE, parallelization: 1, salt },
    cipher: { name: CIPHER, nonce, tag: '' },
  } as const;
  const encrypted = await encrypt(identity.keys.privateKeyPem, passphrase, cipherHeadOf(head), headerOf(head));
  const sealed = { ...head, cipher: { ...head.cipher, tag: encrypted.tag }, ciphertext: encrypted.ciphertext };
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
  const encrypted = { tag: envelope.cipher.tag, ciphertext: envelope.ciphertext };
  const privateKeyPem = await decrypt(encrypted, passphrase, cipherHeadOf(envelope), headerOf(envelope));
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

const cipherHeadOf = ({ kdf, cipher }: Pick<Envelope, 'kdf' | 'cipher'>): CipherHead => ({
  cost: kdf.cost,
  salt: kdf.salt,
  nonce: cipher.nonce,
});

const damaged = (why: string): Result<never, CollectiveError> =>
  fail(
    new CollectiveError('DATA_FORMAT_UNSUPPORTED', `The identity key file cannot be used: ${why}.`, {
      next: 'Restore it from a backup.',
    }),
  );
