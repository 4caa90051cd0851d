import { equalBytes } from '../../../base/index.js';
import { type ChainTools, type LogReader, parseBlock, verifyBlock } from '../../../events/index.js';

/** Whether a block that somebody shows is signed with the present key of this very log, and is not the one that stands there. */
export async function contradicts(
  log: Pick<LogReader, 'origin' | 'publicKey' | 'head' | 'readBytes'>,
  bytes: Uint8Array,
  tools: ChainTools,
): Promise<boolean> {
  const parsed = parseBlock(bytes, tools.hasher);
  if (!parsed.ok) return false;
  const { firstSequence, epoch } = parsed.value.header;
  if (firstSequence > log.head.sequence) return false;
  const expected = { origin: log.origin, epoch, firstSequence, previousHeaderHash: undefined, previousTimeMs: 0 };
  if (!verifyBlock(bytes, { ...expected, publicKeyOf: () => log.publicKey }, tools).ok) return false;
  for await (const held of log.readBytes({ fromSequence: firstSequence, toSequence: firstSequence })) {
    return !equalBytes(held.headerHash, parsed.value.headerHash);
  }
  return false;
}
