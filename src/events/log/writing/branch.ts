import { CollectiveError, equalBytes } from '../../../base/index.js';
import { parseBlock, type ParsedBlock } from '../../chain/index.js';
import { forked } from './adopt.js';
import { blockAfter, tailAt } from '../reading/segment-scan.js';
import type { StoredLog } from '../stored-log.js';
import type { BlockByteSource } from '../types.js';

/**
 * The last event that a log shares with a source whose chain goes on, verified, into a later epoch than any that the log holds.
 * Errors: LOG_FORKED where it has none, LOG_DAMAGED where it does not verify, CANCELLED.
 */
export async function findBranch(stored: StoredLog, source: BlockByteSource, signal: AbortSignal | undefined): Promise<number> {
  const common = await commonSequence(stored, source, signal);
  if (common === 0) throw forked(0, 'the other one shares not even the first block');
  let { tail, chain } = await stored.standingAt(common);
  for await (const bytes of source(common + 1, signal)) {
    if (signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Following the epoch was cancelled.');
    const next = blockAfter(chain, tail, bytes);
    if (!next.ok) throw next.error;
    if (next.value.block.header.epoch > stored.tail.epoch) return common;
    chain = next.value.chain;
    tail = tailAt(next.value.block, 0, 0, 0);
  }
  throw forked(common, 'the other one starts no later epoch');
}

/** Each block names the hash of the one before, so that where two logs agree at a block, they agree before it. */
async function commonSequence(stored: StoredLog, source: BlockByteSource, signal: AbortSignal | undefined): Promise<number> {
  let agreed = 0;
  let differs = stored.tail.sequence + 1;
  while (agreed + 1 < differs) {
    const middle = Math.ceil((agreed + 1 + differs - 1) / 2);
    const { block: held } = await stored.placed(middle);
    const other = await blockAt(stored, source, held.header.firstSequence, signal);
    if (other !== undefined && equalBytes(other.headerHash, held.headerHash)) agreed = held.lastSequence;
    else differs = held.header.firstSequence;
  }
  return agreed;
}

async function blockAt(
  stored: StoredLog,
  source: BlockByteSource,
  sequence: number,
  signal: AbortSignal | undefined,
): Promise<ParsedBlock | undefined> {
  for await (const bytes of source(sequence, signal)) {
    const parsed = parseBlock(bytes, stored.chain.tools.hasher);
    if (!parsed.ok) throw parsed.error;
    return parsed.value;
  }
  return undefined;
}
