import { assert, equalBytes, ok, type CollectiveError, type MemberId, type Result } from '../../base/index.js';
import type { Hasher } from '../../ports/index.js';
import type { EpochStarted, LogKeyRotated } from '../catalogue/index.js';
import { WireProblem } from '../codec/index.js';
import type { RecordedEvent } from '../event.js';
import { checkLogKeyEndorsement, KEY_ID_BYTES, type LogOwner } from './endorsement.js';
import { originBytes } from './header.js';
import type { BlockHeader, StoredBlock } from './types.js';
import { refusing, type ChainTools } from './verify.js';

/** From a sequence on: the epoch, and the key that signs. */
export interface KeySpan {
  readonly firstSequence: number;
  readonly epoch: number;
  /** SPKI DER. */
  readonly publicKey: Uint8Array;
}

interface HeldSpan extends KeySpan {
  readonly publicKeyOf: (keyId: Uint8Array) => Uint8Array | undefined;
}

export const FIRST_EPOCH = 1;

/** Which key signs, and which epoch it is, at every position of a log. Never changed: a change makes another one. */
export class LogKeys {
  /** Ascending; the first starts at 1. */
  readonly spans: readonly KeySpan[];
  readonly #held: readonly HeldSpan[];
  readonly #hasher: Hasher;

  constructor(spans: readonly KeySpan[], hasher: Hasher) {
    assert(spans[0]?.firstSequence === 1, 'a log has a key from its first event on');
    this.spans = spans;
    this.#hasher = hasher;
    this.#held = spans.map((span) => ({ ...span, publicKeyOf: onlyKey(span.publicKey, hasher) }));
  }

  static first(publicKey: Uint8Array, hasher: Hasher): LogKeys {
    return new LogKeys([{ firstSequence: 1, epoch: FIRST_EPOCH, publicKey }], hasher);
  }

  /** What holds for a block that starts there. */
  at(sequence: number): HeldSpan {
    for (let index = this.#held.length - 1; index > 0; index -= 1) {
      const span = this.#held[index];
      if (span !== undefined && span.firstSequence <= sequence) return span;
    }
    const [first] = this.#held;
    assert(first !== undefined, 'a log has a key');
    return first;
  }

  /** Where an epoch that these know begins. */
  startOf(epoch: number): KeySpan {
    const span = this.spans.find((candidate) => candidate.epoch === epoch);
    assert(span !== undefined, 'the epoch is one of the log');
    return span;
  }

