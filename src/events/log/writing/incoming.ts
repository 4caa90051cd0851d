import { type CollectiveError, equalBytes, fail, ok, type Result } from '../../../base/index.js';
import { FIRST_EPOCH, parseBlock, verifyBlock, type ParsedBlock, type StoredBlock } from '../../chain/index.js';
import { blockAfter, blockAlone, expectationOf, tailAt, type ChainedBlock, type LogChain } from '../reading/segment-scan.js';
import type { StoredLog } from '../stored-log.js';

/** What a run of blocks means for a log. */
export interface Incoming {
  /** Verified, and following the tail one after another. */
  readonly fresh: readonly ChainedBlock[];
  /** The first block that does not simply follow, and how many blocks of the run stand before it. */
  readonly obstacle: { readonly kind: Obstacle; readonly index: number } | undefined;
}

export type Obstacle =
  /** The owner signed another block for the same place, or started one epoch twice. */
  | { readonly kind: 'fork'; readonly sequence: number; readonly held: Uint8Array; readonly other: Uint8Array }
  /** A later epoch starts after this event, which is held, and so is more. */
  | { readonly kind: 'cut'; readonly sequence: number }
  /** A block of a branch that is not the held one; a later epoch ended one of both. */
  | { readonly kind: 'branch'; readonly sequence: number }
  | { readonly kind: 'refused'; readonly error: CollectiveError };

/** Compares blocks with what is held, and verifies what is new; changes nothing. Errors: LOG_DAMAGED of what is held. */
export async function examine(stored: StoredLog, blocks: readonly Uint8Array[]): Promise<Incoming> {
  let { chain, tail } = stored;
  const fresh: ChainedBlock[] = [];
  const stop = (kind: Obstacle, index: number): Incoming => ({ fresh, obstacle: { kind, index } });
  for (const [index, bytes] of blocks.entries()) {
    const parsed = parseBlock(bytes, chain.tools.hasher);
    if (!parsed.ok) return stop({ kind: 'refused', error: parsed.error }, index);
    if (parsed.value.header.firstSequence <= stored.tail.sequence) {
      const obstacle = await compared(stored, parsed.value);
      if (obstacle !== undefined) return stop(obstacle, index);
      continue;
    }
    const next = blockAfter(chain, tail, bytes);
    if (!next.ok) return stop((await startedTwice(stored, parsed.value)) ?? { kind: 'refused', error: next.error }, index);
    fresh.push(next.value);
    chain = next.value.chain;
    tail = tailAt(next.value.block, tail.segment, tail.blockOffset, tail.endOffset);
  }
  return { fresh, obstacle: undefined };
}

/** Undefined for a block that is held. */
async function compared(stored: StoredLog, other: ParsedBlock): Promise<Obstacle | undefined> {
  const { chain, tail } = stored;
  const { firstSequence, origin, epoch } = other.header;
  const { block: held } = await stored.placed(firstSequence);
  if (equalBytes(held.headerHash, other.headerHash)) return undefined;
  const branch: Obstacle = { kind: 'branch', sequence: firstSequence };
  if (origin === chain.identity.origin && epoch > tail.epoch) {
    const started = startAt(chain, other);
    if (!started.ok) return { kind: 'refused', error: started.error };
    const follows = held.header.firstSequence === firstSequence;
    const sameCut = follows && equalBytes(held.header.previousHeaderHash, other.header.previousHeaderHash);
    return sameCut ? { kind: 'cut', sequence: firstSequence - 1 } : branch;
  }
  const twice = await startedTwice(stored, other);
  if (twice !== undefined) return twice;
  const signed = blockAlone({ ...chain, keys: chain.keys.upTo(firstSequence) }, other.bytes);
  if (!signed.ok) return epoch < held.header.epoch && isOwn(chain, other) ? branch : { kind: 'refused', error: signed.error };
  if (held.header.epoch < tail.epoch) return branch;
  return { kind: 'fork', sequence: firstSequence, held: held.bytes, other: other.bytes };
}

/** A block of an epoch that was cut off here may be signed with a key that only its own branch knew. */
const isOwn = (chain: LogChain, { header }: ParsedBlock): boolean => header.origin === chain.identity.origin;

/** The block as the start of an epoch that is later than all that is held, whatever comes before it. */
function startAt(chain: LogChain, other: ParsedBlock): Result<StoredBlock, CollectiveError> {
  const { firstSequence } = other.header;
  const alone = blockAlone({ ...chain, keys: chain.keys.upTo(firstSequence - 1) }, other.bytes);
  return alone.ok ? ok(alone.value.block) : fail(alone.error);
}

/** A second start of the newest epoch that is held: signed with the identity key, so its owner gave two ends to one epoch. */
async function startedTwice(stored: StoredLog, other: ParsedBlock): Promise<Obstacle | undefined> {
  const { chain, tail } = stored;
  const { epoch, firstSequence } = other.header;
  if (tail.epoch === FIRST_EPOCH || epoch !== tail.epoch) return undefined;
  const { firstSequence: startSequence } = chain.keys.startOf(epoch);
  const { block: held } = await stored.placed(startSequence);
  if (equalBytes(held.headerHash, other.headerHash)) return undefined;
  const expectation = expectationOf({ ...chain, keys: chain.keys.upTo(startSequence - 1) }, other.header);
  const verified = verifyBlock(
    other.bytes,
    { ...expectation, firstSequence, previousHeaderHash: undefined, previousTimeMs: 0 },
    chain.tools,
  );
  const event = verified.ok ? verified.value.events[0]?.event : undefined;
  if (event?.type !== 'EpochStarted' || event.epoch !== epoch) return undefined;
  return { kind: 'fork', sequence: startSequence, held: held.bytes, other: other.bytes };
}
