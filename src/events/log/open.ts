import { assert, CollectiveError, equalBytes, LIMITS } from '../../base/index.js';
import { BlockWriter } from './writing/block-writer.js';
import { readBlockBytes, readBlocks } from './reading/block-source.js';
import { createLogFiles } from './writing/create.js';
import { RECORD_BYTES_MAX } from './files/file-names.js';
import { SegmentLog, signersOf } from './event-log.js';
import { Landmarks } from './reading/landmarks.js';
import { findLog, type FoundLog } from './mending/recovery.js';
import { repairLog } from './mending/repair.js';
import { StoredLog } from './stored-log.js';
import { endBatches } from './files/small-files.js';
import { SEGMENT_HEADER_BYTES } from './files/stored-records.js';
import type { EventLog, LogOptions, LogReader, LogReadingOptions, SegmentSizes } from './types.js';
import { verifyLog } from './reading/verify-log.js';

/**
 * Makes the log of a new member and opens it. The folder's parent must exist. Errors: ALREADY_EXISTS; LOG_DAMAGED where
 * segments stand without IDENTITY; IO_FAILED.
 */
export async function createLog(options: LogOptions): Promise<EventLog> {
  const { fileSystem, directory, origin } = options;
  const [signer] = signersOf(options);
  assert(signer !== undefined, 'a new log has a key');
  await createLogFiles(fileSystem, directory, { origin, publicKey: signer.publicKey });
  return openLog(options);
}

/**
 * Opens a log for its one writer: verifies HEAD and the tail, keeps whole blocks above HEAD and erases a torn end. The caller
 * sees to it that no other process has the log open. Never creates. Errors: NOT_FOUND; LOG_DAMAGED, naming file, offset and
 * sequence; CONFIG_INVALID where there are signers and none of them has the log's key; IO_FAILED.
 */
export async function openLog(options: LogOptions): Promise<EventLog> {
  const { fileSystem, directory } = options;
  const found = await findLog(options);
  const { publicKey } = found.chain.keys.at(found.tail.sequence + 1);
  const signers = signersOf(options);
  const signer = signers.find((candidate) => equalBytes(candidate.publicKey, publicKey));
  if (signer === undefined && signers.length > 0) {
    throw new CollectiveError('CONFIG_INVALID', `The log key is not the one that signs the log in ${directory}.`, {
      next: 'Put keys/log.key of this coordinator back from a backup.',
    });
  }
  const stored = await openStored(options, found);
  if (found.batched) await endBatches(fileSystem, directory);
  return new SegmentLog(options, stored, signer);
}

/** Makes what was found durable, and goes on from there. Errors: IO_FAILED. */
export async function openStored(options: LogReadingOptions & SegmentSizes, found: FoundLog): Promise<StoredLog> {
  const { fileSystem, directory } = options;
  const { headFiles, zeroedBytes, recovery } = await repairLog(fileSystem, directory, found);
  const { chain, tail, segments } = found;
  try {
    const writer = await BlockWriter.open(writerOptions(options), tail, zeroedBytes);
    return new StoredLog({ options, chain, tail, segments, writer, headFiles, recovery });
  } catch (error) {
    await headFiles.close();
    throw error;
  }
}

export function writerOptions(options: LogReadingOptions & SegmentSizes): Parameters<typeof BlockWriter.open>[0] {
  const { fileSystem, directory } = options;
  const { segmentBytes = LIMITS.segmentBytes, segmentStepBytes = LIMITS.segmentStepBytes } = options;
  assert(
    segmentBytes <= LIMITS.segmentBytes && segmentBytes >= SEGMENT_HEADER_BYTES + RECORD_BYTES_MAX,
    'a segment holds a block',
  );
  return { fileSystem, directory, segmentBytes, segmentStepBytes, firstStepBytes: options.firstStepBytes };
}

/** Opens a log that no process writes to, and changes nothing. Errors as openLog. */
export async function openLogForReading(options: LogReadingOptions): Promise<LogReader> {
  const { chain, tail, segments } = await findLog(options);
  const { fileSystem, directory, origin } = options;
  const snapshot = { fileSystem, directory, chain, tail, segments, landmarks: new Landmarks() };
  const { epoch, sequence, headerHash } = tail;
  return {
    origin,
    publicKey: chain.keys.at(sequence + 1).publicKey,
    head: { origin, epoch, sequence, headerHash },
    headTimeMs: tail.timeMs,
    read: ({ fromSequence, toSequence, signal }) =>
      readBlocks(snapshot, { fromSequence, toSequence: toSequence ?? sequence, signal }),
    readBytes: ({ fromSequence, toSequence, signal }) =>
      readBlockBytes(snapshot, { fromSequence, toSequence: toSequence ?? sequence, signal }),
    verify: (verifyOptions) => verifyLog(options, verifyOptions),
  };
}
