import { isFileSystemError, type FileSystem } from '../../../ports/index.js';
import { NO_HASH, parseBlock, verifyBlockUnsigned, verifySignature, type LogKeys } from '../../chain/index.js';
import { placedBlocks } from './block-source.js';
import { damaged, problemOf, readingFailed } from '../damage.js';
import { KEYS_FILE, segmentFile } from '../files/file-names.js';
import { readFirstBlock } from './first-block.js';
import { readKeys } from '../files/keys-file.js';
import { Landmarks } from './landmarks.js';
import { RecordReader } from './record-reader.js';
import { blockAlone, chained, expectationOf, openSegment, type LogChain } from './segment-scan.js';
import type { Tail } from '../files/stored-records.js';

/** A log's files before it is known which keys signed them. */
export interface LogFolder {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** First sequences, ascending. */
  readonly segments: readonly number[];
  /** What HEAD names. */
  readonly tail: Tail;
}

export interface FoundKeys {
  readonly chain: LogChain;
  /** What KEYS says, or would say if it were there. */
  readonly stored: LogKeys;
  readonly notices: readonly string[];
}

/**
 * The chain with the identity key, if the first block can be read and holds. One that does not is for the verification to name:
 * until then only changes of keys cannot be checked. Errors: IO_FAILED, LOG_DAMAGED (the segment is missing).
 */
export async function rootedChain({ fileSystem, directory, segments, tail }: LogFolder, chain: LogChain): Promise<LogChain> {
  if (chain.owner !== undefined || tail.sequence === 0 || segments[0] !== 1) return chain;
  const bytes = await firstBlock(fileSystem, directory);
  if (bytes === undefined) return chain;
  const found = blockAlone({ ...chain, keys: chain.keys.upTo(1) }, bytes);
  return found.ok ? { ...chain, owner: found.value.chain.owner } : chain;
}

async function firstBlock(fileSystem: FileSystem, directory: string): Promise<Uint8Array | undefined> {
  try {
    return await readFirstBlock(fileSystem, directory);
  } catch (error) {
    throw readingFailed({ directory, file: segmentFile(1), offset: 0, sequence: 1 }, error);
  }
}

/**
 * Which keys hold, from KEYS; from the events, all of them, where KEYS cannot be used or does not know the key of the last
 * block. Errors: LOG_DAMAGED, IO_FAILED.
 */
export async function findKeys(log: LogFolder, chain: LogChain): Promise<FoundKeys> {
  const { fileSystem, directory, tail } = log;
  try {
    const stored = await readKeys(fileSystem, directory, chain.identity, chain.tools.hasher);
    if (stored.kind === 'keys') {
      if (await knowsTail(log, { ...chain, keys: stored.keys })) {
        return { chain: { ...chain, keys: stored.keys }, stored: stored.keys, notices: [] };
      }
    } else if (stored.kind === 'missing' && (tail.epoch === 1 || tail.sequence === 0) && (await knowsTail(log, chain))) {
      return { chain, stored: chain.keys, notices: [] };
    }
    const keys = await keysFromEvents(log, chain);
    const why = stored.kind === 'unreadable' ? stored.problem : 'it did not know all changes';
    const notices = [`${KEYS_FILE} could not be used (${why}) and was made anew from the events.`];
    return { chain: { ...chain, keys }, stored: chain.keys, notices };
  } catch (error) {
    throw readingFailed({ directory, file: KEYS_FILE, offset: 0, sequence: 0 }, error);
  }
}

/** Whether the block that HEAD names, if it can be read, is signed with a key that holds there. */
async function knowsTail({ fileSystem, directory, tail }: LogFolder, chain: LogChain): Promise<boolean> {
  if (tail.sequence === 0) return true;
  let bytes: Uint8Array | undefined;
  try {
    const handle = await openSegment(fileSystem, directory, tail.segment);
    try {
      const record = await new RecordReader(handle, tail.endOffset).record(tail.blockOffset);
      bytes = record.kind === 'record' ? record.block : undefined;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!isFileSystemError(error)) throw error;
    // A segment that cannot be read is named by what reads it next, with its place.
    return true;
  }
  const parsed = bytes === undefined ? undefined : parseBlock(bytes, chain.tools.hasher);
  if (parsed?.ok !== true) return true;
  const { epoch, publicKeyOf } = expectationOf(chain, parsed.value.header);
  return epoch === parsed.value.header.epoch && publicKeyOf(parsed.value.header.keyId) !== undefined;
}

/** Walks all blocks up to HEAD; the signatures checked are those of the changes, and the last one. */
export async function keysFromEvents(log: LogFolder, chain: LogChain): Promise<LogKeys> {
  const { fileSystem, directory, segments, tail } = log;
  const snapshot = { fileSystem, directory, chain, tail, segments, landmarks: new Landmarks() };
  let current: LogChain = { ...chain, keys: chain.keys.upTo(1) };
  let before = { sequence: 0, headerHash: NO_HASH, timeMs: 0 };
  for await (const { block, segment, offset } of placedBlocks(snapshot, {
    fromSequence: 1,
    toSequence: tail.sequence,
    signal: undefined,
  })) {
    const expectation = {
      ...expectationOf(current, block.header),
      firstSequence: before.sequence + 1,
      previousHeaderHash: before.headerHash,
      previousTimeMs: before.timeMs,
    };
    const place = { directory, file: segmentFile(segment), offset, sequence: block.header.firstSequence };
    const verified = verifyBlockUnsigned(block, expectation, chain.tools.hasher);
    if (!verified.ok) throw damaged(place, problemOf(verified.error));
    const next = chained(current, verified.value);
    if (!next.ok) throw damaged(place, problemOf(next.error));
    if (next.value.chain !== current || block.lastSequence >= tail.sequence) {
      const signed = verifySignature(block, expectation.publicKeyOf, chain.tools.verifier);
      if (!signed.ok) throw damaged(place, problemOf(signed.error));
    }
    current = next.value.chain;
    before = { sequence: block.lastSequence, headerHash: block.headerHash, timeMs: block.header.lastTimeMs };
  }
  return current.keys;
}
