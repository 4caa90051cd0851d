import {
  assert,
  CollectiveError,
  concatBytes,
  equalBytes,
  fail,
  fromBase32,
  formatDuration,
  fromUtf8,
  LIMITS,
  ok,
  toBase32,
  uint32Bytes,
  utf8,
  type InviteId,
  type MemberId,
  type Result,
} from '../base/index.js';
import type { Hasher, Random } from '../ports/index.js';
import { idBytes, MEMBER_ID_BYTES, memberIdFrom } from './binary-ids.js';
import { isEndpoint } from './endpoint.js';
import { INVITE_SECRET_BYTES, inviteTracesOf } from './invite-secret.js';
import { LayoutReader } from './layout.js';

export type InviteKind = 'node' | 'client' | 'member';
/** Whoever uses one of these gets a certificate of the member that it leads to. */
export type JoinerKind = Exclude<InviteKind, 'member'>;

/** What an invite string says. It is a secret: whoever has it first can join. */
export interface Invite<Kind extends InviteKind = InviteKind> {
  readonly kind: Kind;
  readonly inviteId: InviteId;
  /** Whom it leads to. */
  readonly memberId: MemberId;
  /** SHA-256 of the DER of that member's CA certificate. */
  readonly caSha256: Uint8Array;
  /** 16 bytes. */
  readonly secret: Uint8Array;
  /** Whole seconds. */
  readonly expiresAtMs: number;
  /** `host:port` each, of the enrolment listener. */
  readonly endpoints: readonly string[];
}

const VERSION = 1;
const KIND_TAGS: Readonly<Record<InviteKind, number>> = { member: 1, node: 2, client: 3 };
const KINDS: readonly InviteKind[] = ['member', 'node', 'client'];
const CHECKSUM_BYTES = 4;
const DIGEST_BYTES = 32;
const PREFIX = /^collective1(member|node|client)/;
const COMMANDS: Readonly<Record<InviteKind, string>> = {
  member: 'collective member accept',
  node: 'collective node join',
  client: 'collective login',
};

/** A new invite: the string to give away, and what the issuer keeps (never the secret). USAGE for unusable endpoints. */
export function createInvite(
  fields: Pick<Invite, 'kind' | 'memberId' | 'caSha256' | 'expiresAtMs' | 'endpoints'>,
  ports: { readonly random: Random; readonly hasher: Hasher },
): Result<{ readonly text: string; readonly inviteId: InviteId; readonly secretHash: Uint8Array }, CollectiveError> {
  const wrong = fields.endpoints.find((endpoint) => !isEndpoint(endpoint));
  if (wrong !== undefined || fields.endpoints.length === 0 || fields.endpoints.length > LIMITS.endpointsPerDaemon) {
    return fail(
      new CollectiveError(
        'USAGE',
        wrong === undefined
          ? `An invite carries 1 to ${LIMITS.endpointsPerDaemon} endpoints, not ${fields.endpoints.length}.`
          : `${JSON.stringify(wrong.slice(0, 80))} is not an endpoint.`,
        { next: 'Write endpoints as host:port.' },
      ),
    );
  }
  const expirySeconds = Math.floor(fields.expiresAtMs / 1000);
  assert(
    expirySeconds > 0 && expirySeconds <= 0xffff_ffff && fields.caSha256.length === DIGEST_BYTES,
    'invite fields fit the layout',
  );
  const secret = ports.random.bytes(INVITE_SECRET_BYTES);
  const body = concatBytes([
    Uint8Array.of(VERSION, KIND_TAGS[fields.kind]),
    idBytes(fields.memberId),
    fields.caSha256,
    secret,
    uint32Bytes(expirySeconds),
    Uint8Array.of(fields.endpoints.length),
    ...fields.endpoints.flatMap((endpoint) => [Uint8Array.of(endpoint.length), utf8(endpoint)]),
  ]);
  const text = `collective1${fields.kind}${toBase32(concatBytes([body, checksumOf(body, ports.hasher)]))}`;
  return ok({ text, ...inviteTracesOf(secret, ports.hasher) });
}

/**
 * Reads an invite for a command that needs one of `kind`. White space and capitals do not matter. Error: INVITE_INVALID, with a
 * sentence that says whether it is cut off, mistyped, expired, or for another command.
 */
