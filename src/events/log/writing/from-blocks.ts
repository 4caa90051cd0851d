import { CollectiveError, isCollectiveError, LIMITS } from '../../../base/index.js';
import { createLogFiles } from './create.js';
import { foundingKey } from '../reading/founding.js';
import { openLog } from '../open.js';
import type { EventLog, LogOptions } from '../types.js';

/**
 * Makes a log again from its blocks, which somebody else kept, in order from the first one on; or goes on with making it after an
 * earlier try was cut short. The folder's parent must exist. Where the log key is not among the signers, all that can be done
 * with the log is to start an epoch. Errors: LOG_DAMAGED, LOG_FORKED, CANCELLED, NOT_FOUND (no block came), whatever the source
 * throws; what was taken before stays.
 */
export async function createLogFromBlocks(
  options: LogOptions,
  blocks: AsyncIterable<Uint8Array>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<EventLog> {
  let log: EventLog | undefined;
  try {
    for await (const batch of batched(blocks)) {
      if (signal?.aborted === true) throw new CollectiveError('CANCELLED', 'Making the log again was cancelled.');
      log ??= await openOrCreate(options, batch[0]);
      await log.adopt(batch);
    }
  } finally {
    await log?.close();
  }
  if (log === undefined) throw new CollectiveError('NOT_FOUND', 'There was no block to make the log from.');
  return openLog(options);
}

/** Without signers: on the way, other keys sign than in the end. */
async function openOrCreate(options: LogOptions, first: Uint8Array | undefined): Promise<EventLog> {
  const unsigned = { ...options, signer: [] };
  try {
    return await openLog(unsigned);
  } catch (error) {
    if (!isCollectiveError(error) || error.code !== 'NOT_FOUND' || first === undefined) throw error;
  }
  const publicKey = foundingKey(options, first);
  if (!publicKey.ok) throw publicKey.error;
  await createLogFiles(options.fileSystem, options.directory, { origin: options.origin, publicKey: publicKey.value });
  return openLog(unsigned);
}

/** Runs of blocks that are stored with one sync each. */
export async function* batched(blocks: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Uint8Array[], void> {
  let batch: Uint8Array[] = [];
  let bytes = 0;
  for await (const block of blocks) {
    batch.push(block);
    bytes += block.length;
    if (bytes < LIMITS.segmentStepBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
