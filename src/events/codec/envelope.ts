import { CollectiveError, isClientId, isMemberId, isNodeId, LIMITS, type MemberId, type Position } from '../../base/index.js';
import type { Actor, Envelope, EventDraft, RequestRef } from '../event.js';
import { optional, record, type Field } from './field.js';
import { bytes, digest, integer, memberId, plain, requestId, text, timeMs } from './fields.js';
import { readWire } from './wire-reader.js';
import { WireProblem } from './wire-value.js';
import { writeWire } from './wire-writer.js';

const TYPE_BYTES = 64;
const KEY_ID_BYTES = 16;
const COMMAND_HASH_BYTES = 16;

/** An envelope as it stands in a block: origin and epoch are the block's. */
interface StoredEnvelope extends Omit<Envelope, 'position'> {
  readonly sequence: number;
  /** Of the key that the payload is sealed with; undefined while it is clear. */
  readonly sealedWith: Uint8Array | undefined;
}

const number = integer(1, Number.MAX_SAFE_INTEGER);

const actor: Field<Actor> = plain('an actor', (value) => (typeof value === 'string' && isActor(value) ? value : undefined));

function isActor(value: string): value is Actor {
  if (value.startsWith('client/')) return isClientId(value.slice('client/'.length));
  if (value.startsWith('node/')) return isNodeId(value.slice('node/'.length));
  if (value.startsWith('member/')) return isActorOfMember(value.slice('member/'.length));
  return value === 'coordinator';
}

function isActorOfMember(value: string): boolean {
  const slash = value.indexOf('/');
  const who = value.slice(slash + 1);
  if (slash < 0 || !isMemberId(value.slice(0, slash))) return false;
  return who === 'coordinator' || (who.startsWith('client/') && isClientId(who.slice('client/'.length)));
}

const request: Field<RequestRef> = record<RequestRef>({
  id: requestId,
  commandHash: bytes(COMMAND_HASH_BYTES, COMMAND_HASH_BYTES),
});

const position: Field<Position> = record<Position>({ origin: memberId, epoch: number, sequence: number });

const envelopeField: Field<StoredEnvelope> = record<StoredEnvelope>({
  sequence: number,
  timeMs,
  type: text(TYPE_BYTES),
  schemaVersion: integer(1, 0xffff),
  actor,
  request: optional(request),
  cause: optional(position),
  payloadHash: digest,
  sealedWith: optional(bytes(KEY_ID_BYTES, KEY_ID_BYTES)),
});

/** Throws CollectiveError REQUEST_INVALID. */
export function encodeEnvelope({ position: { sequence }, ...rest }: Envelope): Uint8Array {
  try {
    return writeWire(envelopeField.toWire({ sequence, ...rest, sealedWith: undefined }));
  } catch (error) {
    if (!(error instanceof WireProblem)) throw error;
    throw new CollectiveError('REQUEST_INVALID', `The event cannot be recorded: ${error.message}.`, { cause: error });
  }
}

/** At most how long the envelope of a draft becomes; it is exact but for the numbers. */
export function envelopeBytesMax({ event, actor: by, request: asked, cause }: EventDraft): number {
  const requestBytes = asked === undefined ? 1 : 21 + asked.id.length;
  return 64 + event.type.length + by.length + requestBytes + (cause === undefined ? 1 : 53);
}

export interface DecodedEnvelope {
  readonly envelope: Envelope;
  /** Whether the payload is sealed, so that only a holder of its key can read it. */
  readonly sealed: boolean;
}

/** Throws WireProblem. */
export function decodeEnvelope(wire: Uint8Array, origin: MemberId, epoch: number): DecodedEnvelope {
  if (wire.length > LIMITS.envelopeBytes) throw new WireProblem(`an envelope of ${wire.length} bytes`);
  const {
    sequence,
    timeMs: at,
    type,
    schemaVersion,
    actor: by,
    request: asked,
    cause,
    payloadHash,
    sealedWith,
  } = envelopeField.fromWire(readWire(wire));
  return {
    envelope: {
      position: { origin, epoch, sequence },
      timeMs: at,
      type,
      schemaVersion,
      actor: by,
      request: asked,
      cause,
      payloadHash,
    },
    sealed: sealedWith !== undefined,
  };
}
