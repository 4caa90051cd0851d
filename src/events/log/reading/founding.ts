import { fail, ok, type CollectiveError, type Result } from '../../../base/index.js';
import { FIRST_EPOCH, foundingOf, NO_HASH, parseBlock, verifyBlockUnsigned } from '../../chain/index.js';
import type { LogReadingOptions } from '../types.js';

/** The log key that a log's first block names and proves; its own signature is for the caller to check. Error: LOG_DAMAGED. */
export function foundingKey(
  { origin, hasher, verifier }: LogReadingOptions,
  bytes: Uint8Array,
): Result<Uint8Array, CollectiveError> {
  const parsed = parseBlock(bytes, hasher);
  if (!parsed.ok) return parsed;
  const expected = { origin, epoch: FIRST_EPOCH, firstSequence: 1, previousHeaderHash: NO_HASH, previousTimeMs: 0 };
  const block = verifyBlockUnsigned(parsed.value, { ...expected, publicKeyOf: () => undefined }, hasher);
  if (!block.ok) return block;
  const founding = foundingOf(block.value, { hasher, verifier });
  return founding.ok ? ok(founding.value.logPublicKey) : fail(founding.error);
}
