import { concatBytes, type MemberId } from '../../src/base/index.js';
import {
  entryBytes,
  NO_HASH,
  sealBlock,
  writeEntry,
  type BlockExpectation,
  type SealedBlock,
} from '../../src/events/chain/index.js';
import { readEntries } from '../../src/events/chain/body.js';
import { BODY_OFFSET } from '../../src/events/chain/header.js';
import { encodeEnvelope, eventCodec } from '../../src/events/codec/index.js';
import type { CollectiveEvent, EncodedEvent, EventDraft } from '../../src/events/index.js';
import type { Signer } from '../../src/ports/index.js';
import { hasher, originOf, signerOf } from './events.js';

export interface BlockPlace {
  readonly origin: MemberId;
  readonly signer: Signer;
  readonly epoch: number;
  readonly firstSequence: number;
  readonly previousHeaderHash: Uint8Array;
  readonly firstTimeMs: number;
  /** 16 bytes of this for every salt. */
  readonly salt: number;
}

export const firstPlace = (seed = 1): BlockPlace => ({
  origin: originOf(seed),
  signer: signerOf(seed),
  epoch: 1,
  firstSequence: 1,
  previousHeaderHash: NO_HASH,
  firstTimeMs: 1_700_000_000_000,
  salt: 0x5a,
});

/** A signed block made without a log: one millisecond between its events. */
export function blockOf(
  drafts: readonly EventDraft[],
  place: BlockPlace = firstPlace(),
  encode: (event: CollectiveEvent) => EncodedEvent = (event) => eventCodec.encode(event),
): SealedBlock {
  const { origin, signer, epoch, firstSequence, previousHeaderHash, firstTimeMs } = place;
  const salt = new Uint8Array(16).fill(place.salt);
  const parts = drafts.map(({ event, actor, request, cause }, index) => {
    const { type, schemaVersion, payload } = encode(event);
    const envelope = encodeEnvelope({
      position: { origin, epoch, sequence: firstSequence + index },
      timeMs: firstTimeMs + index,
      type,
      schemaVersion,
      actor,
      request,
      cause,
      payloadHash: hasher.sha256(salt, payload),
    });
    const entry = new Uint8Array(entryBytes(envelope.length, payload.length));
    writeEntry(entry, envelope, salt, payload);
    return { entry, hash: hasher.sha256(envelope) };
  });
  const content = {
    eventHashes: parts.map(({ hash }) => hash),
    body: concatBytes(parts.map(({ entry }) => entry)),
    firstTimeMs,
    lastTimeMs: firstTimeMs + drafts.length - 1,
  };
  return sealBlock({ origin, epoch, firstSequence, previousHeaderHash }, content, { hasher, signer });
}

/** What a block at this place is held to. */
export const expectationAt = (place: BlockPlace = firstPlace()): BlockExpectation => ({
  origin: place.origin,
  epoch: place.epoch,
  firstSequence: place.firstSequence,
  previousHeaderHash: place.previousHeaderHash,
  previousTimeMs: place.firstTimeMs - 1,
  publicKeyOf: (keyId) => (Buffer.compare(keyId, place.signer.keyId) === 0 ? place.signer.publicKey : undefined),
});

/** The place after a block. */
export const placeAfter = (block: SealedBlock, place: BlockPlace): BlockPlace => ({
  ...place,
  firstSequence: place.firstSequence + block.header.count,
  previousHeaderHash: block.headerHash,
  firstTimeMs: block.header.lastTimeMs + 1,
});

/** The block with the payloads of these events (by index) taken out. */
export function pruned({ bytes, header }: SealedBlock, indexes: readonly number[]): Uint8Array {
  const parts = readEntries(bytes.subarray(BODY_OFFSET), header.count).map(({ envelope, content, writtenBytes }, index) => {
    const kept = indexes.includes(index) ? undefined : content;
    const prefix = new Uint8Array(7);
    const view = new DataView(prefix.buffer);
    view.setUint8(0, kept === undefined ? 1 : 0);
    view.setUint16(1, envelope.length);
    view.setUint32(3, writtenBytes - entryBytes(envelope.length, 0));
    return concatBytes([prefix, envelope, ...(kept === undefined ? [] : [kept.salted])]);
  });
  return concatBytes([bytes.subarray(0, BODY_OFFSET), ...parts]);
}