export function parseInvite<Kind extends InviteKind>(
  text: string,
  check: { readonly kind: Kind; readonly nowMs: number; readonly hasher: Hasher },
): Result<Invite<Kind>, CollectiveError> {
  const plain = text
    .slice(0, LIMITS.inviteTextCharacters * 2)
    .replace(/\s+/g, '')
    .toLowerCase();
  const written = PREFIX.exec(plain);
  if (written === null || plain.length > LIMITS.inviteTextCharacters) {
    return invalid('This is not an invite.', `An invite is one line that begins with collective1${check.kind}.`);
  }
  const decoded = decode(plain.slice(written[0].length), check.hasher);
  if (!decoded.ok) return decoded;
  const { tag, ...fields } = decoded.value;
  const kind = KINDS.find((each) => KIND_TAGS[each] === tag);
  if (kind === undefined || kind !== written[1]) return invalid(...MISTYPED);
  if (kind !== check.kind) return invalid(`This is a ${kind} invite.`, `Run: ${COMMANDS[kind]} INVITE`);
  if (check.nowMs >= fields.expiresAtMs) {
    return invalid(
      `This invite expired at ${new Date(fields.expiresAtMs).toISOString().replace('.000Z', 'Z')}, ${formatDuration(check.nowMs - fields.expiresAtMs)} ago.`,
      `Ask for a new one (collective ${kind} invite), and check this machine's clock.`,
    );
  }
  return ok({ ...fields, kind: check.kind, inviteId: inviteTracesOf(fields.secret, check.hasher).inviteId });
}

type Fields = Omit<Invite, 'kind' | 'inviteId'> & { readonly tag: number };

const MISTYPED = ['This invite is mistyped: its checksum is wrong.', 'Copy it again, whole.'] as const;
const TRUNCATED = ['This invite is cut off: its end is missing.', 'Copy it again, the whole line.'] as const;

function decode(text: string, hasher: Hasher): Result<Fields, CollectiveError> {
  const strange = /[^a-z2-7]/.exec(text);
  if (strange !== null) return invalid(`This invite is mistyped: it cannot contain ${JSON.stringify(strange[0])}.`, MISTYPED[1]);
  const bytes = fromBase32(text);
  const whole = bytes ?? decodeLeniently(text);
  const body = whole.subarray(0, Math.max(0, whole.length - CHECKSUM_BYTES));
  const sound = bytes !== undefined && equalBytes(whole.subarray(body.length), checksumOf(body, hasher));
  const reader = new LayoutReader(whole);
  const version = reader.uint8();
  // Only a whole invite can be of a newer version: one that is mistyped may seem to be.
  if (version > VERSION && sound)
    return invalid(`This invite has version ${version}, newer than this program reads.`, 'Update collective.');
  const tag = reader.uint8();
  const memberId = memberIdFrom(reader.bytes(MEMBER_ID_BYTES));
  const caSha256 = reader.bytes(DIGEST_BYTES);
  const secret = reader.bytes(INVITE_SECRET_BYTES);
  const expiresAtMs = reader.uint32() * 1000;
  const endpoints = Array.from({ length: reader.uint8() }, () => fromUtf8(reader.bytes(reader.uint8())) ?? '');
  reader.bytes(CHECKSUM_BYTES);
  if (!reader.intact) return invalid(...TRUNCATED);
  if (!sound || !reader.complete || version !== VERSION) return invalid(...MISTYPED);
  const usable = endpoints.length > 0 && endpoints.length <= LIMITS.endpointsPerDaemon && endpoints.every(isEndpoint);
  return usable ? ok({ tag, memberId, caSha256, secret, expiresAtMs, endpoints }) : invalid(...MISTYPED);
}

/** The bytes of a base32 text that was cut anywhere or has a wrong last character: enough to tell which. */
const decodeLeniently = (text: string): Uint8Array =>
  fromBase32(`${text.slice(0, -1)}a`) ?? fromBase32(`${text.slice(0, -2)}a`) ?? new Uint8Array(0);

const checksumOf = (body: Uint8Array, hasher: Hasher): Uint8Array => hasher.sha256(body).subarray(0, CHECKSUM_BYTES);

const invalid = (message: string, next: string): Result<never, CollectiveError> =>
  fail(new CollectiveError('INVITE_INVALID', message, { next }));