  /** Without what would hold only after this sequence: entries from beyond a cut. */
  upTo(sequence: number): LogKeys {
    const spans = this.spans.filter(({ firstSequence }) => firstSequence <= Math.max(1, sequence));
    return spans.length === this.spans.length ? this : new LogKeys(spans, this.#hasher);
  }

  /** With these instead of all from the first of them on. */
  with(added: readonly KeySpan[]): LogKeys {
    const [first] = added;
    assert(first !== undefined, 'something is added');
    return new LogKeys(
      [...this.spans.filter(({ firstSequence }) => firstSequence < first.firstSequence), ...added],
      this.#hasher,
    );
  }

  equals(other: LogKeys): boolean {
    return (
      this.spans.length === other.spans.length &&
      this.spans.every((span, index) => {
        const twin = other.spans[index];
        return twin !== undefined && sameSpan(span, twin);
      })
    );
  }
}

export const sameSpan = (left: KeySpan, right: KeySpan): boolean =>
  left.firstSequence === right.firstSequence && left.epoch === right.epoch && equalBytes(left.publicKey, right.publicKey);

const onlyKey = (publicKey: Uint8Array, hasher: Hasher): HeldSpan['publicKeyOf'] => {
  const ownKeyId = hasher.sha256(publicKey).subarray(0, KEY_ID_BYTES);
  return (keyId) => (equalBytes(keyId, ownKeyId) ? publicKey : undefined);
};

/**
 * The identity key that a log's first block names, with the log key that it endorses: all follows from the origin. Error:
 * LOG_DAMAGED, also where the log key is not the expected one.
 */
export function foundingOf(
  { events, header }: StoredBlock,
  tools: ChainTools,
  expectedLogKey?: Uint8Array,
): Result<LogOwner & { readonly logPublicKey: Uint8Array }, CollectiveError> {
  return refusing(header.firstSequence, () => {
    const event = events[0]?.event;
    if (event?.type !== 'CollectiveFounded') throw new WireProblem('the log does not start with the founding of its member');
    const { origin } = header;
    const { identityPublicKey, logPublicKey, logKeyEndorsement } = event;
    if (event.memberId !== origin || !isIdentityKeyOf(origin, identityPublicKey, tools.hasher)) {
      throw new WireProblem('the identity key that it names is not the one of its origin');
    }
    const owner: LogOwner = { origin, identityPublicKey };
    checkLogKeyEndorsement(logKeyEndorsement, logPublicKey, { epoch: FIRST_EPOCH, sequence: 1 }, owner, tools);
    if (expectedLogKey !== undefined && !equalBytes(logPublicKey, expectedLogKey)) {
      throw new WireProblem('it names another log key than IDENTITY');
    }
    return { ...owner, logPublicKey };
  });
}

export const isIdentityKeyOf = (origin: MemberId, publicKey: Uint8Array, hasher: Hasher): boolean =>
  equalBytes(hasher.sha256(publicKey), originBytes(origin));

/** What a block is held to: the start of a later epoch is signed with the identity key. */
export function spanOf(keys: LogKeys, header: BlockHeader, owner: LogOwner | undefined, hasher: Hasher): HeldSpan {
  const span = keys.at(header.firstSequence);
  if (header.epoch <= span.epoch || owner === undefined || header.count !== 1) return span;
  const { identityPublicKey: publicKey } = owner;
  return { firstSequence: header.firstSequence, epoch: header.epoch, publicKey, publicKeyOf: onlyKey(publicKey, hasher) };
}

const changesKeys = ({ event }: RecordedEvent): boolean => event?.type === 'LogKeyRotated' || event?.type === 'EpochStarted';

/**
 * The keys after a verified block: the same object unless it changes them. Error: LOG_DAMAGED for a change that does not hold,
 * and for a block of a later epoch that does not start it.
 */
export function keysAfter(
  keys: LogKeys,
  block: StoredBlock,
  owner: LogOwner | undefined,
  tools: ChainTools,
): Result<LogKeys, CollectiveError> {
  const before = keys.at(block.header.firstSequence - 1);
  if (block.header.epoch === before.epoch && !block.events.some(changesKeys)) return ok(keys.upTo(block.lastSequence));
  return refusing(block.header.firstSequence, () => changedKeys(keys, before, block, owner, tools));
}

function changedKeys(
  keys: LogKeys,
  before: KeySpan,
  block: StoredBlock,
  owner: LogOwner | undefined,
  tools: ChainTools,
): LogKeys {
  const { firstSequence: sequence, epoch } = block.header;
  const event = block.events[0]?.event;
  if (block.events.length !== 1) throw new WireProblem('a change of keys shares its block');
  if (owner === undefined) throw new WireProblem('the keys change, and the identity key is not known');
  if (event?.type === 'LogKeyRotated') return keys.upTo(sequence).with([rotated(event, sequence, epoch, before, owner, tools)]);
  if (event?.type !== 'EpochStarted') throw new WireProblem(`it is of epoch ${epoch}, which was not started`);
  return keys.upTo(sequence).with(started(event, block, before, owner, tools));
}

function rotated(
  { logPublicKey, logKeyEndorsement }: LogKeyRotated,
  sequence: number,
  epoch: number,
  before: KeySpan,
  owner: LogOwner,
  tools: ChainTools,
): KeySpan {
  if (epoch !== before.epoch) throw new WireProblem(`it is of epoch ${epoch}, which was not started`);
  checkLogKeyEndorsement(logKeyEndorsement, logPublicKey, { epoch, sequence: sequence + 1 }, owner, tools);
  return { firstSequence: sequence + 1, epoch, publicKey: logPublicKey };
}

function started(
  event: EpochStarted,
  { header }: StoredBlock,
  before: KeySpan,
  { identityPublicKey, origin }: LogOwner,
  tools: ChainTools,
): readonly KeySpan[] {
  const { firstSequence: sequence, epoch } = header;
  if (event.epoch !== epoch) throw new WireProblem(`it starts epoch ${event.epoch} and is of epoch ${epoch}`);
  if (event.previousEpoch !== before.epoch || epoch <= before.epoch) {
    throw new WireProblem(`it starts epoch ${epoch} after epoch ${event.previousEpoch}, and the one before is ${before.epoch}`);
  }
  if (event.cutSequence !== sequence - 1 || !equalBytes(event.cutHash, header.previousHeaderHash)) {
    throw new WireProblem('it cuts the log elsewhere than it goes on');
  }
  const { logPublicKey, logKeyEndorsement } = event;
  const owner = { identityPublicKey, origin };
  checkLogKeyEndorsement(logKeyEndorsement, logPublicKey, { epoch, sequence: sequence + 1 }, owner, tools);
  return [
    { firstSequence: sequence, epoch, publicKey: identityPublicKey },
    { firstSequence: sequence + 1, epoch, publicKey: logPublicKey },
  ];
}
