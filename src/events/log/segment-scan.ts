import { equalBytes, type CollectiveError } from '../../base/index.js';
import type { FileHandle, FileSystem } from '../../ports/index.js';
import { parseBlock, verifyBlock, type ChainTools, type StoredBlock } from '../chain/index.js';
import { WireProblem } from '../codec/index.js';
import { segmentFile } from './file-names.js';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type LogIdentity, type Tail } from './stored-records.js';

const KEY_ID_BYTES = 16;

/** What every check of a block of this log needs. */
export interface LogChain {
  readonly identity: LogIdentity;
  readonly epoch: number;
  readonly tools: ChainTools;
  readonly publicKeyOf: (keyId: Uint8Array) => Uint8Array | undefined;
}

export function logChain(identity: LogIdentity, epoch: number, tools: ChainTools): LogChain {
  const ownKeyId = tools.hasher.sha256(identity.publicKey).subarray(0, KEY_ID_BYTES);
  return { identity, epoch, tools, publicKeyOf: (keyId) => (equalBytes(keyId, ownKeyId) ? identity.publicKey : undefined) };
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

/** The block, if it is the one that follows `tail`; the problem otherwise. */
export function blockAfter(chain: LogChain, tail: Tail, bytes: Uint8Array): StoredBlock | CollectiveError {
  const verified = verifyBlock(
    bytes,
    {
      origin: chain.identity.origin,
      epoch: chain.epoch,
      firstSequence: tail.sequence + 1,
      previousHeaderHash: tail.headerHash,
      previousTimeMs: tail.timeMs,
      publicKeyOf: chain.publicKeyOf,
    },
    chain.tools,
  );
  return verified.ok ? verified.value : verified.error;
}

/** The block at the tail itself, of which the link to the one before is not known. */
export function blockAtTail(chain: LogChain, bytes: Uint8Array): StoredBlock | CollectiveError {
  const parsed = parseBlock(bytes, chain.tools.hasher);
  if (!parsed.ok) return parsed.error;
  const verified = verifyBlock(
    bytes,
    {
      origin: chain.identity.origin,
      epoch: chain.epoch,
      firstSequence: parsed.value.header.firstSequence,
      previousHeaderHash: undefined,
      previousTimeMs: 0,
      publicKeyOf: chain.publicKeyOf,
    },
    chain.tools,
  );
  return verified.ok ? verified.value : verified.error;
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
