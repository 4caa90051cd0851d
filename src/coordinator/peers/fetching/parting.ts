import { equalBytes, type CollectiveError, type Result } from '../../../base/index.js';
import {
  type BlockByteSource,
  type Head,
  parseBlock,
  type ParsedBlock,
  type ReadOptions,
  type StoredBlock,
} from '../../../events/index.js';
import type { Hasher } from '../../../ports/index.js';

/** A log to compare with. */
export interface HeldLog {
  readonly head: Head;
  read(options: ReadOptions): AsyncIterable<StoredBlock>;
}

/**
 * The last event that a log here and one elsewhere have in common, by about log2(events) single blocks of the other one: each
 * block names the hash of the one before, so that where two agree at a block, they agree before it. Errors: those of the source;
 * LOG_DAMAGED for a block that cannot be read.
 */
export async function lastCommon(
  held: HeldLog,
  other: { readonly source: BlockByteSource; readonly sequence: number },
  { hasher, signal }: { readonly hasher: Hasher; readonly signal: AbortSignal },
): Promise<number> {
  let agreed = 0;
  let differs = Math.min(held.head.sequence, other.sequence) + 1;
  while (agreed + 1 < differs) {
    const middle = Math.ceil((agreed + 1 + differs - 1) / 2);
    const ours = await blockWith(held, middle, signal);
    if (ours === undefined) return agreed;
    const theirs = await firstOf(other.source, ours.header.firstSequence, hasher, signal);
    if (theirs !== undefined && equalBytes(theirs.headerHash, ours.headerHash)) agreed = ours.lastSequence;
    else differs = ours.header.firstSequence;
  }
  return agreed;
}

async function blockWith(held: HeldLog, sequence: number, signal: AbortSignal): Promise<StoredBlock | undefined> {
  for await (const block of held.read({ fromSequence: sequence, toSequence: sequence, signal })) return block;
  return undefined;
}

async function firstOf(
  source: BlockByteSource,
  sequence: number,
  hasher: Hasher,
  signal: AbortSignal,
): Promise<ParsedBlock | undefined> {
  for await (const bytes of source(sequence, signal)) {
    const parsed: Result<ParsedBlock, CollectiveError> = parseBlock(bytes, hasher);
    if (!parsed.ok) throw parsed.error;
    return parsed.value;
  }
  return undefined;
}
