import { CollectiveError, concatBytes, equalBytes, fail, isCollectiveError, LIMITS, ok, type Result } from '../../base/index.js';
import type { Hasher, SignatureVerifier } from '../../ports/index.js';
import { decodeEnvelope, eventCodec, WireProblem } from '../codec/index.js';
import type { RecordedEvent } from '../event.js';
import { readEntries, type BodyEntry } from './body.js';
import { BLOCK_DOMAIN, BODY_OFFSET, decodeHeader, HEADER_BYTES } from './header.js';
import type { BlockExpectation, BlockHeader, StoredBlock } from './types.js';

export interface ChainTools {
  readonly hasher: Hasher;
  readonly verifier: SignatureVerifier;
}

/** A block whose header was read; nothing is checked yet. */
export interface ParsedBlock {
  readonly header: BlockHeader;
  readonly headerHash: Uint8Array;
  readonly lastSequence: number;
  readonly bytes: Uint8Array;
}

/** Checks everything about a block that its bytes and its place tell. Error: LOG_DAMAGED, `details.problem` says what. */
export function verifyBlock(
  bytes: Uint8Array,
  expectation: BlockExpectation,
  tools: ChainTools,
): Result<StoredBlock, CollectiveError> {
  return refusing(expectation.firstSequence, () => {
    const block = parse(bytes, tools.hasher);
    checkLink(block.header, expectation);
    checkSignature(block, expectation.publicKeyOf, tools.verifier);
    return checkBody(block, expectation, tools.hasher);
  });
}

/** Reads the header only. Error: LOG_DAMAGED. */
export function parseBlock(bytes: Uint8Array, hasher: Hasher): Result<ParsedBlock, CollectiveError> {
  return refusing(undefined, () => parse(bytes, hasher));
}

/** As verifyBlock, but for the signature: for a block that a later, signed one names through the chain. */
export function verifyBlockUnsigned(
  block: ParsedBlock,
  expectation: BlockExpectation,
  hasher: Hasher,
): Result<StoredBlock, CollectiveError> {
  return refusing(expectation.firstSequence, () => {
    checkLink(block.header, expectation);
    return checkBody(block, expectation, hasher);
  });
}

/** Checks the signature alone. Error: LOG_DAMAGED. */
export function verifySignature(
  block: ParsedBlock,
  publicKeyOf: BlockExpectation['publicKeyOf'],
  verifier: SignatureVerifier,
): Result<void, CollectiveError> {
  return refusing(block.header.firstSequence, () => checkSignature(block, publicKeyOf, verifier));
}

function parse(bytes: Uint8Array, hasher: Hasher): ParsedBlock {
  if (bytes.length <= BODY_OFFSET || bytes.length > LIMITS.blockBytes) throw new WireProblem(`it has ${bytes.length} bytes`);
  const header = decodeHeader(bytes);
  const headerHash = hasher.sha256(bytes.subarray(0, HEADER_BYTES));
  return { header, headerHash, lastSequence: header.firstSequence + header.count - 1, bytes };
}

function checkLink(header: BlockHeader, expected: BlockExpectation): void {
  if (header.origin !== expected.origin) throw new WireProblem(`it is of the origin ${header.origin}`);
  if (header.epoch !== expected.epoch) throw new WireProblem(`it is of epoch ${header.epoch}, not ${expected.epoch}`);
  if (header.firstSequence !== expected.firstSequence) {
    throw new WireProblem(`it starts at sequence ${header.firstSequence}, not ${expected.firstSequence}`);
  }
  const { previousHeaderHash } = expected;
  if (previousHeaderHash !== undefined && !equalBytes(header.previousHeaderHash, previousHeaderHash)) {
    throw new WireProblem('it does not follow the block before it');
  }
}

function checkSignature(
  { header, bytes }: ParsedBlock,
  publicKeyOf: BlockExpectation['publicKeyOf'],
  verifier: SignatureVerifier,
): void {
  const publicKey = publicKeyOf(header.keyId);
  if (publicKey === undefined) throw new WireProblem('it is signed by a key that does not speak for this log');
  const signed = concatBytes([BLOCK_DOMAIN, bytes.subarray(0, HEADER_BYTES)]);
  if (!verifier.verify(publicKey, signed, bytes.subarray(HEADER_BYTES, BODY_OFFSET))) {
    throw new WireProblem('its signature is wrong');
  }
}

function checkBody(block: ParsedBlock, expected: BlockExpectation, hasher: Hasher): StoredBlock {
  const { header, bytes } = block;
  const entries = readEntries(bytes.subarray(BODY_OFFSET), header.count);
  const written = entries.reduce((total, entry) => total + entry.writtenBytes, 0);
  if (written !== header.bodyBytes) throw new WireProblem(`its body is of ${written} bytes, not ${header.bodyBytes}`);
  const hashes = entries.map(({ envelope }) => hasher.sha256(envelope));
  if (!equalBytes(hasher.sha256(...hashes), header.bodyHash)) throw new WireProblem('its events are not those that were signed');
  let previousTimeMs = expected.previousTimeMs;
  const events = entries.map((entry, index) => {
    const event = readEvent(entry, header, index, expected.allowPruned ?? false, hasher);
    const { timeMs } = event.envelope;
    if (timeMs <= previousTimeMs) throw new WireProblem(`the time of event ${event.envelope.position.sequence} does not rise`);
    previousTimeMs = timeMs;
    return event;
  });
  if (events[0]?.envelope.timeMs !== header.firstTimeMs || previousTimeMs !== header.lastTimeMs) {
    throw new WireProblem('its times are not those of its events');
  }
  return { ...block, events };
}

function readEvent(entry: BodyEntry, header: BlockHeader, index: number, allowPruned: boolean, hasher: Hasher): RecordedEvent {
  const { envelope, sealed } = decodeEnvelope(entry.envelope, header.origin, header.epoch);
  const { sequence } = envelope.position;
  if (sequence !== header.firstSequence + index)
    throw new WireProblem(`event ${header.firstSequence + index} calls itself ${sequence}`);
  if (entry.content === undefined) {
    if (!allowPruned) throw new WireProblem(`the payload of event ${sequence} is missing`);
    return { envelope, event: undefined };
  }
  const { salted, payload } = entry.content;
  if (!equalBytes(hasher.sha256(salted), envelope.payloadHash)) {
    throw new WireProblem(`the payload of event ${sequence} is not the one that was signed`);
  }
  if (sealed) return { envelope, event: undefined };
  const decoded = eventCodec.decode(envelope.type, envelope.schemaVersion, payload);
  if (!decoded.ok) throw decoded.error;
  return { envelope, event: decoded.value };
}

export function refusing<Value>(sequence: number | undefined, check: () => Value): Result<Value, CollectiveError> {
  try {
    return ok(check());
  } catch (error) {
    if (isCollectiveError(error)) return fail(error);
    if (!(error instanceof WireProblem)) throw error;
    const which = sequence === undefined ? 'A block' : `The block at sequence ${sequence}`;
    return fail(
      new CollectiveError('LOG_DAMAGED', `${which} is refused: ${error.message}.`, { details: { problem: error.message } }),
    );
  }
}
