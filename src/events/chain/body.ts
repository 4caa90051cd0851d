import { LIMITS } from '../../base/index.js';
import { WireProblem } from '../codec/index.js';
import { ByteCursor } from './byte-cursor.js';

export const SALT_BYTES = 16;
/** State, length of the envelope, length of the payload. */
const PREFIX_BYTES = 7;
const PRESENT = 0;
const PRUNED = 1;

export interface BodyContent {
  /** Salt and payload, one after the other as they are hashed. */
  readonly salted: Uint8Array;
  readonly payload: Uint8Array;
}

/** An event's bytes in a block's body. */
export interface BodyEntry {
  readonly envelope: Uint8Array;
  /** Undefined once pruned: without the salt, nobody can find the payload by trying. */
  readonly content: BodyContent | undefined;
  /** Bytes of the entry as it was written, with its payload. */
  readonly writtenBytes: number;
}

export const entryBytes = (envelopeBytes: number, payloadBytes: number): number =>
  PREFIX_BYTES + envelopeBytes + SALT_BYTES + payloadBytes;

/** Fills `target`, which has the length that `entryBytes` says. */
export function writeEntry(target: Uint8Array, envelope: Uint8Array, salt: Uint8Array, payload: Uint8Array): void {
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  view.setUint8(0, PRESENT);
  view.setUint16(1, envelope.length);
  view.setUint32(3, payload.length);
  target.set(envelope, PREFIX_BYTES);
  target.set(salt, PREFIX_BYTES + envelope.length);
  target.set(payload, PREFIX_BYTES + envelope.length + SALT_BYTES);
}

/** `count` entries that fill `body`, as views of it. Throws WireProblem. */
export function readEntries(body: Uint8Array, count: number): readonly BodyEntry[] {
  const cursor = new ByteCursor(body);
  const entries: BodyEntry[] = [];
  for (let index = 0; index < count; index += 1) entries.push(readEntry(cursor));
  if (!cursor.atEnd) throw new WireProblem('bytes follow the last event');
  return entries;
}

function readEntry(cursor: ByteCursor): BodyEntry {
  const state = cursor.uint8();
  if (state !== PRESENT && state !== PRUNED) throw new WireProblem(`an event has the state ${state}`);
  const envelopeBytes = cursor.uint16();
  const payloadBytes = cursor.uint32();
  if (payloadBytes > LIMITS.payloadBytes) throw new WireProblem(`a payload of ${payloadBytes} bytes`);
  const envelope = cursor.bytes(envelopeBytes);
  const content = state === PRUNED ? undefined : contentOf(cursor.bytes(SALT_BYTES + payloadBytes));
  return { envelope, content, writtenBytes: entryBytes(envelopeBytes, payloadBytes) };
}

const contentOf = (salted: Uint8Array): BodyContent => ({ salted, payload: salted.subarray(SALT_BYTES) });
