import {
  checkName,
  fromBase32,
  fromHex,
  isChunkId,
  isClientId,
  isExtentListId,
  isFileId,
  isGrantId,
  isInviteId,
  isNodeId,
  isRequestId,
  isUploadId,
  LIMITS,
  toBase32,
  toHex,
  utf8,
  type ChunkId,
  type ClientId,
  type ExtentListId,
  type FileId,
  type GrantId,
  type InviteId,
  type MemberId,
  type NodeId,
  type RequestId,
  type UploadId,
} from '../../base/index.js';
import { list, mapped, type Field } from './field.js';
import { WireProblem, type WireValue } from './wire-value.js';

/** A field that stands in the log as it is, once `check` finds it to be of its kind (undefined: it is not). */
export function plain<Value extends WireValue>(what: string, check: (value: unknown) => Value | undefined): Field<Value> {
  const checked = (value: unknown): Value => {
    const found = check(value);
    if (found === undefined) throw new WireProblem(`not ${what}`);
    return found;
  };
  return { toWire: checked, fromWire: checked };
}

/** A whole number, both bounds included. */
export const integer = (min: number, max: number): Field<number> =>
  plain(`a whole number of ${min} to ${max}`, (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0) && value >= min && value <= max
      ? value
      : undefined,
  );

/** 0 or 1. */
export const flag: Field<boolean> = mapped(
  integer(0, 1),
  (value: boolean) => {
    if (typeof value !== 'boolean') throw new WireProblem('neither true nor false');
    return value ? 1 : 0;
  },
  (wire) => wire === 1,
);

/** Milliseconds since 1970. */
export const timeMs: Field<number> = integer(0, Number.MAX_SAFE_INTEGER);
export const sizeBytes: Field<number> = integer(0, Number.MAX_SAFE_INTEGER);

/** Text of at most so many bytes of UTF-8. */
export const text = (maxBytes: number): Field<string> =>
  plain(`text of at most ${maxBytes} bytes`, (value) =>
    typeof value === 'string' && value.length <= maxBytes && value.isWellFormed() && fitsIn(value, maxBytes) ? value : undefined,
  );

/** A UTF-16 unit takes at most three bytes of UTF-8. */
const fitsIn = (value: string, maxBytes: number): boolean => value.length * 3 <= maxBytes || utf8(value).length <= maxBytes;

export const bytes = (min: number, max: number): Field<Uint8Array> =>
  plain(`${min} to ${max} bytes`, (value) =>
    value instanceof Uint8Array && value.length >= min && value.length <= max ? value : undefined,
  );

/** SHA-256. */
export const digest: Field<Uint8Array> = bytes(32, 32);
/** SPKI DER of an Ed25519 key. */
export const ed25519PublicKey: Field<Uint8Array> = bytes(44, 44);
export const publicKey: Field<Uint8Array> = bytes(1, LIMITS.publicKeyBytes);
export const certificate: Field<Uint8Array> = bytes(1, LIMITS.certificateBytes);

export const oneOf = <Value extends string | number>(...values: readonly Value[]): Field<Value> =>
  plain(`one of ${values.join(', ')}`, (value) => values.find((candidate) => Object.is(candidate, value)));

const idText = <Id extends string>(what: string, isId: (value: string) => value is Id): Field<Id> =>
  plain(what, (value) => (typeof value === 'string' && isId(value) ? value : undefined));

export const nodeId: Field<NodeId> = idText('a node id', isNodeId);
export const clientId: Field<ClientId> = idText('a client id', isClientId);
export const uploadId: Field<UploadId> = idText('an upload id', isUploadId);
export const inviteId: Field<InviteId> = idText('an invite id', isInviteId);
export const fileId: Field<FileId> = idText('a file id', isFileId);
export const grantId: Field<GrantId> = idText('a grant id', isGrantId);
export const requestId: Field<RequestId> = idText('a request id', isRequestId);

/** 33 raw bytes: algorithm tag and root hash. */
export const chunkId: Field<ChunkId> = mapped(
  bytes(33, 33),
  (id: ChunkId) => hexBytes(chunkIdOf(id)),
  (raw) => chunkIdOf(toHex(raw)),
);

/** 32 raw bytes. */
export const extentListId: Field<ExtentListId> = mapped(
  bytes(32, 32),
  (id: ExtentListId) => hexBytes(listIdOf(id)),
  (raw) => listIdOf(toHex(raw)),
);

/** The raw bytes of all ids one after another, as one value. */
export const extentListIds = (max: number): Field<readonly ExtentListId[]> =>
  mapped(
    bytes(0, max * 32),
    (ids: readonly ExtentListId[]) => {
      const raw = new Uint8Array(ids.length * 32);
      const given: unknown = ids;
      if (!Array.isArray(given)) throw new WireProblem('not an array');
      for (const [index, id] of ids.entries()) raw.set(hexBytes(listIdOf(id)), index * 32);
      return raw;
    },
    (raw) => {
      if (raw.length % 32 !== 0) throw new WireProblem('not a whole number of ids');
      return Array.from({ length: raw.length / 32 }, (_, index) => listIdOf(toHex(raw.subarray(index * 32, index * 32 + 32))));
    },
  );

/** 32 raw bytes. */
export const memberId: Field<MemberId> = mapped(
  bytes(32, 32),
  (id: MemberId) => {
    const raw = fromBase32(id);
    if (raw === undefined) throw new WireProblem('not a member id');
    return raw;
  },
  (raw) => toBase32(raw) as MemberId,
);

/** Nil for an empty text, where there may be none of that kind. */
export const orEmpty = <Id extends string>(field: Field<Id>): Field<Id | ''> => ({
  toWire: (value) => (value === '' ? null : field.toWire(value)),
  fromWire: (wire) => (wire === null ? '' : field.fromWire(wire)),
});

/** A name in a directory. */
export const entryName: Field<string> = plain('a name for an entry', (value) =>
  typeof value === 'string' && checkName(value).ok ? value : undefined,
);

/** Permission bits. */
export const mode: Field<number> = integer(0, 0o7777);
/** A label that people chose, or nothing. */
export const label: Field<string> = text(LIMITS.labelBytes);
export const endorsement: Field<Uint8Array> = bytes(1, LIMITS.endorsementBytes);
/** `host:port` each. */
export const endpoints: Field<readonly string[]> = list(text(LIMITS.endpointBytes), 0, LIMITS.endpointsPerDaemon);
export const note: Field<string> = text(LIMITS.noteBytes);

function hexBytes(hex: string): Uint8Array {
  const raw = fromHex(hex);
  if (raw === undefined) throw new WireProblem('not hex');
  return raw;
}

function chunkIdOf(id: string): ChunkId {
  if (!isChunkId(id)) throw new WireProblem('not a chunk id');
  return id;
}

function listIdOf(id: string): ExtentListId {
  if (!isExtentListId(id)) throw new WireProblem('not an extent list id');
  return id;
}
