import { ok, type CollectiveError, type Result } from '../../../base/index.js';
import type { FileHandle, FileSystem } from '../../../ports/index.js';
import {
  foundingOf,
  isIdentityKeyOf,
  keysAfter,
  LogKeys,
  parseBlock,
  spanOf,
  verifyBlock,
  type BlockExpectation,
  type BlockHeader,
  type ChainTools,
  type LogOwner,
  type StoredBlock,
} from '../../chain/index.js';
import { WireProblem } from '../../codec/index.js';
import { segmentFile } from '../files/file-names.js';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type LogIdentity, type Tail } from '../files/stored-records.js';

/** What every check of a block of this log needs. Never changed: a change of keys makes another one. */
export interface LogChain {
  readonly identity: LogIdentity;
  readonly keys: LogKeys;
  /** Undefined while the first block, which names the identity key, was not read: then no change of keys can be checked. */
  readonly owner: LogOwner | undefined;
  readonly tools: ChainTools;
}

export function logChain(identity: LogIdentity, tools: ChainTools): LogChain {
  const { origin, publicKey } = identity;
  const owner = isIdentityKeyOf(origin, publicKey, tools.hasher) ? { origin, identityPublicKey: publicKey } : undefined;
  return { identity, keys: LogKeys.first(publicKey, tools.hasher), owner, tools };
}

export const EMPTY_TAIL = (epoch: number): Tail => ({
  epoch,
  sequence: 0,
  headerHash: new Uint8Array(32),
  timeMs: 0,
  segment: 0,
  blockOffset: 0,
  endOffset: 0,
});

export const openSegment = (fileSystem: FileSystem, directory: string, firstSequence: number): Promise<FileHandle> =>
  fileSystem.open(`${directory}/${segmentFile(firstSequence)}`, 'read');

/** What is wrong with the first bytes of a segment; undefined when nothing is. */
export async function segmentHeaderProblem(
  handle: FileHandle,
  chain: LogChain,
  firstSequence: number,
): Promise<string | undefined> {
  const buffer = new Uint8Array(SEGMENT_HEADER_BYTES);
  const count = await handle.read(buffer, 0);
  try {
    const header = decodeSegmentHeader(buffer.subarray(0, count));
    if (header.origin !== chain.identity.origin) return `the segment is of the origin ${header.origin}`;
    if (header.firstSequence !== firstSequence) return `the segment calls itself that of event ${header.firstSequence}`;
    return undefined;
  } catch (error) {
    if (error instanceof WireProblem) return `the header of the segment: ${error.message}`;
    throw error;
  }
}

/** What a block with this header is held to at its place, but for its link to the block before. */
export function expectationOf(chain: LogChain, header: BlockHeader): Pick<BlockExpectation, 'origin' | 'epoch' | 'publicKeyOf'> {
  const { epoch, publicKeyOf } = spanOf(chain.keys, header, chain.owner, chain.tools.hasher);
  return { origin: chain.identity.origin, epoch, publicKeyOf };
}

/** A verified block, and what holds after it. */
export interface ChainedBlock {
  readonly block: StoredBlock;
  readonly chain: LogChain;
}

/** The block, if it is the one that follows `tail`. Error: LOG_DAMAGED. */
export function blockAfter(chain: LogChain, tail: Tail, bytes: Uint8Array): Result<ChainedBlock, CollectiveError> {
  const parsed = parseBlock(bytes, chain.tools.hasher);
  if (!parsed.ok) return parsed;
  const verified = verifyBlock(
    bytes,
    {
      ...expectationOf(chain, parsed.value.header),
      firstSequence: tail.sequence + 1,
      previousHeaderHash: tail.headerHash,
      previousTimeMs: tail.timeMs,
    },
    chain.tools,
  );
  return verified.ok ? chained(chain, verified.value) : verified;
}

/** A block that stands in the log, of which the link to the one before is not known. Error: LOG_DAMAGED. */
export function blockAlone(chain: LogChain, bytes: Uint8Array): Result<ChainedBlock, CollectiveError> {
  const parsed = parseBlock(bytes, chain.tools.hasher);
  if (!parsed.ok) return parsed;
  const { header } = parsed.value;
  const verified = verifyBlock(
    bytes,
    {
      ...expectationOf(chain, header),
      firstSequence: header.firstSequence,
      previousHeaderHash: undefined,
      previousTimeMs: 0,
    },
    chain.tools,
  );
  return verified.ok ? chained(chain, verified.value) : verified;
}

/** What holds after a verified block of this log. Error: LOG_DAMAGED. */
export function chained(chain: LogChain, block: StoredBlock): Result<ChainedBlock, CollectiveError> {
  const rooted = block.header.firstSequence === 1 ? rootedIn(chain, block) : ok(chain);
  if (!rooted.ok) return rooted;
  const keys = keysAfter(rooted.value.keys, block, rooted.value.owner, chain.tools);
  if (!keys.ok) return keys;
  return ok({ block, chain: keys.value === rooted.value.keys ? rooted.value : { ...rooted.value, keys: keys.value } });
}

/** The chain with the identity key that the first block names; a log that the identity key signs itself needs no such block. */
function rootedIn(chain: LogChain, block: StoredBlock): Result<LogChain, CollectiveError> {
  const founding = foundingOf(block, chain.tools, chain.identity.publicKey);
  if (!founding.ok)
    return chain.owner === undefined || block.events[0]?.event?.type === 'CollectiveFounded' ? founding : ok(chain);
  const { origin, identityPublicKey } = founding.value;
  return ok({ ...chain, owner: { origin, identityPublicKey } });
}

export const tailAt = (block: StoredBlock, segment: number, blockOffset: number, endOffset: number): Tail => ({
  epoch: block.header.epoch,
  sequence: block.lastSequence,
  headerHash: block.headerHash,
  timeMs: block.header.lastTimeMs,
  segment,
  blockOffset,
  endOffset,
});
